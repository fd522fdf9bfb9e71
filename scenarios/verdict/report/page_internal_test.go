package report

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-mcp/portico/scenarios/verdict"
	"github.com/portico-mcp/portico/simulators/trace"
)

// A run of the size we hope for, of a target that says a lot, and in the
// characters that take most room.
func TestThePageStaysUsable(t *testing.T) {
	for _, body := range []string{strings.Repeat(`{"a":"b"},`, 500), strings.Repeat("<", 5000), strings.Repeat("\x01", 5000), strings.Repeat("\u202e", 2000)} {
		seen := trace.Trace{Roles: map[trace.Party]trace.Role{"alice": trace.Client}}
		for i := range 50 {
			seen.Exchanges = append(seen.Exchanges, trace.Exchange{
				From: "alice", To: "access", Sent: 2*i + 1, Answered: 2*i + 2,
				Request: trace.Request{Method: "POST", URL: "https://portal.example/mcp", Body: body}, Response: &trace.Response{Status: 200, Body: body},
			})
		}
		var all []verdict.Result
		for i := range 150 {
			all = append(all, verdict.Result{
				Chapter: "A session", Story: fmt.Sprint("ends ", i), Revision: "2026-07-28", Verdict: verdict.Pass, Trace: seen,
				Evidence: []verdict.Evidence{{Of: "alice", Exchanges: []int{1, 3, 5}}}, Checks: []verdict.Check{{ID: "SE-01", Verdict: verdict.Pass}},
			})
		}
		b, err := page(verdict.Made("acme", verdict.Terms{}, all, verdict.Run{}, false))
		if err != nil || len(b) > 12<<20 {
			t.Errorf("%.8q: %v, %d bytes", body, err, len(b))
		}
	}
}

func TestNamesForSecretsAreFound(t *testing.T) {
	var got []string
	names("Bearer token-1, refresh-token-12 x-1 token- token-a session-3-token-4", func(kind, number string) { got = append(got, kind+" "+number) })
	if diff := cmp.Diff([]string{"token 1", "refresh-token 12", "session 3"}, got); diff != "" {
		t.Error(diff)
	}
}
