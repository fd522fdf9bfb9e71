package upstream

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"slices"
	"strings"
)

// Guard decides who may call a server. One that is also an http.Handler is
// asked for the documents below /.well-known/.
type Guard interface {
	// Admit says whose credential a request carries, or why it is refused.
	Admit(r *http.Request) (Caller, *Refusal)
}

// Caller is whose credential a request carries. Sessions belong to one.
type Caller struct {
	Subject string // "nobody" without a credential, "static" with one that names no person
	Client  string // OAuth: the client id; else empty
}

// carried finds a credential that a guard did not ask for. Whatever forwards
// the credentials of one hop to the next is found out by it.
func carried(h http.Header, expected ...string) string {
	for name := range h {
		credential := name == "Authorization" || name == "Cookie" || name == "Proxy-Authorization" ||
			strings.HasPrefix(name, "Cf-Access-")
		if credential && !slices.Contains(expected, name) {
			return name
		}
	}
	return ""
}

// leaked refuses a credential that was not asked for.
func leaked(name string) *Refusal {
	return badRequest("this server asked for no " + name + " header: a credential has leaked to it")
}

// equal takes the same time whatever differs, lengths included.
func equal(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}
