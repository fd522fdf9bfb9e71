// Package live is a town one lives in: the reference portal and everything it
// meets on this machine, with hands on it. It opens the town, keeps what must
// outlive it in a folder, and serves the control port: what was seen, what can
// be done, and a page with both.
package live

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/portico-mcp/portico/fixtures"
	"github.com/portico-mcp/portico/reference/access"
	"github.com/portico-mcp/portico/scenarios/target/inprocess"
	"github.com/portico-mcp/portico/scenarios/target/town"
	"github.com/portico-mcp/portico/simulators/client"
	"github.com/portico-mcp/portico/simulators/network"
	"github.com/portico-mcp/portico/simulators/trace"
)

// Config says which town is opened and where it is found.
type Config struct {
	World    fixtures.World
	Revision string  // the only one servers speak; empty: both
	Folder   *Folder // what outlives the town; nil: nothing does

	FirstPort int  // of the parties, in a fixed order; 0: free ports
	TLS       bool // every origin is https, signed by the folder's authority
	Listen    string
	Advertise string
	Public    map[trace.Party]string // see network.LoopbackConfig

	// Keep is how much of the past is kept, the newest of it; zero: 20,000
	// exchanges, and 128 MiB of bodies.
	Keep network.Bound

	Log *slog.Logger // nil: nobody hears
}

var keep = network.Bound{Exchanges: 20_000, Bytes: 128 << 20}

// Town is a town that is open.
type Town struct {
	*town.Town
	Token     string           // bearer of the control port
	Authority *tls.Certificate // signs the town's certificates; nil: plain http

	admin town.Administrator // its requests are seen, as an admin's
	aside town.Administrator // its requests are not: for who only looks

	temporary string // a file to take away; "": none

	judge *judge // holds the rules over traces against what is seen

	naming sync.Mutex
	names  *trace.Namer

	mu      sync.Mutex
	clients map[string]*client.Client // of the people who call from here, by person and revision
}

// Open opens a town. It returns when the portal has asked every server of ours
// once. Errors name what could not be had: a port, the folder, a document of it.
func Open(ctx context.Context, c Config) (*Town, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	c.prepare()
	authority, err := c.authority()
	if err != nil {
		return nil, c.Folder.blame(err)
	}
	n := network.Loopback(network.LoopbackConfig{
		Ports: ports(c.World, c.FirstPort), Listen: c.Listen, Advertise: c.Advertise, Public: c.Public,
		Authority: authority, Plain: !c.TLS, Keep: cmp.Or(c.Keep, keep),
	})
	built, err := inprocess.OpenOn(ctx, town.Config{Network: n, World: c.World, Revision: c.Revision, Keep: c.Folder.keep()}, c.Log)
	if err != nil {
		return nil, c.Folder.blame(err)
	}
	t := &Town{Town: built, Token: rand.Text(), Authority: authority, names: trace.NewNamer(trace.Letters), clients: map[string]*client.Client{}}
	if !c.TLS {
		t.Authority = nil
	}
	dial, err := built.Client(trace.Party(c.World.Admin), trace.Client)
	if err != nil {
		built.Close()
		return nil, err
	}
	t.admin = town.Administrator{Admin: built.Admin, HTTP: dial}
	t.aside = town.Administrator{Admin: built.Admin, HTTP: n.Unseen()}
	t.judge = judging(n, t.lettered)
	return t, nil
}

// prepare begins to make the front door's key while the neighbours make theirs,
// unless one is kept: a key takes longer than all the rest.
func (c Config) prepare() {
	if c.Folder != nil {
		if kept, err := c.Folder.Document(inprocess.KeyDocument).Load(); err == nil && kept != nil {
			return
		}
	}
	go func() { _, _ = access.DefaultKey() }()
}

// authority is what signs the town's certificates: with TLS, and inside the
// machine where a public origin is https.
func (c Config) authority() (*tls.Certificate, error) {
	needed := c.TLS
	for _, origin := range c.Public {
		needed = needed || strings.HasPrefix(origin, "https://")
	}
	if !needed {
		return nil, nil
	}
	const name = "Portico town authority (for tests on this machine)"
	if c.Folder == nil {
		return network.NewAuthority(name)
	}
	return town.KeptAuthority(c.Folder.Document("authority.pem"), name)
}

// ports numbers the town's parties from the first port on, always in the same
// order; nil takes free ones.
func ports(w fixtures.World, first int) network.Ports {
	if first == 0 {
		return nil
	}
	numbered := network.Ports{}
	for i, p := range Parties(w) {
		numbered[p] = first + i
	}
	return numbered
}

// Parties are those of a world that listen, in the order of their ports.
func Parties(w fixtures.World) []trace.Party {
	parties := []trace.Party{"access", "portal", "admin", "idp", "gateway"}
	for _, s := range w.Servers {
		if s.URL != "" {
			continue
		}
		parties = append(parties, trace.Party(s.ID))
		if s.Auth == fixtures.OAuth {
			parties = append(parties, trace.Party(s.ID+"-as"))
		}
	}
	return parties
}

// person finds somebody of the town by the name stories use.
func (t *Town) person(id string) (fixtures.Person, error) {
	var known []string
	for _, p := range t.People {
		if p.ID == id {
			return p, nil
		}
		known = append(known, p.ID)
	}
	return fixtures.Person{}, fmt.Errorf("%w: nobody here is called %q; there are %s", ErrUsage, id, strings.Join(known, ", "))
}

// ShowAuthority leaves the certificate of the authority that signs the town's
// where clients can be pointed at it, and says where; empty: the town speaks
// plain http.
func (t *Town) ShowAuthority(f *Folder) (path string, err error) {
	if t.Authority == nil {
		return "", nil
	}
	text := town.CertificatePEM(t.Authority)
	if f == nil {
		path = filepath.Join(os.TempDir(), "portico-ca-"+t.Token[:8]+".pem")
		t.temporary = path
		return path, os.WriteFile(path, text, 0o644)
	}
	path, err = filepath.Abs(filepath.Join(f.path, "ca.pem"))
	if err != nil {
		return "", err
	}
	return path, f.write("ca.pem", text)
}

// Authorization begins the admin's authorization at a server and gives the
// address to open in a browser.
func (t *Town) Authorization(ctx context.Context, server string) (string, error) {
	return t.admin.Authorization(ctx, server)
}

// Close takes the town down; nothing is left listening, running or lying about.
func (t *Town) Close() {
	t.judge.stop()
	t.Town.Close()
	if t.temporary != "" {
		_ = os.Remove(t.temporary)
	}
}
