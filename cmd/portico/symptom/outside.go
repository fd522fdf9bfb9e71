package symptom

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/portico-mcp/portico/fixtures"
	"github.com/portico-mcp/portico/simulators/upstream"
)

// withOldServer is the everyday world, and a server that speaks the transport
// of 2024-11-05 alone.
func withOldServer(st *stage) (fixtures.World, error) {
	old, err := upstream.NewLegacySSE(upstream.LegacySSEConfig{})
	if err != nil {
		return fixtures.World{}, err
	}
	st.stands(old)
	return st.with(fixtures.Server{ID: "old", Auth: fixtures.Unauthenticated, URL: st.outsider() + "/mcp"})
}

// with is the everyday world and one server more.
func (st *stage) with(s fixtures.Server) (fixtures.World, error) {
	w, err := fixtures.LoadWorld("everyday")
	w.Servers = append(w.Servers, s)
	return w, err
}

// modernize puts a server of today in the old one's place.
func modernize(ctx context.Context, st *stage) error {
	modern, err := upstream.New(upstream.Config{Name: "old", Tools: []upstream.Tool{{Name: "echo", Does: upstream.DoesEcho}}})
	if err != nil {
		return err
	}
	st.stands(modern)
	return st.do(ctx, "sync", "old")
}

// door is a server with an authorization server in front of it, both at one
// address.
type door func(*stage) (upstream.AuthorizationServerConfig, *fixtures.Client)

// byHand is an authorization server with one client, registered by hand with a
// redirect URI.
func byHand(redirect string) door {
	return func(st *stage) (upstream.AuthorizationServerConfig, *fixtures.Client) {
		c := upstream.AuthorizationServerConfig{
			Issuer: st.origin, Resource: st.origin + "/mcp", Registration: upstream.RegistrationAbsent,
			People: []upstream.Account{{Subject: st.alice.ID, Name: st.alice.Email, Password: st.alice.Password}},
			Applications: []upstream.Application{{
				ID: handMade.ID, Secret: handMade.Secret, Method: "client_secret_basic", RedirectURIs: []string{redirect},
			}},
		}
		return c, handMade
	}
}

var handMade = &fixtures.Client{ID: "portal-by-hand", Secret: "portal-by-hand-secret-71c0"}

// closed is an authorization server that registers nobody.
func closed(st *stage) (upstream.AuthorizationServerConfig, *fixtures.Client) {
	c, _ := byHand("https://elsewhere.example/")(st)
	c.Registration = upstream.RegistrationForbidden
	return c, nil
}

// withOwnAuthorizationServer is the everyday world, and a server "desk" that
// stands elsewhere, behind an authorization server of its own.
func withOwnAuthorizationServer(d door) func(*stage) (fixtures.World, error) {
	return func(st *stage) (_ fixtures.World, err error) {
		if st.alice, err = fixtures.LoadPerson("alice"); err != nil {
			return fixtures.World{}, err
		}
		st.origin = st.outsider()
		config, known := d(st)
		if err := st.protect(config); err != nil {
			return fixtures.World{}, err
		}
		return st.with(fixtures.Server{ID: "desk", Auth: fixtures.OAuth, OnBehalf: true, URL: st.origin + "/mcp", Client: known})
	}
}

// protect puts a server behind an authorization server, both at the outsider's
// address.
func (st *stage) protect(c upstream.AuthorizationServerConfig) error {
	as, err := upstream.NewAuthorizationServer(c)
	if err != nil {
		return err
	}
	desk, err := upstream.New(upstream.Config{
		Name: "desk", Guard: upstream.OAuth(as, c.Resource), Advertise: c.Issuer, Tools: []upstream.Tool{{Name: "whoami", Does: upstream.DoesWhoami}},
	})
	if err != nil {
		return err
	}
	st.stands(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/mcp" || strings.HasPrefix(r.URL.Path, "/.well-known/oauth-protected-resource") {
			desk.ServeHTTP(w, r)
			return
		}
		as.ServeHTTP(w, r)
	}))
	return nil
}

// connectsByHand is alice's browser, that opens the page of servers and presses
// what there is.
func connectsByHand(ctx context.Context, st *stage) (string, error) {
	browser, err := st.town.Browser("alice")
	if err != nil {
		return "", err
	}
	_, err = browser.Visit(ctx, st.town.Origins["access"]+"/servers", nil)
	pages := browser.Pages()
	if len(pages) == 0 {
		return "", err
	}
	last := pages[len(pages)-1]
	return fmt.Sprintf("%s (HTTP %d): %s", last.Title, last.Status, last.Text), nil
}

// allowCallback registers the portal's callback with the client that was made
// by hand.
func allowCallback(_ context.Context, st *stage) error {
	c, _ := byHand(st.town.Origins["access"] + "/servers-callback")(st)
	return st.protect(c)
}

// openRegistration lets the authorization server register whom it does not
// know.
func openRegistration(_ context.Context, st *stage) error {
	c, _ := byHand("https://elsewhere.example/")(st)
	c.Registration = upstream.RegistrationOpen
	return st.protect(c)
}
