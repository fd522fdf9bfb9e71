package portal

import (
	"context"
	"errors"
	"net/http"

	"github.com/portico-mcp/portico/reference/portal/assertion"
	"github.com/portico-mcp/portico/reference/portal/credential"
)

// Identifier says whom an application token speaks for.
type Identifier interface {
	Verify(ctx context.Context, token string) (assertion.Identity, error)
}

// caller is who sent a request.
type caller struct{ assertion.Identity }

// who is the one name of a person or service inside the portal. The prefix
// keeps a service apart from a person whose subject reads the same.
func (c caller) who() string {
	if c.isService() {
		return "service:" + c.Service
	}
	return string(c.person())
}

func (c caller) isService() bool { return c.Service != "" }

func (c caller) person() credential.Owner { return credential.Person(c.Subject) }

var errTwoTokens = errors.New("more than one application token")

// identify reads who asks. Nothing else in a request says anything about that:
// not a session id, not a cookie.
func (p *Portal) identify(r *http.Request) (caller, error) {
	tokens := r.Header[assertion.Header]
	if len(tokens) > 1 {
		return caller{}, errTwoTokens
	}
	identity, err := p.identifier.Verify(r.Context(), r.Header.Get(assertion.Header))
	if err != nil {
		return caller{}, err
	}
	if identity.Subject == "" && identity.Service == "" {
		return caller{}, assertion.ErrInvalid
	}
	return caller{identity}, nil
}

// turnAway answers a request of nobody. A token that could not be checked, for
// want of keys, is our trouble and not the sender's.
func (p *Portal) turnAway(w http.ResponseWriter, err error) {
	if errors.Is(err, assertion.ErrUnavailable) {
		p.log.Error("application token not checked", "error", err)
		writeJSON(w, http.StatusServiceUnavailable, []byte(`{"error":"the application token cannot be checked now"}`))
		return
	}
	w.Header().Set("WWW-Authenticate", `Bearer resource_metadata="`+p.origin+`/.well-known/oauth-protected-resource/mcp"`)
	writeJSON(w, http.StatusUnauthorized, []byte(`{"error":"no valid application token"}`))
}

func writeJSON(w http.ResponseWriter, status int, body []byte) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
