// Package snippet tells the usual MCP clients of an endpoint: into which file,
// or with which command, and what exactly. The clients are data, clients.yaml;
// whatever is filled in is written as the file's format wants it.
package snippet

import (
	_ "embed"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"text/template"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
)

//go:embed clients.yaml
var data []byte

// Client is a program, or a library, that can be told of an MCP endpoint.
type Client struct {
	ID      string  `yaml:"id"`
	Name    string  `yaml:"name"`
	Is      string  `yaml:"is"` // a sentence
	Where   []Place `yaml:"where"`
	Format  Format  `yaml:"format"`
	OAuth   bool    `yaml:"oauth"`  // it finds the authorization server and signs in by itself
	Bridge  bool    `yaml:"bridge"` // it needs mcp-remote, which signs in for it
	Trust   Trust   `yaml:"trust"`
	Then    string  `yaml:"then"`    // what a person does next; may be empty
	Source  string  `yaml:"source"`  // the page of its documentation
	Checked string  `yaml:"checked"` // when the page was read, a date; empty: never
	Snippet string  `yaml:"snippet"` // a text/template over values
}

// Place is where a snippet goes.
type Place struct {
	For string `yaml:"for"` // an operating system, or a scope
	Put string `yaml:"put"` // a file, or where to type
}

// Trust is how a client comes to trust a certificate authority of one's own.
type Trust string

// The ways to trust.
const (
	TrustSnippet Trust = "snippet" // the snippet says it
	TrustNode    Trust = "node"    // Node.js: NODE_EXTRA_CA_CERTS where the client starts
	TrustSystem  Trust = "system"  // the operating system's own list
)

// Endpoint is an MCP server as a client sees it.
type Endpoint struct {
	Name string // what the client calls it; empty: "portico"
	URL  string // absolute, http or https
	CA   string // file with the certificate authority of URL; empty: one that everybody trusts, or plain http
}

// ErrUnknown is returned for a client that is not listed; the message names
// those it could have been.
var ErrUnknown = errors.New("no such client")

// ErrEndpoint is returned for an endpoint that no client could be told of.
var ErrEndpoint = errors.New("not an endpoint")

// Clients is all clients, sorted by id.
func Clients() []Client { return slices.Clone(clients()) }

// clients reads the data once. It is embedded and tested, so that an error is
// a fault of the program.
var clients = sync.OnceValue(func() []Client {
	var all []Client
	if err := yaml.UnmarshalWithOptions(data, &all, yaml.Strict()); err != nil {
		panic("clients.yaml: " + yaml.FormatError(err, false, true))
	}
	slices.SortFunc(all, func(a, b Client) int { return strings.Compare(a.ID, b.ID) })
	return all
})

// Find is the client with this id, however it is spelt: "VS Code" is vscode.
// The error is an ErrUnknown that names the clients with such a name in
// theirs, or else all.
func Find(id string) (Client, error) {
	wanted := spelt(id)
	var like, all []string
	for _, c := range clients() {
		known := spelt(c.ID)
		if wanted == known {
			return c, nil
		}
		if len(wanted) > 2 && (strings.Contains(known, wanted) || strings.Contains(wanted, known)) {
			like = append(like, c.ID)
		}
		all = append(all, c.ID)
	}
	if len(like) == 0 {
		like = all
	}
	return Client{}, fmt.Errorf("%w: %q; there are %s", ErrUnknown, id, strings.Join(like, ", "))
}

// spelt is a name without case, spaces and signs.
func spelt(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
}

// values is what a snippet can name. All but Token and Plain are whole literals
// of the snippet's format, quotes included: a template adds none.
type values struct {
	Name  string
	Key   string // Name where the format has keys without quotes
	URL   string
	CA    string // empty if there is none
	Token string // where a person's token goes; never a token
	Plain bool   // the URL is plain http
}

// Render is the snippet for an endpoint. The error is an ErrEndpoint, or says
// what is wrong with the client's template.
func (c Client) Render(e Endpoint) (string, error) {
	e.Name = e.named()
	u, err := e.check()
	if err != nil {
		return "", err
	}
	write, err := c.Format.writer()
	if err != nil {
		return "", fmt.Errorf("client %q: %w", c.ID, err)
	}
	v := values{
		Name: write.literal(e.Name), Key: write.key(e.Name), URL: write.literal(e.URL),
		Token: write.token, Plain: u.Scheme == "http",
	}
	if e.CA != "" {
		v.CA = write.literal(e.CA)
	}
	t, err := template.New(c.ID).Parse(c.Snippet)
	if err != nil {
		return "", fmt.Errorf("client %q: %w", c.ID, err)
	}
	var out strings.Builder
	if err := t.Execute(&out, v); err != nil {
		return "", fmt.Errorf("client %q: %w", c.ID, err)
	}
	return out.String(), nil
}

// ToTrust is what is left to do, beside the snippet, before the client trusts
// the endpoint's certificate: a sentence, or nothing.
func (c Client) ToTrust(e Endpoint) string {
	switch {
	case e.CA == "" || c.Trust == TrustSnippet:
		return ""
	case c.Trust == TrustNode:
		return "It must start with NODE_EXTRA_CA_CERTS=" + quoteShell(e.CA) + " in its environment."
	default:
		return "The certificate authority in " + e.CA + " must be among those the system trusts."
	}
}

func (e Endpoint) named() string {
	if e.Name == "" {
		return "portico"
	}
	return e.Name
}

// check refuses what could not be written in every format, or would be read as
// an option of a command.
func (e Endpoint) check() (*url.URL, error) {
	for _, s := range []string{e.Name, e.URL, e.CA} {
		if !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
			return nil, fmt.Errorf("%w: %q has characters that cannot be written", ErrEndpoint, s)
		}
	}
	if strings.HasPrefix(e.Name, "-") {
		return nil, fmt.Errorf("%w: the name %q would be an option", ErrEndpoint, e.Name)
	}
	u, err := url.Parse(e.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("%w: %q is no absolute http or https URL", ErrEndpoint, e.URL)
	}
	return u, nil
}
