package command

import (
	"errors"
	"io/fs"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/portico-mcp/portico/cmd/portico/live"
	"github.com/portico-mcp/portico/fixtures"
	"github.com/portico-mcp/portico/simulators/trace"
)

// read makes a town's configuration of the flags. Every error is one of usage.
func (o upOptions) read() (live.Config, error) {
	if err := o.checkFlags(); err != nil {
		return live.Config{}, err
	}
	world, err := o.readWorld()
	if err != nil {
		return live.Config{}, err
	}
	for _, text := range o.upstreams {
		s, err := readUpstream(text)
		if err != nil {
			return live.Config{}, usage("--upstream %s: %w", text, err)
		}
		world.Servers = append(world.Servers, s)
	}
	if err := world.Check(); err != nil {
		return live.Config{}, usage("%w", err)
	}
	c := live.Config{
		World: world, Revision: o.revision, FirstPort: o.port, TLS: o.tls, Listen: o.listen, Advertise: o.advertise,
	}
	c.Public, err = o.readPublic(world)
	return c, err
}

func (o upOptions) readWorld() (fixtures.World, error) {
	if o.config == "" {
		world, err := fixtures.LoadWorld(o.world)
		if err != nil {
			return world, usage("%w%s", err, didYouMean(nearest(o.world, fixtures.Worlds())))
		}
		return world, nil
	}
	world, err := fixtures.ReadWorld(o.config)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return world, usage("--config %s: there is no such file", o.config)
	case err != nil:
		return world, usage("%w", err)
	}
	return world, nil
}

// readUpstream reads ID=URL and what follows after commas.
func readUpstream(text string) (fixtures.Server, error) {
	head, options, _ := strings.Cut(text, ",")
	id, address, ok := strings.Cut(head, "=")
	u, err := url.Parse(address)
	if !ok || id == "" || err != nil || u.Host == "" {
		return fixtures.Server{}, errors.New("it is ID=URL, as in mine=http://localhost:3000/mcp")
	}
	s := fixtures.Server{ID: id, URL: address, Auth: fixtures.Unauthenticated}
	if options == "" {
		return s, nil
	}
	for option := range strings.SplitSeq(options, ",") {
		if err := readOption(&s, option); err != nil {
			return fixtures.Server{}, err
		}
	}
	return s, nil
}

func readOption(s *fixtures.Server, option string) error {
	name, value, _ := strings.Cut(option, "=")
	if variable, ok := strings.CutSuffix(name, "-env"); ok {
		name = variable
		if variable = value; os.Getenv(variable) == "" {
			return errors.New("the environment has no " + variable)
		}
		value = os.Getenv(variable)
	}
	if s.Client == nil && strings.HasPrefix(name, "client-") {
		s.Auth, s.OnBehalf, s.Client = fixtures.OAuth, true, &fixtures.Client{}
	}
	switch name {
	case "bearer":
		s.Auth, s.Credential = fixtures.Bearer, value
	case "oauth":
		s.Auth, s.OnBehalf = fixtures.OAuth, true
	case "oauth-shared":
		s.Auth, s.OnBehalf = fixtures.OAuth, false
	case "client-id":
		s.Client.ID = value
	case "client-secret":
		s.Client.Secret = value
	default:
		return errors.New("there is no option " + name + "; there are bearer=, bearer-env=, oauth, oauth-shared, client-id= and client-secret-env=")
	}
	return nil
}

// readPublic reads the public origins, a bare one being the front door's.
func (o upOptions) readPublic(w fixtures.World) (map[trace.Party]string, error) {
	public := map[trace.Party]string{}
	for _, text := range o.public {
		party, origin, ok := strings.Cut(text, "=")
		if !ok || strings.Contains(party, "/") {
			party, origin = "access", text
		}
		u, err := url.Parse(strings.TrimSuffix(origin, "/"))
		if err != nil || u.Host == "" || u.Path != "" || u.Scheme != "https" && u.Scheme != "http" {
			return nil, usage("--public-url %s: it is an origin, as in https://town.example, without a path", text)
		}
		if known := live.Parties(w); !slices.Contains(known, trace.Party(party)) {
			return nil, usage("--public-url %s: there is no party %q; there are %v", text, party, known)
		}
		public[trace.Party(party)] = u.String()
	}
	return public, nil
}
