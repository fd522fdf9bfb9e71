package probe

import (
	"slices"
	"time"
)

// Level is how bad a Finding is.
type Level string

// The levels of a Finding.
const (
	Stop Level = "stop" // it will not work behind a portal, or a part of it will not
	Warn Level = "warn" // it will not work with some clients, or not always
	Note Level = "note" // worth knowing
)

// Transport is how messages reach a server.
type Transport string

// The transports that are told apart.
const (
	StreamableHTTP Transport = "streamable http"
	LegacySSE      Transport = "legacy sse" // HTTP+SSE of MCP 2024-11-05
	NotMCP         Transport = "not mcp"    // or nothing that shows
)

// AuthKind is what a server wants from a caller.
type AuthKind string

// The kinds of Auth.
const (
	AuthNone   AuthKind = "none"   // nothing that was asked needed a credential
	AuthBearer AuthKind = "bearer" // a credential, and no word on how to get one
	AuthOAuth  AuthKind = "oauth"  // an access token; protected resource metadata says whose (RFC 9728)
)

// Auth is what was learned about signing in. What follows ResourceMetadata is
// what the documents say.
type Auth struct {
	Kind                AuthKind `json:"kind"`
	ResourceMetadata    string   `json:"resource_metadata,omitempty"`    // URL where it was found
	Resource            string   `json:"resource,omitempty"`             // as the metadata names it
	AuthorizationServer string   `json:"authorization_server,omitempty"` // issuer; the first if there are several

	Registration bool `json:"dynamic_registration"`         // RFC 7591
	Documents    bool `json:"client_id_metadata_documents"` // draft-ietf-oauth-client-id-metadata-document
	S256         bool `json:"pkce_s256"`                    // RFC 7636
	Iss          bool `json:"iss"`                          // in authorization responses, RFC 9207
}

// Finding is a Rule that a server breaks. The texts have one line each, hold no
// control characters, and no secret that the Config gave.
type Finding struct {
	Rule     string `json:"rule"` // a Rule's ID
	Level    Level  `json:"level"`
	Sentence string `json:"sentence"` // what is wrong here
	Why      string `json:"why"`      // the rule and its source
	See      string `json:"see"`      // a command that shows it; secrets stand as shell variables. Empty: nothing to ask
}

// Report is what a look found.
type Report struct {
	ID        string    `json:"id"`
	URL       string    `json:"url"` // values of its query left out
	Reachable bool      `json:"reachable"`
	Transport Transport `json:"transport"`

	Revisions  []string `json:"revisions"`  // spoken, newest first
	Negotiated string   `json:"negotiated"` // answer to initialize with 2025-11-25; empty: it has no initialize

	ServerName    string `json:"server_name"`
	ServerVersion string `json:"server_version"`

	Auth     Auth          `json:"auth"`
	Tools    int           `json:"tools"`
	Prompts  int           `json:"prompts"`
	ListTook time.Duration `json:"list_took_ns"` // all pages of the tools

	Findings []Finding `json:"findings"` // the worst first
	Passed   []string  `json:"passed"`   // IDs of the rules that were looked at and hold
	Opening  string    `json:"opening"`  // a command that opens a session, for the Findings that need one; empty: none does
}

// Has reports whether there is a Finding of a level.
func (r Report) Has(l Level) bool {
	return slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Level == l })
}

func (e *evidence) report() Report {
	r := Report{
		ID: plain(e.id), URL: shown(e.asked), Reachable: e.reachable(), Transport: e.transport(),
		Revisions: e.revisions(), Negotiated: plain(e.negotiated),
		Auth:  e.signin.auth,
		Tools: len(e.tools.items), Prompts: len(e.prompts.items), ListTook: e.tools.took,
	}
	r.ServerName, r.ServerVersion = e.identity()
	r.Findings, r.Passed = judge(e)
	if e.session != "" {
		r.Opening = e.line.curl(e.initialize)
	}
	return r
}
