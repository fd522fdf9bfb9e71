package invariant

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/portico-mcp/portico/fixtures"
)

func callRules() []Rule {
	return []Rule{
		{"calls-cross-unchanged", "What a client sends one server, and what that answers, crosses the portal as equal JSON, but for the name.",
			[]string{"MCP-IX-06"}, fixtures.Must, callsCross},
		{"capabilities-are-the-callers", "In 2026-07-28 the portal offers a server nothing on behalf of a client that the client does not offer.",
			[]string{"MCP-UC-07"}, fixtures.Must, capabilitiesAreTheCallers},
		{"pages-share-a-scope", "In 2026-07-28 all pages of a list say the same cacheScope.",
			[]string{"MCP-FS-33"}, fixtures.Must, pagesShareAScope},
	}
}

// callsCross compares a call at a server with the one call that the portal was
// answering then, and the two answers if both are results.
func callsCross(v *view, h *hop) (bool, []string) {
	outer := v.serving(h)
	if outer == nil || !h.behind() || !portal(h.from) || len(h.asked) != 1 || len(outer.asked) != 1 {
		return false, nil
	}
	in, out := outer.asked[0], h.asked[0]
	if naming[in.method] == "" || in.method == "resources/read" || in.method != out.method || strings.HasPrefix(in.name(), own) {
		return false, nil
	}
	var wrong []string
	sent, received := member(in.exact(), "params"), member(out.exact(), "params")
	for _, key := range differing(sent, received, "name") {
		wrong = append(wrong, v.show(key)+" of the call does not reach the server as it was")
	}
	told, given := result(h, out), result(outer, in)
	if told != nil && given != nil {
		for _, key := range differing(told, given, "resultType", "ttlMs", "cacheScope") {
			wrong = append(wrong, v.show(key)+" of the result does not come back as it was")
		}
	}
	return true, wrong
}

// result is the result that answers a request, with its numbers as they were;
// nil if there is none.
func result(h *hop, asked message) map[string]any {
	for _, m := range h.told {
		if m.is("result") && same(m.id, asked.id) {
			return member(m.exact(), "result")
		}
	}
	return nil
}

func member(doc map[string]any, name string) map[string]any {
	inner, _ := doc[name].(map[string]any)
	return inner
}

// differing are the members of a whole that are not found in another as they
// were. What there is besides is allowed, but in what it is about: the arguments.
func differing(whole, other map[string]any, but ...string) []string {
	var keys []string
	for _, key := range slices.Sorted(maps.Keys(whole)) {
		switch {
		case slices.Contains(but, key):
		case key == "_meta":
			for inner, value := range member(whole, "_meta") {
				if !hops(inner) && !equal(value, member(other, "_meta")[inner]) {
					keys = append(keys, "_meta")
					break
				}
			}
		case !equal(whole[key], other[key]):
			keys = append(keys, key)
		}
	}
	return keys
}

// hops says whether a member of _meta belongs to one hop alone, or may be
// continued by another (MCP 2026-07-28 Overview, "_meta").
func hops(key string) bool {
	return strings.HasPrefix(key, "io.modelcontextprotocol/") || key == "progressToken" || key == "traceparent" || key == "tracestate" || key == "baggage"
}

// equal compares JSON that was read with its numbers as they were.
func equal(a, b any) bool {
	switch a := a.(type) {
	case json.Number:
		b, ok := b.(json.Number)
		return ok && sameNumber(a, b)
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, equal)
	case map[string]any:
		b, ok := b.(map[string]any)
		return ok && maps.EqualFunc(a, b, equal)
	}
	return a == b
}

// exactDigits is how many characters of a number a float64 surely keeps.
const exactDigits = 15

// sameNumber takes two spellings of a short number for the same, and of a long
// one none but its own.
func sameNumber(a, b json.Number) bool {
	if a == b {
		return true
	}
	x, err := a.Float64()
	y, wrong := b.Float64()
	return err == nil && wrong == nil && x == y && len(a) <= exactDigits && len(b) <= exactDigits
}

// clientCapabilities is where a request of 2026-07-28 says what its sender can
// do.
const clientCapabilities = "io.modelcontextprotocol/clientCapabilities"

func capabilitiesAreTheCallers(v *view, h *hop) (bool, []string) {
	outer := v.serving(h)
	if outer == nil || !h.behind() || !portal(h.from) || len(h.asked) == 0 || syncing[h.asked[0].method] {
		return false, nil
	}
	offered, ok := h.asked[0].meta[clientCapabilities].(map[string]any)
	theirs, known := outer.asked[0].meta[clientCapabilities].(map[string]any)
	if !ok || !known {
		return false, nil
	}
	var wrong []string
	for _, name := range slices.Sorted(maps.Keys(offered)) {
		if _, has := theirs[name]; !has {
			wrong = append(wrong, v.show(name)+" is offered, which the client does not")
		}
		for _, part := range slices.Sorted(maps.Keys(member(offered, name))) {
			if _, has := member(theirs, name)[part]; !has {
				wrong = append(wrong, v.show(name+"."+part)+" is offered, which the client does not")
			}
		}
	}
	return true, wrong
}

func pagesShareAScope(v *view, h *hop) (bool, []string) {
	if !v.front(h) || h.era != modern || len(h.asked) == 0 || !strings.HasSuffix(h.asked[0].method, "/list") {
		return false, nil
	}
	given := result(h, h.asked[0])
	if given == nil {
		return false, nil
	}
	cursor, _ := h.asked[0].params["cursor"].(string)
	before, later := v.scopes[cursor]
	if now, _ := given["cacheScope"].(string); later && now != before {
		return true, []string{"cacheScope is " + v.show(now) + ", and was " + v.show(before) + " on the page before"}
	}
	return true, nil
}
