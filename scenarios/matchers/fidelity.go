package matchers

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/onsi/gomega/types"

	"github.com/portico-mcp/portico/scenarios/world"
	"github.com/portico-mcp/portico/simulators/trace"
)

// HaveTheContentToldBy matches an answer whose content and isError are those that
// the server gave on the wire; one that is left out is false.
func HaveTheContentToldBy(u *world.Upstream) types.GomegaMatcher {
	return answers("have the content told by "+string(u.Party()), func(a world.Answer) bool {
		return slices.ContainsFunc(results(u.Heard()), func(told json.RawMessage) bool {
			content, failed := contentOf(told)
			got, says := contentOf(a.Raw)
			return a.Error == nil && failed == says && sameJSON(content, got)
		})
	})
}

func contentOf(result json.RawMessage) (content json.RawMessage, failed bool) {
	var r struct {
		Content json.RawMessage `json:"content"`
		IsError bool            `json:"isError"`
	}
	_ = json.Unmarshal(result, &r) // what is no result has no content
	return r.Content, r.IsError
}

// results are the results of calls and prompts that one sees, in order.
func results(t world.Sight) []json.RawMessage {
	var all []json.RawMessage
	for _, e := range t.Exchanges {
		if m := e.Asked().Method; m != "tools/call" && m != "prompts/get" {
			continue
		}
		for _, m := range e.Told() {
			if len(m.Result) > 0 {
				all = append(all, m.Result)
			}
		}
	}
	return all
}

// TextsTold are the texts of the results that one sees, in order.
func TextsTold(t world.Sight) []string {
	var all []string
	for _, raw := range results(t) {
		var r struct{ Content []struct{ Text string } }
		_ = json.Unmarshal(raw, &r) // what is no result has no text
		var texts []string
		for _, c := range r.Content {
			texts = append(texts, c.Text)
		}
		all = append(all, strings.Join(texts, "\n"))
	}
	return all
}

// EqualWhatWasListedBy matches the definition of a tool if the server gave the
// same on the wire, but for the name.
func EqualWhatWasListedBy(u *world.Upstream) types.GomegaMatcher {
	return matcher[json.RawMessage]{"equal what was listed by " + string(u.Party()),
		func(listed json.RawMessage) bool {
			for _, own := range definitions(u.Heard().Asking("tools/list")) {
				if name, _ := without(own, "name"); name != "" && sameBut(own, listed, string(u.Party())+"_") {
					return true
				}
			}
			return false
		},
		func(listed json.RawMessage) string { return string(listed) }}
}

// sameBut says whether two definitions are equal, but for a prefix of the name of
// the second.
func sameBut(own, listed json.RawMessage, prefix string) bool {
	name, rest := without(own, "name")
	full, other := without(listed, "name")
	return full == prefix+name && sameJSON(rest, other)
}

// without is a member that is a string, and the object without it.
func without(object json.RawMessage, key string) (value string, rest json.RawMessage) {
	var members map[string]json.RawMessage
	if json.Unmarshal(object, &members) != nil {
		return "", nil
	}
	_ = json.Unmarshal(members[key], &value) // what is no string is empty
	delete(members, key)
	return value, json.RawMessage(JSON(members))
}

func definitions(t world.Sight) []json.RawMessage {
	var all []json.RawMessage
	for _, e := range t.Exchanges {
		for _, m := range e.Told() {
			var list struct{ Tools []json.RawMessage }
			_ = json.Unmarshal(m.Result, &list) // what is no list has no tools
			all = append(all, list.Tools...)
		}
	}
	return all
}

// HandOn matches a trace in which the last call that a client made reached a server
// with the same params, but for the name and for what _meta says in the name of
// the protocol itself, which is each leg's own.
func HandOn(from, to trace.Party) types.GomegaMatcher {
	return traces(fmt.Sprintf("hand on what %s asked of %s as it is", from, to), func(t trace.Trace) bool {
		asked := paramsOf(t, func(e trace.Exchange) bool { return e.From == from })
		heard := paramsOf(t, func(e trace.Exchange) bool { return e.To == to })
		return asked != nil && JSON(exact(asked)) == JSON(exact(heard))
	})
}

// paramsOf is the params of the last call among the exchanges, without the name
// and without the protocol's own keys of _meta; nil: there is no call.
func paramsOf(t trace.Trace, among func(trace.Exchange) bool) map[string]any {
	var last map[string]any
	for _, e := range t.Exchanges {
		m := e.Asked()
		if m.Method != "tools/call" || !among(e) {
			continue
		}
		dec := json.NewDecoder(strings.NewReader(string(m.Params)))
		dec.UseNumber()
		last = nil
		_ = dec.Decode(&last) // what is no object is nil
	}
	delete(last, "name")
	meta, _ := last["_meta"].(map[string]any)
	for key := range meta {
		if strings.HasPrefix(key, "io.modelcontextprotocol/") {
			delete(meta, key)
		}
	}
	return last
}

// TraceOf is a key of _meta of the last call that one sees (MCP 2026-07-28
// Overview, "_meta": traceparent, tracestate, baggage); empty: it has none.
func TraceOf(t world.Sight, key string) string {
	meta, _ := paramsOf(t.Trace, func(trace.Exchange) bool { return true })["_meta"].(map[string]any)
	value, _ := meta[key].(string)
	return value
}

// Bring matches a trace in which some answer has the words in it, in its headers
// or its body.
func Bring(words string) types.GomegaMatcher {
	if words == "" {
		panic("Bring needs words: every answer has none")
	}
	return traces("bring "+words, func(t trace.Trace) bool {
		return slices.ContainsFunc(t.Exchanges, func(e trace.Exchange) bool { return e.Response != nil && brings(*e.Response, words) })
	})
}

func brings(r trace.Response, words string) bool {
	whole := r.Body
	for name, values := range r.Header {
		whole += "\n" + name + ": " + strings.Join(values, "\n")
	}
	return strings.Contains(whole, words)
}

// SessionIDs are the session ids that one sees answered (MCP 2025-11-25
// Transports, "Session Management").
func SessionIDs(t world.Sight) []string {
	var all []string
	for _, e := range t.Exchanges {
		if e.Response == nil {
			continue
		}
		if id := e.Response.Header.Get("Mcp-Session-Id"); id != "" && !slices.Contains(all, id) {
			all = append(all, id)
		}
	}
	return all
}

// Cookie is the value of the last cookie that one sees sent. A sight without one
// proves nothing, and ends the story.
func Cookie(t world.Sight) string {
	value := ""
	for _, e := range t.Exchanges {
		for pair := range strings.SplitSeq(e.Request.Header.Get("Cookie"), ";") {
			if _, v, found := strings.Cut(pair, "="); found {
				value = v
			}
		}
	}
	if value == "" {
		t.Missing("no request carries a cookie")
	}
	return value
}

// Registered is a field of the last client that a party registered (RFC 7591
// §3.2.1); nil: it registered none.
func Registered(t world.Sight, by trace.Party, field string) any {
	var value any
	for _, e := range t.Into(by).Exchanges {
		var asked, answer map[string]any
		if e.Response == nil || json.Unmarshal([]byte(e.Request.Body), &asked) != nil || json.Unmarshal([]byte(e.Response.Body), &answer) != nil {
			continue
		}
		if asked["redirect_uris"] != nil && answer["client_id"] != nil {
			value = answer[field]
		}
	}
	return value
}

// HaveNoDoubles matches names of which no two are equal.
func HaveNoDoubles() types.GomegaMatcher {
	return matcher[[]string]{"have no doubles",
		func(names []string) bool {
			return len(names) > 0 && len(slices.Compact(slices.Sorted(slices.Values(names)))) == len(names)
		},
		func(names []string) string { return strings.Join(names, "\n") }}
}

// CarryOneOf is Carry for several secrets; of none nothing is carried.
func CarryOneOf(secrets []string) types.GomegaMatcher {
	return traces("carry one of the secrets", func(t trace.Trace) bool {
		return slices.ContainsFunc(t.Exchanges, func(e trace.Exchange) bool {
			return slices.ContainsFunc(secrets, func(s string) bool { return carries(e, s) })
		})
	})
}

// BringOneOf is Bring for several words; of none nothing is brought.
func BringOneOf(words []string) types.GomegaMatcher {
	return traces("bring one of the words", func(t trace.Trace) bool {
		return slices.ContainsFunc(t.Exchanges, func(e trace.Exchange) bool {
			return e.Response != nil && slices.ContainsFunc(words, func(s string) bool { return brings(*e.Response, s) })
		})
	})
}

// At keeps the requests to a path.
func At(path string) func(trace.Exchange) bool {
	return func(e trace.Exchange) bool { return e.Path() == path }
}
