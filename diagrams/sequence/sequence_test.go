package sequence_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-mcp/portico/diagrams/sequence"
	"github.com/portico-mcp/portico/simulators/trace"
)

func call() trace.Trace {
	json := http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer token-1"}}
	inner := http.Header{"Content-Type": {"application/json"}}
	return trace.Trace{
		Roles: map[trace.Party]trace.Role{"alice": trace.Client, "access": trace.Access, "portal": trace.Portal, "wiki": trace.Upstream},
		Exchanges: []trace.Exchange{
			{From: "alice", To: "access", Sent: 1, Answered: 6, Request: trace.Request{Method: "POST", URL: "https://a/mcp", Header: json, Body: `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"wiki_search"}}`}, Response: &trace.Response{Status: 200}},
			{From: "access", To: "portal", Sent: 2, Answered: 5, Request: trace.Request{Method: "POST", URL: "https://p/mcp", Header: inner, Body: `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"wiki_search"}}`}, Response: &trace.Response{Status: 200}},
			{From: "portal", To: "wiki", Sent: 3, Answered: 4, Request: trace.Request{Method: "POST", URL: "https://w/mcp", Header: inner, Body: `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"search"}}`}, Failure: "connection closed"},
		},
	}
}

func TestTheSequenceInWords(t *testing.T) {
	want := `# A call

1. Tool call proxied: alice to access: tools/call wiki_search [token-1].
2. access to portal: tools/call wiki_search.
3. Upstream request: portal to wiki: tools/call search.
4. wiki answers portal: connection closed.
5. portal answers access: 200.
6. access answers alice: 200.
`
	if diff := cmp.Diff(want, string(sequence.Markdown(call(), "A call"))); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
}

func TestAnArrowGoesWithItsExchange(t *testing.T) {
	whole := string(sequence.Draw(call(), "A call"))
	if n := strings.Count(whole, "<path d=\"M"); n != 6+5 { // and five heads
		t.Errorf("%d paths, want 6 arrows and 5 heads", n)
	}
	shorter := call()
	shorter.Exchanges = shorter.Exchanges[:2]
	if out := string(sequence.Draw(shorter, "A call")); strings.Contains(out, "tools/call search") || strings.Contains(out, ">wiki<") {
		t.Error("an exchange that was not observed is drawn")
	}
	if string(sequence.Draw(call(), "A call")) != whole {
		t.Error("the same trace twice is not the same picture")
	}
}
