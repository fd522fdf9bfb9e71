package mutants

import (
	"net/http"
	"slices"
	"strings"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "any-letter-case", Says: "Takes keys for its own in capitals too.",
	Breaks: []string{"SEC-J-02"},
	Also:   []string{"MCP-IX-06"}, // a key that was unknown does not arrive
	Tampering: inprocess.Tampering{Portal: folding(func(key, known string) bool {
		return strings.ToLower(key) == known && isASCII(key)
	})},
})

// folding takes keys of a call for those that it finds alike, where those are
// missing.
func folding(alike func(key, known string) bool) handler {
	return asked(func(_ *http.Request, m message) {
		fold(m, alike, "params", "method")
		if params, ok := m["params"].(map[string]any); ok {
			fold(params, alike, "name", "arguments")
		}
	})
}

func fold(m message, alike func(key, known string) bool, keys ...string) {
	for key, value := range m {
		i := slices.IndexFunc(keys, func(known string) bool { return key != known && alike(key, known) })
		if i >= 0 && m[keys[i]] == nil {
			delete(m, key)
			m[keys[i]] = value
		}
	}
}

func isASCII(s string) bool { return !strings.ContainsFunc(s, func(r rune) bool { return r > 0x7f }) }
