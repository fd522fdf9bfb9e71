package portal_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/mock"

	"github.com/portico-mcp/portico/reference/portal"
	"github.com/portico-mcp/portico/reference/portal/credential"
)

// oauth is a server that wants OAuth, of each person or of the admin.
func oauth(id string, onBehalf bool) portal.Server {
	s := server(id)
	s.Auth, s.OnBehalf = portal.OAuth, onBehalf
	return s
}

// tokens are credentials that give each owner a token that reads like the
// owner.
func tokens(t *testing.T) *MockCredentials {
	c := &MockCredentials{}
	c.EXPECT().Token(mock.Anything, mock.Anything, mock.Anything).RunAndReturn(
		func(_ ctx, owner credential.Owner, server string) (portal.Secret, error) {
			return portal.Secret(fmt.Sprintf("%s@%s", owner, server)), nil
		})
	t.Cleanup(func() { c.AssertExpectations(t) })
	return c
}

func with(c portal.Credentials) func(*portal.Config) {
	return func(pc *portal.Config) { pc.Credentials = c }
}

func TestWhoseCredentialGoesWhere(t *testing.T) {
	bearer, headers := server("tickets"), server("ledger")
	bearer.Auth, bearer.Bearer = portal.Bearer, "static-1"
	headers.Auth, headers.Bearer = portal.Bearer, `{"headers":{"X-Api-Key":"k","X-Tenant":"town"}}`
	inEveryCombination(t, func(t *testing.T, front, back string) {
		n := newTown()
		for _, id := range []string{"wiki", "tickets", "ledger", "mail", "archive"} {
			n.serve(id+".example", &peer{revision: back, tools: tools("x")})
		}
		synced(t, n, with(tokens(t)), server("wiki"), bearer, headers, oauth("mail", true), oauth("archive", false))
		for _, c := range []struct{ who, tool, want string }{
			{"alice", "wiki_x", "||"},
			{"alice", "tickets_x", "Bearer static-1||"},
			{"bob", "tickets_x", "Bearer static-1||"},
			{"alice", "ledger_x", "|k|town"},
			{"alice", "mail_x", "Bearer person:a-1@mail||"},
			{"bob", "mail_x", "Bearer person:b-1@mail||"},
			{"alice", "archive_x", "Bearer admin@archive||"},
			{"bob", "archive_x", "Bearer admin@archive||"},
			{"robot", "archive_x", "Bearer admin@archive||"},
			{"robot", "tickets_x", "Bearer static-1||"},
		} {
			n.forget()
			if r := connect(t, n, c.who, front).call(c.tool, `{}`); r.status != http.StatusOK || !strings.Contains(r.body, `"result"`) {
				t.Errorf("%s calls %s: %d %s", c.who, c.tool, r.status, r.body)
			}
			host := strings.TrimSuffix(c.tool, "_x") + ".example"
			if len(n.to(host)) == 0 {
				t.Errorf("%s: nothing was sent", c.tool)
			}
			for _, s := range n.to(host) {
				got := s.header.Get("Authorization") + "|" + s.header.Get("X-Api-Key") + "|" + s.header.Get("X-Tenant")
				if got != c.want {
					t.Errorf("%s calls %s with %q, want %q", c.who, c.tool, got, c.want)
				}
			}
		}
	})
}

// What a service may not call it does not see, and the server hears of neither.
// accepts refuses every credential but one.
func accepts(token string) func(string) bool {
	return func(authorization string) bool { return authorization != "Bearer "+token }
}

// unauthorized is what a client is told of a credential that a server does not
// take: never an HTTP 401, and where to go.

// A conversation that was opened with another authorization, perhaps as
// somebody else, is not used with the new one.
func TestANewAuthorizationBeginsANewConversation(t *testing.T) {
	n := newTown()
	mail := &peer{revision: stateful, tools: tools("send")}
	n.serve("mail.example", mail)
	consents := NewMockConsents(t)
	consents.EXPECT().Finish(mock.Anything, alice, mock.Anything).Return(credential.Finished{Server: "mail"}, nil).Once()
	credentials := tokens(t)
	synced(t, n, func(c *portal.Config) { c.Credentials, c.Consents = credentials, consents }, oauth("mail", true))
	hers, bobs := connect(t, n, "alice", stateful), connect(t, n, "bob", stateful)
	for _, c := range []*client{hers, bobs} {
		c.call("mail_send", `{}`)
	}
	before := mail.sessions

	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://portal.internal.example/servers-callback?state=s&code=c", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Cf-Access-Jwt-Assertion", "alice")
	resp, err := n.dial("browser").Do(r)
	if err != nil || resp.StatusCode != http.StatusSeeOther {
		t.Fatalf("%v, %v", resp, err)
	}
	for _, c := range []*client{hers, bobs} {
		c.call("mail_send", `{}`)
	}

	if opened := mail.sessions - before; opened != 1 {
		t.Errorf("%d conversations were opened", opened)
	}
	ended := mail.heard("DELETE")
	if len(ended) != 2 || ended[1].header.Get("Authorization") != "Bearer person:a-1@mail" { // the first is the sync's
		t.Errorf("ended: %+v", ended)
	}
}
