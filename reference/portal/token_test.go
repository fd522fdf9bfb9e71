package portal_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/mock"

	"github.com/portico-mcp/portico/reference/portal"
	"github.com/portico-mcp/portico/reference/portal/credential"
)

const alicesToken, adminsToken = portal.Secret("alices-token"), portal.Secret("admins-token")

var alice, admin = credential.Person("a-1"), credential.Admin

// guarded is a portal with one server that wants OAuth, which takes the tokens
// that takes names, once the administrator's sync is over.
func guarded(t *testing.T, onBehalf bool, takes ...string) (*town, *peer, *MockCredentials) {
	t.Helper()
	n, credentials := newTown(), NewMockCredentials(t)
	mail := &peer{tools: tools("send"), prompts: `{"name":"summary"}`}
	n.serve("mail.example", mail)
	s := server("mail")
	s.Auth, s.OnBehalf = portal.OAuth, onBehalf
	atSync := credentials.EXPECT().Token(mock.Anything, admin, "mail").Return(adminsToken, nil).Once()
	synced(t, n, func(c *portal.Config) { c.Credentials = credentials }, s)
	atSync.Unset()
	mail.refuses = func(authorization string) bool {
		for _, each := range takes {
			if authorization == "Bearer "+each {
				return false
			}
		}
		return true
	}
	return n, mail, credentials
}

// sentTokens are the credentials that reached a host with calls of tools.
func sentTokens(n *town, host string) (all []string) {
	for _, s := range n.to(host) {
		if strings.Contains(s.body, `"tools/call"`) || strings.Contains(s.body, `"server/discover"`) {
			all = append(all, strings.Join(s.header["Authorization"], "+"))
		}
	}
	return all
}

func TestACallCarriesTheCredentialOfItsOwner(t *testing.T) {
	for _, c := range []struct {
		name     string
		onBehalf bool
		token    portal.Secret
		owner    credential.Owner
	}{{"on behalf of the person", true, alicesToken, alice}, {"of the administrator", false, adminsToken, admin}} {
		t.Run(c.name, func(t *testing.T) {
			for _, rev := range eras {
				n, _, credentials := guarded(t, c.onBehalf, string(c.token))
				credentials.EXPECT().Token(mock.Anything, c.owner, "mail").Return(c.token, nil).Once()
				r := connect(t, n, "alice", rev).call("mail_send", `{}`)
				if !strings.Contains(r.body, "send as Bearer "+string(c.token)) {
					t.Errorf("%s: %s", rev, r.body)
				}
			}
		})
	}
}

func TestARefusedTokenIsRenewedOnce(t *testing.T) {
	for _, c := range []struct {
		name           string
		second         portal.Secret
		err            error
		works          bool
		advice, tokens string
	}{
		{"renewed and taken", "renewed", nil, true, "", "Bearer alices-token Bearer renewed Bearer renewed"},
		{"renewed and refused", "refused-too", nil, false, "unauthorized: server \\\"mail\\\" does not accept your authorization any more. Sign in again at " + origin + "/servers",
			"Bearer alices-token Bearer refused-too"},
		{"not renewed", alicesToken, nil, false, "does not accept your authorization any more. Sign in again at " + origin + "/servers", "Bearer alices-token"},
		{"grant gone", "", credential.ErrConsentRequired, false, "unauthorized: server \\\"mail\\\" needs your authorization. Connect it at " + origin + "/servers",
			"Bearer alices-token"},
		{"refresh refused", "", credential.ErrRefreshRefused, false, "does not accept your authorization any more. Sign in again at " + origin + "/servers",
			"Bearer alices-token"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, rev := range eras {
				n, _, credentials := guarded(t, true, "renewed")
				first := credentials.EXPECT().Token(mock.Anything, alice, "mail").Return(alicesToken, nil).Once()
				rejected := credentials.EXPECT().Rejected(alice, "mail", alicesToken).Return().Once().NotBefore(first)
				credentials.EXPECT().Token(mock.Anything, alice, "mail").Return(c.second, c.err).Once().NotBefore(rejected)
				r := connect(t, n, "alice", rev).call("mail_send", `{}`)
				if r.status != 200 || strings.Contains(r.body, `"isError":true`) == c.works || !strings.Contains(r.body, c.advice) {
					t.Errorf("%s: %d %s", rev, r.status, r.body)
				}
				if r.header.Get("Www-Authenticate") != "" || strings.Contains(r.body, "trap.example") {
					t.Errorf("%s: the server's challenge reached the client", rev)
				}
				if got := strings.Join(sentTokens(n, "mail.example"), " "); got != c.tokens {
					t.Errorf("%s: the server got %q", rev, got)
				}
			}
		})
	}
}

// Without a credential there is nothing to ask the server for.
func TestWithoutConsentTheServerHearsNothing(t *testing.T) {
	for _, rev := range eras {
		n, _, credentials := guarded(t, true)
		credentials.EXPECT().Token(mock.Anything, alice, "mail").Return("", credential.ErrConsentRequired).Twice()
		c := connect(t, n, "alice", rev)
		if r := c.call("mail_send", `{}`); r.status != 200 || !strings.Contains(r.body, `"isError":true`) || !strings.Contains(r.body, "unauthorized") {
			t.Errorf("a tool: %d %s", r.status, r.body)
		}
		if r := c.ask("prompts/get", `"name":"mail_summary"`, "mail_summary"); r.status != 200 || codeOf(r) != -32603 || !strings.Contains(r.body, origin+"/servers") {
			t.Errorf("a prompt: %d %s", r.status, r.body)
		}
		if to := n.to("mail.example"); len(to) > 0 {
			t.Errorf("the server heard %+v", to)
		}
	}
}

// Nobody is sent to a page where he can do nothing.
func TestTheAdministratorsCredentialIsTheAdministratorsTrouble(t *testing.T) {
	n, _, credentials := guarded(t, false)
	credentials.EXPECT().Token(mock.Anything, admin, "mail").Return("", credential.ErrConsentRequired).Once()
	r := connect(t, n, "alice", stateless).call("mail_send", `{}`)
	if !strings.Contains(r.body, "Its administrator has to renew it") || strings.Contains(r.body, "/servers") {
		t.Error(r.body)
	}
}

func TestAnAuthorizationServerThatDoesNotAnswerIsNotTheClientsFault(t *testing.T) {
	n, _, credentials := guarded(t, true)
	credentials.EXPECT().Token(mock.Anything, alice, "mail").Return("", credential.ErrUnavailable).Once()
	r := connect(t, n, "alice", stateless).call("mail_send", `{}`)
	if codeOf(r) != -32603 || !strings.Contains(r.body, `the authorization server of \"mail\" did not answer`) {
		t.Error(r.body)
	}
}

func TestAChallengeForMoreScopesIsKeptForItsOwner(t *testing.T) {
	const challenge = `Bearer error="insufficient_scope", scope="mail.send"`
	for _, c := range []struct {
		name, challenge string
		code            int
	}{{"challenge", challenge, 0}, {"plain 403", "", -32603}} {
		t.Run(c.name, func(t *testing.T) {
			n, mail, credentials := guarded(t, true, string(alicesToken))
			credentials.EXPECT().Token(mock.Anything, alice, "mail").Return(alicesToken, nil).Once()
			if c.challenge != "" {
				credentials.EXPECT().Challenged(mock.Anything, alice, "mail", challenge).Return(nil).Once()
			}
			mail.does = map[string]func(http.ResponseWriter, *http.Request, call){
				"tools/call": func(w http.ResponseWriter, _ *http.Request, _ call) {
					if c.challenge != "" {
						w.Header().Set("WWW-Authenticate", c.challenge)
					}
					w.WriteHeader(http.StatusForbidden)
				},
			}
			r := connect(t, n, "alice", stateless).call("mail_send", `{}`)
			if codeOf(r) != c.code || (c.code == 0) != strings.Contains(r.body, "unauthorized") {
				t.Errorf("%d %s", r.status, r.body)
			}
		})
	}
}

// A service has no person whose credential could be used: for it such a server
// does not exist.
func TestAServiceDoesNotSeeWhatNeedsAPerson(t *testing.T) {
	for _, rev := range eras {
		n, _, _ := guarded(t, true) // whose vault expects no question
		robot := connect(t, n, "robot", rev)
		for _, method := range []string{"tools/list", "prompts/list"} {
			if r := robot.ask(method, "", ""); strings.Contains(r.body, "mail_") || r.status != 200 {
				t.Errorf("%s: %d %s", method, r.status, r.body)
			}
		}
		if r := robot.call("mail_send", `{}`); codeOf(r) != -32602 {
			t.Errorf("a call: %s", r.body)
		}
		if to := n.to("mail.example"); len(to) > 0 {
			t.Errorf("the server heard %+v", to)
		}

		n, _, credentials := guarded(t, false, string(adminsToken))
		credentials.EXPECT().Token(mock.Anything, admin, "mail").Return(adminsToken, nil).Once()
		robot = connect(t, n, "robot", rev)
		if r := robot.ask("tools/list", "", ""); !strings.Contains(r.body, "mail_send") {
			t.Errorf("of the administrator's: %s", r.body)
		}
		if r := robot.call("mail_send", `{}`); !strings.Contains(r.body, "send as Bearer admins-token") {
			t.Errorf("of the administrator's: %s", r.body)
		}
	}
}

// A static credential goes to its own server and nowhere else, whoever asks.
func TestAStaticCredentialStaysWithItsServer(t *testing.T) {
	n := newTown()
	wiki, vendor := &peer{tools: tools("search")}, &peer{tools: tools("look")}
	n.serve("wiki.example", wiki)
	n.serve("vendor.example", vendor)
	s := server("vendor")
	s.Auth, s.Bearer = portal.Bearer, `{"headers":{"X-Api-Key":"k-1"}}`
	synced(t, n, nil, server("wiki"), s)
	robot := connect(t, n, "robot", stateless)
	robot.call("wiki_search", `{}`)
	robot.call("vendor_look", `{}`)
	for host, want := range map[string]string{"wiki.example": "", "vendor.example": "k-1"} {
		for _, s := range n.to(host) {
			if s.header.Get("X-Api-Key") != want || s.header.Get("Authorization") != "" || s.header.Get("Cf-Access-Jwt-Assertion") != "" {
				t.Errorf("%s got %v", host, s.header)
			}
		}
	}
}

// Waiting for a credential ends when the client of the stateless era goes.
func TestTheVaultIsAskedInTheNameOfTheRequest(t *testing.T) {
	n, _, credentials := guarded(t, true)
	asked := make(chan struct{})
	credentials.EXPECT().Token(mock.Anything, alice, "mail").RunAndReturn(func(ctx context.Context, _ credential.Owner, _ string) (portal.Secret, error) {
		close(asked)
		<-ctx.Done()
		return "", ctx.Err()
	}).Once()
	c := connect(t, n, "alice", stateless)
	ctx, leave := context.WithCancel(t.Context())
	gone := make(chan string)
	go func() {
		resp, err := c.begin(ctx, http.MethodPost, http.Header{"Mcp-Method": {"tools/call"}, "Mcp-Name": {"mail_send"}}, c.request("tools/call", `"name":"mail_send"`))
		if err != nil {
			gone <- ""
			return
		}
		defer resp.Body.Close()
		text, _ := io.ReadAll(resp.Body)
		gone <- string(text)
	}()
	<-asked
	leave()
	if answer := <-gone; answer != "" {
		t.Errorf("an answer for a client that had gone: %s", answer)
	}
	if to := n.to("mail.example"); len(to) > 0 {
		t.Errorf("the server heard %+v", to)
	}
}

// The end of a conversation, which is outside any call, has the credential of
// its owner as well.
func TestAConversationEndsWithItsOwnersCredential(t *testing.T) {
	n, mail, credentials := guarded(t, true, string(alicesToken))
	mail.revision = stateful
	credentials.EXPECT().Token(mock.Anything, alice, "mail").Return(alicesToken, nil).Twice()
	c := connect(t, n, "alice", stateful)
	c.call("mail_send", `{}`)
	if r := c.send(t.Context(), http.MethodDelete, nil, ""); r.status != http.StatusNoContent {
		t.Errorf("DELETE: %d", r.status)
	}
	if len(mail.heard("DELETE")) != 1 {
		t.Errorf("%d conversations were ended", len(mail.heard("DELETE")))
	}
}
