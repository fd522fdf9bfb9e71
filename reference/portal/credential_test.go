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
func TestAServiceHasNoPersonsCredential(t *testing.T) {
	for _, rev := range eras {
		t.Run(rev, func(t *testing.T) {
			n := newTown()
			n.serve("mail.example", &peer{tools: tools("send"), prompts: `{"name":"reply"}`})
			n.serve("archive.example", &peer{tools: tools("find"), prompts: `{"name":"sum"}`})
			synced(t, n, with(tokens(t)), oauth("mail", true), oauth("archive", false))
			robot, alice := connect(t, n, "robot", rev), connect(t, n, "alice", rev)
			for _, method := range []string{"tools/list", "prompts/list"} {
				if r := robot.ask(method, "", ""); strings.Contains(r.body, "mail_") || !strings.Contains(r.body, "archive_") {
					t.Errorf("%s for the service: %s", method, r.body)
				}
				if r := alice.ask(method, "", ""); !strings.Contains(r.body, "mail_") || !strings.Contains(r.body, "archive_") {
					t.Errorf("%s for alice: %s", method, r.body)
				}
			}
			if r := robot.call("mail_send", `{}`); !strings.Contains(r.body, `"code":-32602`) {
				t.Errorf("the call: %d %s", r.status, r.body)
			}
			if r := robot.ask("prompts/get", `"name":"mail_reply"`, "mail_reply"); !strings.Contains(r.body, `"code":-32602`) {
				t.Errorf("the prompt: %d %s", r.status, r.body)
			}
			if to := n.to("mail.example"); len(to) > 0 {
				t.Errorf("the server heard %+v", to)
			}
		})
	}
}

// accepts refuses every credential but one.
func accepts(token string) func(string) bool {
	return func(authorization string) bool { return authorization != "Bearer "+token }
}

func TestARefusedTokenIsReplacedOnce(t *testing.T) {
	inEveryCombination(t, func(t *testing.T, front, back string) {
		n := newTown()
		mail := &peer{revision: back, tools: tools("send")}
		n.serve("mail.example", mail)
		c := &MockCredentials{}
		defer c.AssertExpectations(t)
		c.EXPECT().Token(mock.Anything, credential.Admin, "mail").Return("admin", nil)
		c.EXPECT().Token(mock.Anything, credential.Person("a-1"), "mail").Return("old", nil).Once()
		c.EXPECT().Rejected(credential.Person("a-1"), "mail", portal.Secret("old")).Once()
		c.EXPECT().Token(mock.Anything, credential.Person("a-1"), "mail").Return("new", nil).Once()
		synced(t, n, with(c), oauth("mail", true))
		mail.refuses = accepts("new")

		r := connect(t, n, "alice", front).call("mail_send", `{}`)

		if !strings.Contains(r.body, `send as Bearer new`) || len(mail.heard("tools/call")) != 1 {
			t.Errorf("%d %s", r.status, r.body)
		}
	})
}

// unauthorized is what a client is told of a credential that a server does not
// take: never an HTTP 401, and where to go.
func unauthorized(t *testing.T, r reply, address string) {
	t.Helper()
	if r.status != http.StatusOK || r.header.Get("WWW-Authenticate") != "" || strings.Contains(r.body, "trap.example") {
		t.Errorf("%d %v %s", r.status, r.header, r.body)
	}
	if !strings.Contains(r.body, `"isError":true`) || !strings.Contains(r.body, "unauthorized") || !strings.Contains(r.body, address) {
		t.Errorf("the result does not lead anywhere: %s", r.body)
	}
}

func TestAServersRefusalIsAToolsError(t *testing.T) {
	for _, rev := range eras {
		t.Run(rev, func(t *testing.T) {
			n := newTown()
			mail, tickets, archive := &peer{tools: tools("x"), prompts: `{"name":"p"}`}, &peer{tools: tools("x")}, &peer{tools: tools("x")}
			n.serve("mail.example", mail)
			n.serve("tickets.example", tickets)
			n.serve("archive.example", archive)
			c := tokens(t)
			c.EXPECT().Rejected(mock.Anything, mock.Anything, mock.Anything).Return()
			static := server("tickets")
			static.Auth, static.Bearer = portal.Bearer, "static-1"
			synced(t, n, with(c), oauth("mail", true), oauth("archive", false), static)
			mail.refuses, tickets.refuses, archive.refuses = accepts(""), accepts(""), accepts("")
			alice := connect(t, n, "alice", rev)

			unauthorized(t, alice.call("mail_x", `{}`), origin+"/servers")
			unauthorized(t, alice.call("archive_x", `{}`), "administrator")
			unauthorized(t, alice.call("tickets_x", `{}`), "administrator")
			r := alice.ask("prompts/get", `"name":"mail_p"`, "mail_p")
			if r.status != http.StatusOK || !strings.Contains(r.body, `"code":-32603,"message":"unauthorized:`) || !strings.Contains(r.body, origin+"/servers") {
				t.Errorf("prompt: %d %s", r.status, r.body)
			}
		})
	}
}

func TestMissingScopesAreLearntFromTheChallenge(t *testing.T) {
	n := newTown()
	challenge := `Bearer error="insufficient_scope", scope="mail.write"`
	n.serve("mail.example", &peer{tools: tools("x"), does: map[string]func(http.ResponseWriter, *http.Request, call){
		"tools/call": func(w http.ResponseWriter, _ *http.Request, _ call) {
			w.Header().Set("WWW-Authenticate", challenge)
			w.WriteHeader(http.StatusForbidden)
		},
	}})
	c := tokens(t)
	c.EXPECT().Challenged(mock.Anything, credential.Person("a-1"), "mail", challenge).Return(nil).Once()
	synced(t, n, with(c), oauth("mail", true))
	unauthorized(t, connect(t, n, "alice", stateful).call("mail_x", `{}`), origin+"/servers")
}

func TestWithoutATokenNoServerIsAsked(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{credential.ErrConsentRequired, "needs your authorization. Connect it at " + origin + "/servers"},
		{credential.ErrRefreshRefused, "Sign in again at " + origin + "/servers"},
		{credential.ErrUnavailable, `"code":-32603,"message":"the authorization server of \"mail\" did not answer"`},
	} {
		for _, rev := range eras {
			t.Run(c.err.Error()+" "+rev, func(t *testing.T) {
				n := newTown()
				n.serve("mail.example", &peer{tools: tools("x")})
				wallet := &MockCredentials{}
				wallet.EXPECT().Token(mock.Anything, credential.Admin, "mail").Return("admin", nil)
				wallet.EXPECT().Token(mock.Anything, credential.Person("a-1"), "mail").Return("", fmt.Errorf("credential: %w", c.err))
				synced(t, n, with(wallet), oauth("mail", true))

				r := connect(t, n, "alice", rev).call("mail_x", `{}`)

				if r.status != http.StatusOK || !strings.Contains(r.body, c.want) {
					t.Errorf("%d %s", r.status, r.body)
				}
				if to := n.to("mail.example"); len(to) > 0 {
					t.Errorf("the server heard %+v", to)
				}
			})
		}
	}
}
