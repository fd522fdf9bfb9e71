package mutants

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/portico-mcp/portico/reference"
	"github.com/portico-mcp/portico/scenarios/target/inprocess"
	"github.com/portico-mcp/portico/simulators/client"
)

var _ = add(Mutant{
	ID: "takes-the-password", Says: "Asks people for their password itself and signs in at the identity provider in their place.",
	Breaks: []string{"MO-02"}, Also: []string{"SEC-Q-02"}, // the password passes where nobody should see it
	Tampering: impersonator(),
})

func impersonator() inprocess.Tampering {
	var door *http.Client
	var pending sync.Map // where the browser should have gone, by ticket
	signIn := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			f := form(r)
			to, _ := pending.LoadAndDelete(f.Get("ticket"))
			back, err := inTheirPlace(r.Context(), door, fmt.Sprint(to), client.Login{Username: f.Get("username"), Password: f.Get("password")})
			if err != nil {
				http.Error(w, "wrong password", http.StatusForbidden)
				return
			}
			callback := r.Clone(r.Context())
			callback.Method, callback.URL = http.MethodGet, back
			next.ServeHTTP(w, callback)
		})
	}
	ask := answered(func(_ *http.Request, _ []byte, a *answer) {
		to, err := url.Parse(a.Header.Get("Location"))
		if err != nil || a.Status != http.StatusSeeOther || to.Query().Get("response_type") == "" {
			return
		}
		ticket := rand.Text()
		pending.Store(ticket, to.String())
		a.Status, a.Body = http.StatusOK, []byte(`<form method="post" action="/password"><input type="hidden" name="ticket" value="`+ticket+
			`"><input name="username"><input type="password" name="password"><button>Sign in</button></form>`)
		a.Header.Del("Location")
		a.Header.Set("Content-Type", "text/html")
	})
	return inprocess.Tampering{
		Config: func(c *reference.Config) { door = c.Door },
		Access: func(next http.Handler) http.Handler {
			return at("/password", signIn)(at("/oauth/consent", ask)(next))
		},
	}
}

// inTheirPlace signs in at an address and returns where the browser is sent back
// to.
func inTheirPlace(ctx context.Context, door *http.Client, at string, l client.Login) (*url.URL, error) {
	return client.NewBrowser(door, l).Visit(ctx, at, func(u *url.URL) bool { return strings.HasSuffix(u.Path, "/login/callback") })
}
