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
		{"what-may-be-kept-says-so", "In 2026-07-28 what may be kept says how long and for whom, the same on all pages, and what asks back says neither.",
			[]string{"MCP-FS-33"}, fixtures.Must, whatMayBeKeptSaysSo},
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

// kept are the methods whose results may be kept (MCP 2026-07-28 Caching,
// "Cacheable Results").
var kept = map[string]bool{
	"server/discover": true, "tools/list": true, "prompts/list": true, "resources/list": true, "resources/templates/list": true, "resources/read": true,
}

func whatMayBeKeptSaysSo(v *view, h *hop) (bool, []string) {
	if !v.front(h) || h.era != modern || len(h.asked) == 0 || !h.resulted() {
		return false, nil
	}
	asked := h.asked[0]
	given, _ := h.told[len(h.told)-1].doc["result"].(map[string]any)
	ttl, long := number(given["ttlMs"])
	scope, _ := given["cacheScope"].(string)
	switch {
	case given == nil:
		return false, nil
	case given["resultType"] == "input_required":
		if given["ttlMs"] != nil || given["cacheScope"] != nil {
			return true, []string{"a result that asks back says that it may be kept"}
		}
		return true, nil
	case !kept[asked.method]:
		return false, nil
	}
	var wrong []string
	if !long || ttl < 0 {
		wrong = append(wrong, "the result is without a ttlMs of 0 or more")
	}
	if scope != "public" && scope != "private" {
		wrong = append(wrong, "the result is without a cacheScope")
	}
	cursor, _ := asked.params["cursor"].(string)
	if before, later := v.scopes[cursor]; later && scope != before {
		wrong = append(wrong, "cacheScope is "+v.show(scope)+", and was "+v.show(before)+" on the page before")
	}
	return true, wrong
}
