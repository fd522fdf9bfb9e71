package symptom_test

import (
	"strings"
	"testing"

	"github.com/portico-mcp/portico/cmd/portico/symptom"
)

// What a person is told in trouble, and after the cure.
var told = map[string]struct{ met, after string }{
	"no-policy":              {"does not have access", "connected"},
	"browser-on-mcp":         {"HTTP 401", "connected"},
	"stale-client":           {"Unknown client", "connected"},
	"identity-provider-down": {"", "connected"},
	"unreachable-server":     {"wiki: error", "wiki: ready"},
	"old-transport":          {"old: error", "old: ready, 1 tools"},
	"wrong-static-token":     {"tickets: error", "tickets: ready"},
	"stale-credential":       {`mail: stale`, `mail: ready`},
	"unauthorized-call":      {"unauthorized", "alice"},
	"wrong-callback":         {"not registered", "desk connected"},
	"no-registration":        {"register", "desk connected"},
	"gateway-down":           {"-32603", "3 pages about badgers"},
	"renamed-tool":           {"search", "3 pages about badgers"},
}

// Every symptom is met as it is documented, is seen on the wire, and is gone
// after its cure.
func TestEverySymptomIsMetAndCured(t *testing.T) {
	for _, s := range symptom.All() {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			want, ok := told[s.Name]
			if !ok {
				t.Fatal("this test does not know what a person is told")
			}
			shown, err := s.Show(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(shown.Met, want.met) || shown.Met == shown.After {
				t.Errorf("met %q", shown.Met)
			}
			if !strings.Contains(shown.After, want.after) {
				t.Errorf("after the cure: %q", shown.After)
			}
			if strings.Contains(shown.After, want.met) && !strings.Contains(want.after, want.met) {
				t.Errorf("the cure did not help: %q", shown.After)
			}
			t.Logf("met %q\nthen %q", shown.Met, shown.After)
		})
	}
	for name := range told {
		if _, err := symptom.Find(name); err != nil {
			t.Error(err)
		}
	}
}
