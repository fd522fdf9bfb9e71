package flow_test

import (
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-mcp/portico/diagrams/flow"
	"github.com/portico-mcp/portico/diagrams/svg"
	"github.com/portico-mcp/portico/simulators/trace"
)

var roles = map[trace.Party]trace.Role{
	"alice": trace.Client, "alice.browser": trace.Browser, "access": trace.Access, "portal": trace.Portal, "gateway": trace.Gateway,
	"idp": trace.IdentityProvider, "wiki": trace.Upstream, "mail": trace.Upstream, "mail-as": trace.AuthorizationServer, "admin": trace.Admin, "carol": trace.Client,
}

// hop is an exchange with a JSON-RPC request.
func hop(from, to trace.Party, sent, answered int, method, token string) trace.Exchange {
	h := http.Header{"Content-Type": {"application/json"}}
	if token != "" {
		h.Set("Authorization", "Bearer "+token)
	}
	return trace.Exchange{From: from, To: to, Sent: sent, Answered: answered, Request: trace.Request{
		Method: "POST", URL: "https://" + string(to) + "/mcp", Header: h, Body: `{"jsonrpc":"2.0","id":1,"method":"` + method + `"}`,
	}, Response: &trace.Response{Status: 200}}
}

func story() trace.Trace {
	issue := trace.Exchange{From: "portal", To: "mail-as", Sent: 3, Answered: 4, Request: trace.Request{Method: "POST", URL: "https://mail-as/token"},
		Response: &trace.Response{Status: 200, Body: `{"access_token":"token-9"}`}}
	return trace.Trace{Scenario: "a story", Roles: roles, Exchanges: []trace.Exchange{
		hop("alice", "access", 1, 12, "tools/call", "token-1"),
		hop("access", "portal", 2, 11, "tools/call", ""),
		issue,
		hop("portal", "mail", 5, 6, "tools/call", "token-9"),
		hop("portal", "gateway", 7, 10, "tools/call", ""),
		hop("gateway", "wiki", 8, 9, "tools/call", ""),
		hop("portal", "wiki", 13, 14, "tools/list", ""),
		hop("carol", "admin", 15, 16, "tools/list", ""),
	}}
}

func TestAnArrowForEachHopThatWasObserved(t *testing.T) {
	var got []string
	p := flow.Observe([]trace.Trace{story()})
	for _, s := range p.Arrows {
		line := string(s.From + " > " + s.To)
		for _, step := range s.Steps {
			line += ", " + step.String()
		}
		got = append(got, line)
	}
	want := []string{
		"Access > Portal, Tool call proxied",
		"Gateway > wiki, Upstream request",
		"MCP client > Access, Tool call proxied",
		"Portal > Authorization server, Tool call proxied",
		"Portal > Gateway, Tool call proxied",
		"Portal > mail, Upstream request",
		"Portal > wiki, Background sync",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("arrows (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]flow.Upstream{{Name: "mail", Credential: "the person's token"}, {Name: "wiki", Credential: "no credential"}}, p.Upstreams); diff != "" {
		t.Errorf("upstreams (-want +got):\n%s", diff)
	}
}

func TestNothingIsDrawnThatWasNotObserved(t *testing.T) {
	whole := story()
	without := whole
	without.Exchanges = slices.DeleteFunc(slices.Clone(whole.Exchanges), func(e trace.Exchange) bool {
		return e.From == "gateway" || e.To == "gateway"
	})
	if out := drawn(t, whole); !strings.Contains(out, "Portal to Gateway") || !strings.Contains(out, ">Gateway<") {
		t.Error("the gateway was observed and is not drawn")
	}
	if out := drawn(t, without); strings.Contains(out, "Portal to Gateway") || strings.Contains(out, ">Gateway<") {
		t.Error("the gateway was not observed and is drawn")
	}
}

var text = regexp.MustCompile(`<text x="(\d+)" y="(\d+)" text-anchor="(\w+)"[^>]*>([^<]*)</text>`)

func TestNoTwoTextsOverlap(t *testing.T) {
	type area struct {
		x1, x2, y int
		text      string
	}
	var all []area
	out := drawn(t, story())
	for _, m := range text.FindAllStringSubmatch(out, -1) {
		x, _ := strconv.Atoi(m[1])
		y, _ := strconv.Atoi(m[2])
		w := svg.Width(m[4])
		switch m[3] {
		case "middle":
			x -= w / 2
		case "end":
			x -= w
		}
		all = append(all, area{x, x + w, y, m[4]})
		if x < 0 || x+w > 960 {
			t.Errorf("%q leaves the picture", m[4])
		}
	}
	if len(all) < 20 {
		t.Fatalf("only %d texts found", len(all))
	}
	for i, a := range all {
		for _, b := range all[i+1:] {
			if a.x1 < b.x2 && b.x1 < a.x2 && abs(a.y-b.y) < svg.Size {
				t.Errorf("%q and %q overlap", a.text, b.text)
			}
		}
	}
}

func abs(n int) int { return max(n, -n) }

func drawn(t *testing.T, traces ...trace.Trace) string {
	t.Helper()
	out, err := flow.Draw(traces, "A title")
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestAHopWithoutAPlaceIsAnError(t *testing.T) {
	odd := story()
	odd.Exchanges = append(odd.Exchanges, hop("gateway", "idp", 20, 21, "tools/call", ""))
	if _, err := flow.Draw([]trace.Trace{odd}, "t"); err == nil || !strings.Contains(err.Error(), "Gateway to Identity provider") {
		t.Errorf("error %v", err)
	}
}

func TestACredentialIsNamedByItsOwner(t *testing.T) {
	issued := func(sent int, token string) trace.Exchange {
		return trace.Exchange{From: "portal", To: "mail-as", Sent: sent, Answered: sent + 1, Request: trace.Request{Method: "POST", URL: "https://mail-as/token"},
			Response: &trace.Response{Status: 200, Body: `{"access_token":"` + token + `"}`}}
	}
	custom := hop("portal", "mail", 6, 7, "tools/call", "")
	custom.Request.Header.Set("X-Api-Key", "k")
	cases := map[string][]trace.Exchange{
		"THE CLIENT'S TOKEN": {hop("portal", "mail", 6, 7, "tools/call", "token-1")},
		"the admin's token":  {issued(1, "token-5"), hop("portal", "mail", 6, 7, "tools/call", "token-5")},
		"the person's token": {issued(4, "token-6"), hop("portal", "mail", 6, 7, "tools/call", "token-6")},
		"a static token":     {hop("portal", "mail", 6, 7, "tools/call", "token-7")},
		"headers of its own": {custom},
		"no credential":      {hop("portal", "mail", 6, 7, "tools/call", "")},
	}
	for want, inner := range cases {
		tr := trace.Trace{Roles: roles, Exchanges: append([]trace.Exchange{
			hop("alice", "access", 2, 12, "tools/call", "token-1"), hop("access", "portal", 3, 11, "tools/call", ""),
		}, inner...)}
		got := flow.Observe([]trace.Trace{tr}).Upstreams
		if diff := cmp.Diff([]flow.Upstream{{Name: "mail", Credential: want}}, got); diff != "" {
			t.Errorf("credential (-want +got):\n%s", diff)
		}
	}
}
