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
	if out := string(flow.Draw([]trace.Trace{whole}, "t")); !strings.Contains(out, "Portal to Gateway") || !strings.Contains(out, ">Gateway<") {
		t.Error("the gateway was observed and is not drawn")
	}
	if out := string(flow.Draw([]trace.Trace{without}, "t")); strings.Contains(out, "Portal to Gateway") || strings.Contains(out, ">Gateway<") {
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
	out := string(flow.Draw([]trace.Trace{story()}, "A title"))
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
