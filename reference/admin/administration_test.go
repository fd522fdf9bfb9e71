package admin_test

import (
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-mcp/portico/reference/access"
	"github.com/portico-mcp/portico/reference/admin"
	"github.com/portico-mcp/portico/reference/portal"
)

// staff does what the admin asks for, and notes it.
type staff struct {
	did    []string
	routed bool
	key    *rsa.PrivateKey
	fails  error // of RouteAll and Forget
}

func (s *staff) note(format string, args ...any) { s.did = append(s.did, fmt.Sprintf(format, args...)) }

func (s *staff) Routed() bool { return s.routed }

func (s *staff) RouteAll(on bool) error {
	s.note("route %v", on)
	if s.fails == nil {
		s.routed = on
	}
	return s.fails
}

func (*staff) Grants() []access.GrantInfo {
	began := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	return []access.GrantInfo{{
		ID: "grant:1", Identity: access.Identity{Subject: "a-1", Email: "alice@town.example", Name: "Alice"},
		ClientID: "c-1", ClientName: "editor", Began: began, Ends: began.Add(time.Hour),
	}}
}

func (s *staff) Revoke(email string) int { s.note("revoke %s", email); return 2 }

func (s *staff) Expire(email string) int { s.note("expire %s", email); return 3 }

func (s *staff) Rotate(key *rsa.PrivateKey) { s.note("rotate"); s.key = key }

func (s *staff) Forget(_ context.Context, subject, server string) error {
	s.note("forget %s at %s", subject, server)
	return s.fails
}

func TestAdministration(t *testing.T) {
	const grant = `{"id":"grant:1","identity":{"subject":"a-1","email":"alice@town.example","name":"Alice"},"client_id":"c-1","client_name":"editor",` +
		`"began":"2030-01-02T03:04:05Z","ends":"2030-01-02T04:04:05Z"}`
	failed := func(why string) string { return `{"errors":[{"message":"` + why + `"}],"success":false}` }
	for _, c := range []struct {
		name, verb, path, body string
		fails                  error
		status                 int
		answer, did            string
	}{
		{"routing", "GET", "/portal", "", nil, 200, `{"result":{"secure_web_gateway":false},"success":true}`, ""},
		{"route", "PATCH", "/portal", `{"secure_web_gateway":true}`, nil, 200, `{"result":{"secure_web_gateway":true},"success":true}`, "route true"},
		{"route back", "PATCH", "/portal", ` {"secure_web_gateway" : false } `, nil, 200, `{"result":{"secure_web_gateway":false},"success":true}`, "route false"},
		{"route nowhere", "PATCH", "/portal", `{"secure_web_gateway":true}`, portal.ErrNoGateway, 409, failed("there is no gateway to route through"), "route true"},
		{"grants", "GET", "/grants", "", nil, 200, `{"result":[` + grant + `],"success":true}`, ""},
		{"revoke", "POST", "/people/alice%40town.example/revoke", "", nil, 200, `{"result":{"grants":2},"success":true}`, "revoke alice@town.example"},
		{"expire", "POST", "/people/alice@town.example/expire", "{}", nil, 200, `{"result":{"access_tokens":3},"success":true}`, "expire alice@town.example"},
		{"rotate", "POST", "/keys/rotate", "", nil, 200, `{"result":{},"success":true}`, "rotate"},
		{"forget", "DELETE", "/people/auth0%7Ca%2F1/servers/mail", "", nil, 200, `{"result":{},"success":true}`, "forget auth0|a/1 at mail"},
		{"forget at an unknown server", "DELETE", "/people/a-1/servers/x", "", portal.ErrUnknownServer, 404, failed("no such server"), "forget a-1 at x"},
		{"forget what is nobody's own", "DELETE", "/people/a-1/servers/x", "", portal.ErrNoAuthorization, 409, failed("the server wants no OAuth credential"), "forget a-1 at x"},
		{"forget in vain", "DELETE", "/people/a-1/servers/x", "", errors.New("disk full"), 502, failed("disk full"), "forget a-1 at x"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := open(t)
			o.staff.fails = c.fails
			r := o.send(c.verb, c.path, http.Header{"Authorization": {"Bearer " + token}}, c.body)
			if diff := cmp.Diff(c.answer, strings.TrimSuffix(body(r), "\n")); r.StatusCode != c.status || diff != "" {
				t.Errorf("status %d, %s", r.StatusCode, diff)
			}
			if did := strings.Join(o.staff.did, ", "); did != c.did {
				t.Errorf("did %q, want %q", did, c.did)
			}
		})
	}
}

func TestABodyThatIsNotMeantDoesNothing(t *testing.T) {
	const patch = "PATCH /portal"
	for _, c := range []struct{ request, body, says string }{
		{patch, "", "is wanted, true or false"},
		{patch, "{}", "is wanted, true or false"},
		{patch, `{"secure_web_gateway":"true"}`, "is wanted, true or false"},
		{patch, `{"secure_web_gateway":null}`, "is wanted, true or false"},
		{patch, `{"secure_web_gateway":1}`, "is wanted, true or false"},
		{patch, `{"Secure_web_gateway":true}`, `there is no \"Secure_web_gateway\"`},
		{patch, `{"secure_web_gateway":true,"dlp":true}`, `there is no \"dlp\"`},
		{patch, `{"secure_web_gateway":true,"secure_web_gateway":false}`, "twice"},
		{patch, `{"secure_web_gateway":true}{}`, "no JSON object"},
		{patch, `[true]`, "no JSON object"},
		{patch, `true`, "no JSON object"},
		{patch, `{"secure_web_gateway":`, "no JSON object"},
		{patch, `{"secure_web_gateway":true` + strings.Repeat(" ", 64<<10) + `}`, "larger than"},
		{"POST /people/a/revoke", `{"reason":"left"}`, `there is no \"reason\"`},
		{"POST /people/a/expire", `{"at":"noon"}`, `there is no \"at\"`},
		{"POST /keys/rotate", `{"bits":512}`, `there is no \"bits\"`},
		{"DELETE /people/a/servers/mail", `{"all":true}`, `there is no \"all\"`},
		{"POST /keys/rotate", `now`, "no JSON object"},
	} {
		t.Run(c.request+" "+c.body[:min(len(c.body), 40)], func(t *testing.T) {
			o := open(t)
			verb, path, _ := strings.Cut(c.request, " ")
			r := o.send(verb, path, http.Header{"Authorization": {"Bearer " + token}}, c.body)
			if text := body(r); r.StatusCode != http.StatusBadRequest || !strings.Contains(text, c.says) {
				t.Errorf("status %d, %s", r.StatusCode, text)
			}
			if len(o.staff.did) > 0 {
				t.Errorf("did %v", o.staff.did)
			}
		})
	}
}

func TestEachRotationMakesAKey(t *testing.T) {
	o := open(t)
	o.ask(http.MethodPost, "/keys/rotate")
	first := o.staff.key
	o.ask(http.MethodPost, "/keys/rotate")
	if first == nil || first.Equal(o.staff.key) || first.N.BitLen() != 2048 {
		t.Error("no key, the same key, or one of another size")
	}
}

func TestWhatADeploymentLacksIsNotServed(t *testing.T) {
	h := admin.New(admin.Config{Overview: NewMockOverview(t), Authorizations: NewMockAuthorizations(t), Origin: origin, Token: token})
	for _, each := range []string{"GET /portal", "PATCH /portal", "GET /grants", "POST /people/a/revoke", "POST /people/a/expire", "POST /keys/rotate", "DELETE /people/a/servers/wiki"} {
		verb, path, _ := strings.Cut(each, " ")
		if r := (office{Handler: h}).ask(verb, path); r.StatusCode != http.StatusNotFound {
			t.Errorf("%s: status %d", each, r.StatusCode)
		}
	}
}
