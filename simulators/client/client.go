// Package client is an MCP client with a browser at hand: it signs in without a
// human and keeps to the letter of what the specifications ask of a client.
//
// The layer that speaks MCP is written here, over HTTP, on raw JSON. mcp-go's
// client hides what this one must see: it takes every 404 for a lost session,
// accepts result types it does not know, drops members when it decodes a tool,
// sends nothing before it has a token and so never meets the challenge, does not
// look for protected resource metadata at the root, cannot check iss, registers
// without application_type, reuses a client id at another authorization server,
// and refreshes only by its own clock. Here an answer that breaks a rule is a
// *ViolationError with the rule and its source, and the bytes stay within reach.
//
// A Client is a person's program and holds the Credentials; a Session is one
// connection of it. Both may be used by several goroutines at once.
package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"net/http"
	"sync"
	"time"
)

// The revisions of the Model Context Protocol that differ in shape.
const (
	Stateful  = "2025-11-25" // initialize, and a session
	Stateless = "2026-07-28" // every request stands alone
)

// Config describes a Client. Only Endpoint is needed.
type Config struct {
	// Endpoint is the URL of the MCP endpoint.
	Endpoint string
	// Revision is the one the client insists on; empty: Stateless.
	Revision string
	// Name is how the client introduces itself; empty: "portico".
	Name string
	// HTTP sends what is not the browser's; nil: http.DefaultClient. Its
	// cookies and its way with redirects are not used: redirects are answers.
	HTTP *http.Client
	// Browser signs the person in; nil: a challenge is an error.
	Browser *Browser
	// ServiceToken goes on every request in place of OAuth; nil: none.
	ServiceToken *ServiceToken
	// Registration is a client registered by hand; nil: none.
	Registration *Registration
	// MetadataURL is the https URL of the client's metadata document, its
	// client id where the authorization server takes those; empty: none.
	MetadataURL string
	// RedirectURI is where the browser is sent back to; nobody listens there.
	// Empty: http://127.0.0.1, at a port that follows from Name, /callback.
	RedirectURI string
	// Credentials are what the client remembers of earlier; nil: nothing.
	Credentials *Credentials
	// Capabilities is the JSON object the client declares; nil: {}.
	Capabilities json.RawMessage
	// NoRefresh hands a 401 or 403 to the caller though the client could help
	// itself.
	NoRefresh bool
	// Timeout bounds each request, progress or not; 0: two minutes.
	Timeout time.Duration
}

// Client is an MCP client of one person, or of one machine.
type Client struct {
	config Config
	http   *http.Client

	mu          sync.Mutex // never held while something is sent
	credentials Credentials
	server      *serverMetadata // of the authorization server; nil: not discovered yet
	renewing    *renewal        // the one refresh under way; nil: none
}

// New makes a client. Nothing is sent before Connect.
func New(config Config) *Client {
	c := &Client{config: config.complete()}
	once := *c.config.HTTP
	once.Jar = nil
	once.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	once.Timeout = c.config.Timeout // a portal may drip its answer for ever
	c.http = &once
	if config.Credentials != nil {
		c.credentials = *config.Credentials
	}
	return c
}

func (c Config) complete() Config {
	if c.Revision == "" {
		c.Revision = Stateless
	}
	if c.Name == "" {
		c.Name = "portico"
	}
	if c.HTTP == nil {
		c.HTTP = http.DefaultClient
	}
	if c.RedirectURI == "" {
		c.RedirectURI = fmt.Sprintf("http://127.0.0.1:%d/callback", portOf(c.Name))
	}
	if c.Capabilities == nil {
		c.Capabilities = json.RawMessage("{}")
	}
	if c.Timeout == 0 {
		c.Timeout = 2 * time.Minute
	}
	return c
}

// portOf picks a port of the dynamic range (RFC 6335 §6). It follows from the
// name, so that what is recorded of two runs is the same.
func portOf(name string) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(name)) // a hash takes everything
	return 49152 + int(h.Sum32()%16384)
}

// Credentials is a copy of what the client holds now.
func (c *Client) Credentials() Credentials {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.credentials
}

// RedirectURI is where the client asks to have the browser sent back to.
func (c *Client) RedirectURI() string { return c.config.RedirectURI }

// Connect opens a session. The first request goes out with whatever credential
// the client holds, none at first; if it is answered 401, the client signs in
// with its browser and tries once more.
//
// Errors are *HTTPError, *RPCError, *ViolationError, *OAuthError (the
// authorization server refused) and *StuckError (the browser got no further),
// wrapped.
func (c *Client) Connect(ctx context.Context) (*Session, error) {
	s := newSession(c)
	err := s.open(ctx)
	var refused *HTTPError
	if errors.As(err, &refused) && refused.Status == http.StatusUnauthorized && c.canSignIn() {
		if err := c.signIn(ctx, refused); err != nil {
			return nil, fmt.Errorf("sign in to %s: %w", c.config.Endpoint, err)
		}
		s = newSession(c)
		err = s.open(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", c.config.Endpoint, err)
	}
	return s, nil
}

func (c *Client) canSignIn() bool { return c.config.ServiceToken == nil && c.config.Browser != nil }
