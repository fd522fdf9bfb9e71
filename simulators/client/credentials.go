package client

import (
	"log/slog"
	"net/http"
	"time"
)

// Credentials are what a client holds for one MCP server. They belong to the
// authorization server that issued them (MCP 2026-07-28 Client Registration,
// "Authorization Server Binding") and are dropped when it changes.
type Credentials struct {
	Issuer   string // of the authorization server
	Resource string // the MCP server, as it publishes itself

	ClientID     string
	ClientSecret string     // empty: a public client
	Method       AuthMethod // at the token endpoint
	Known        Known      // how the client came to its id

	AccessToken  string
	RefreshToken string    // empty: none was issued
	Expiry       time.Time // of the access token; zero: not told
	Scope        string    // asked for so far, by space
}

// AuthMethod is a token_endpoint_auth_method (RFC 7591 §2).
type AuthMethod string

// The methods the client knows.
const (
	NoSecret    AuthMethod = "none"
	BasicSecret AuthMethod = "client_secret_basic"
	PostSecret  AuthMethod = "client_secret_post"
)

// Known is how an authorization server knows the client.
type Known string

// In the order in which the client prefers them (MCP 2026-07-28 Client
// Registration).
const (
	PreRegistered    Known = "pre-registered"
	MetadataDocument Known = "metadata document"
	Registered       Known = "dynamic registration"
)

// Registration is a client that somebody registered by hand. ClientID and
// Issuer are needed.
type Registration struct {
	Issuer       string // the only authorization server it is used at
	ClientID     string
	ClientSecret string     // empty: a public client
	Method       AuthMethod // empty: BasicSecret, or NoSecret without a secret
}

// ServiceToken is the pair of headers a machine enters with.
type ServiceToken struct{ ClientID, ClientSecret string }

// The headers of a service token.
const (
	headerServiceID     = "Cf-Access-Client-Id"
	headerServiceSecret = "Cf-Access-Client-Secret"
)

// authorize puts the credential on a request to the MCP endpoint and returns
// the access token it used; empty: none.
func (c *Client) authorize(h http.Header) string {
	if t := c.config.ServiceToken; t != nil {
		h.Set(headerServiceID, t.ClientID)
		h.Set(headerServiceSecret, t.ClientSecret)
		return ""
	}
	token := c.Credentials().AccessToken
	if token != "" {
		h.Set("Authorization", "Bearer "+token)
	}
	return token
}

const redacted = "[redacted]"

// String hides the credentials.
func (Credentials) String() string { return redacted }

// GoString hides the credentials.
func (Credentials) GoString() string { return redacted }

// LogValue hides the credentials.
func (Credentials) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalJSON hides the credentials.
func (Credentials) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// String hides the secret.
func (r Registration) String() string { return r.ClientID + " " + redacted }

// GoString hides the secret.
func (r Registration) GoString() string { return r.String() }

// LogValue hides the secret.
func (r Registration) LogValue() slog.Value { return slog.StringValue(r.String()) }

// MarshalJSON hides the registration.
func (Registration) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// String hides the secret.
func (t ServiceToken) String() string { return t.ClientID + " " + redacted }

// GoString hides the secret.
func (t ServiceToken) GoString() string { return t.String() }

// LogValue hides the secret.
func (t ServiceToken) LogValue() slog.Value { return slog.StringValue(t.String()) }

// MarshalJSON hides the service token.
func (ServiceToken) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }
