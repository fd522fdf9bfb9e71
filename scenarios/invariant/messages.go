package invariant

import (
	"encoding/json"
	"fmt"
	"math"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/portico-mcp/portico/fixtures"
	"github.com/portico-mcp/portico/simulators/trace"
)

func messageRules() []Rule {
	return []Rule{
		{"portal-fits-the-schema", "Every message that the portal sends fits its revision's schema.",
			[]string{}, fixtures.Must, portalFits},
		{"results-say-their-type", "In 2026-07-28 every result of the portal's says its resultType.",
			[]string{"MCP-FS-28"}, fixtures.Must, resultsSayTheirType},
		{"requests-say-who-sends", "In 2026-07-28 every request of the portal's says its revision and what its sender can do.",
			[]string{"MCP-UC-07"}, fixtures.Must, requestsSayWhoSends},
		{"misfits-are-refused", "A client's message that breaks its revision's schema is not answered with a result.",
			[]string{}, fixtures.Should, misfitsAreRefused},
		{"others-fit-the-schema", "Every message of others than the portal and its clients fits its revision's schema.",
			[]string{}, fixtures.May, othersFit},
		{"answers-are-json-or-events", "A request is answered with one JSON object, named as such, or with a stream of events.",
			[]string{"MCP-FS-05"}, fixtures.Must, answersAreJSONOrEvents},
		{"answers-carry-the-id", "Every request is answered once, under its own id, and the code of an error is an integer.",
			[]string{"MCP-FS-27"}, fixtures.Must, answersCarryTheID},
		{"answers-hold-no-request", "In 2026-07-28 no answer of the portal's holds a request.",
			[]string{"MCP-FS-17"}, fixtures.Must, answersHoldNoRequest},
		{"no-answer-is-posted", "In 2026-07-28 the portal posts no answer to a server.",
			[]string{"MCP-UC-14"}, fixtures.Must, noAnswerIsPosted},
		{"error-codes-are-known", "In 2026-07-28 the portal answers with no retired code, and with none of the reserved range that nobody defined.",
			[]string{"MCP-IX-17"}, fixtures.Must, errorCodes},
		{"progress-was-asked-for", "Progress is told under a token of the request it belongs to, goes up, and ends with the answer.",
			[]string{"MCP-FS-39"}, fixtures.Must, progressWasAskedFor},
		{"notifications-get-202", "A notification or an answer is answered with 202 and nothing more, or with an error.",
			[]string{}, fixtures.Must, notificationsGet202},
	}
}

// misfits are what the schema finds wrong with messages; asked are the
// requests that they may answer.
func (v *view) misfits(era string, these, asked []message) []string {
	s := schemas()[era]
	if s == nil {
		return nil
	}
	var wrong []string
	for _, m := range these {
		method := ""
		if i := slices.IndexFunc(asked, func(a message) bool { return a.request() && same(a.id, m.id) }); i >= 0 {
			method = asked[i].method
		}
		what := firstOf(m.method, method)
		for _, w := range s.wrong(m, method) {
			wrong = append(wrong, strings.TrimSpace(v.show(what)+" "+w))
		}
	}
	return wrong
}

func portalFits(v *view, h *hop) (bool, []string) {
	if h.era == "" {
		return false, nil
	}
	judged, wrong := false, []string(nil)
	if portal(h.from) && h.behind() && len(h.asked) > 0 {
		judged, wrong = true, h.misasked
	}
	if portal(h.to) && len(h.told) > 0 {
		judged = true
		for _, w := range h.mistold {
			if !v.relayed[w] {
				wrong = append(wrong, w)
			}
		}
	}
	return judged, wrong
}

// check holds every message against its schema, once, and keeps what is wrong
// inside the content of servers' answers: a portal hands that on as it is.
func (v *view) check() {
	v.relayed = map[string]bool{}
	for i := range v.hops {
		h := &v.hops[i]
		h.misasked, h.mistold = v.misfits(h.era, h.asked, nil), v.misfits(h.era, h.told, h.asked)
		if !h.behind() {
			continue
		}
		for _, w := range h.mistold {
			if _, place, ok := strings.Cut(w, " /result/"); ok && strings.Contains(place[:strings.Index(place+": ", ": ")], "/") {
				v.relayed[w] = true
			}
		}
	}
}

func misfitsAreRefused(v *view, h *hop) (bool, []string) {
	if !v.front(h) || h.era == "" || len(h.asked) == 0 {
		return false, nil
	}
	return true, unless(h, false, slices.Clone(h.misasked))
}

func othersFit(v *view, h *hop) (bool, []string) {
	if h.era == "" {
		return false, nil
	}
	judged, wrong := false, []string(nil)
	stranger := func(r trace.Role) bool { return r == "" }
	if stranger(h.from) && stranger(h.to) && len(h.asked) > 0 {
		judged, wrong = true, h.misasked
	}
	if (stranger(h.to) || h.to == trace.Upstream) && len(h.told) > 0 {
		judged, wrong = true, slices.Concat(wrong, h.mistold)
	}
	return judged, wrong
}

func answersCarryTheID(v *view, h *hop) (bool, []string) {
	if !portal(h.to) || h.Request.Method != http.MethodPost || len(h.asked) == 0 || h.Response == nil {
		return false, nil
	}
	var wrong []string
	answered := map[int]int{}
	for _, m := range h.told {
		if !m.response() {
			continue
		}
		if e, ok := m.doc["error"].(map[string]any); ok {
			if code, ok := number(e["code"]); !ok || code != math.Trunc(code) {
				wrong = append(wrong, "the code of an error is no integer")
			}
		}
		i := slices.IndexFunc(h.asked, func(a message) bool { return a.request() && same(a.id, m.id) })
		switch {
		case i >= 0:
		case m.is("id") && m.id != nil:
			wrong = append(wrong, "an answer carries an id that nobody asked under")
		case h.read():
			wrong = append(wrong, "an answer is without the id, which could be read")
		}
		answered[i]++
	}
	for i, m := range h.asked {
		switch {
		case !m.request():
		case answered[i] > 1:
			wrong = append(wrong, fmt.Sprintf("%s is answered %d times", v.show(m.method), answered[i]))
		case answered[i] == 0 && len(wrong) == 0 && h.whole():
			wrong = append(wrong, v.show(m.method)+" gets no answer, though the status is "+fmt.Sprint(h.Status()))
		}
	}
	return true, wrong
}

// read says whether the answer is one to who has read the request, by its
// status, and the request one whose id is good.
func (h *hop) read() bool {
	status := h.Status()
	return (h.succeeded() || status == http.StatusBadRequest || status == http.StatusNotFound) && slices.ContainsFunc(h.asked, func(m message) bool {
		switch id := m.id.(type) {
		case string:
			return m.request()
		case json.Number:
			_, err := id.Int64()
			return m.request() && err == nil
		}
		return false
	})
}

// whole says whether the answer, which is a good one, has all it will have: a
// stream may have been cut.
func (h *hop) whole() bool {
	return h.succeeded() && !strings.HasPrefix(h.tells("Content-Type"), "text/event-stream")
}

func answersHoldNoRequest(v *view, h *hop) (bool, []string) {
	if h.era != modern || !portal(h.to) || len(h.told) == 0 {
		return false, nil
	}
	var wrong []string
	for _, m := range h.told {
		if m.request() {
			wrong = append(wrong, "the answer holds the request "+v.show(m.method))
		}
	}
	return true, wrong
}

func noAnswerIsPosted(_ *view, h *hop) (bool, []string) {
	if h.era != modern || !h.behind() || len(h.asked) == 0 {
		return false, nil
	}
	if slices.ContainsFunc(h.asked, message.response) {
		return true, []string{"the request is an answer"}
	}
	return true, nil
}

func resultsSayTheirType(_ *view, h *hop) (bool, []string) {
	if h.era != modern || !portal(h.to) || !h.resulted() {
		return false, nil
	}
	var wrong []string
	for _, m := range h.told {
		if result, ok := m.doc["result"].(map[string]any); ok {
			if kind, _ := result["resultType"].(string); kind == "" {
				wrong = append(wrong, "a result is without resultType")
			}
		}
	}
	return true, wrong
}

func requestsSayWhoSends(_ *view, h *hop) (bool, []string) {
	if h.era != modern || !h.behind() || !portal(h.from) || !slices.ContainsFunc(h.asked, message.request) {
		return false, nil
	}
	var wrong []string
	for _, m := range h.asked {
		if _, ok := m.meta[metaVersion].(string); !ok {
			wrong = append(wrong, "the request does not say its revision")
		}
		if _, ok := m.meta[clientCapabilities].(map[string]any); !ok {
			wrong = append(wrong, "the request does not say what its sender can do")
		}
	}
	return true, wrong
}

// MCP 2026-07-28, Error Codes: the range that the protocol keeps for itself,
// what it has defined of it, and what it has retired.
const (
	reservedFrom, reservedTo = -32099, -32020
	definedFrom              = -32022
)

func errorCodes(v *view, h *hop) (bool, []string) {
	if h.era != modern || !portal(h.to) || len(h.told) == 0 {
		return false, nil
	}
	var wrong []string
	for _, m := range h.told {
		e, _ := m.doc["error"].(map[string]any)
		code, ok := number(e["code"])
		switch {
		case !ok:
		case code == -32002, code == -32042:
			wrong = append(wrong, fmt.Sprintf("the code %.0f is retired", code))
		case code >= reservedFrom && code <= reservedTo && code < definedFrom:
			wrong = append(wrong, fmt.Sprintf("the code %.0f is reserved, and nobody defined it", code))
		}
	}
	return true, wrong
}

func progressWasAskedFor(_ *view, h *hop) (bool, []string) {
	if !portal(h.to) || h.Request.Method != http.MethodPost || len(h.asked) == 0 {
		return false, nil
	}
	judged, done, wrong := false, false, []string(nil)
	last := map[any]float64{}
	for _, m := range h.told {
		if done = done || m.response(); m.method != "notifications/progress" {
			continue
		}
		judged = true
		token, _ := key(m.params["progressToken"])
		mine := slices.ContainsFunc(h.asked, func(a message) bool {
			asked, ok := key(a.meta["progressToken"])
			return ok && asked == token
		})
		before, again := last[token]
		now, _ := number(m.params["progress"])
		switch {
		case !mine:
			wrong = append(wrong, "progress is told under a token that the request does not have")
		case done:
			wrong = append(wrong, "progress is told after the answer")
		case again && now <= before:
			wrong = append(wrong, fmt.Sprintf("progress goes from %g to %g", before, now))
		}
		last[token] = now
	}
	return judged, wrong
}

// key is a progress token as something that can be compared.
func key(token any) (any, bool) {
	switch token.(type) {
	case string, float64:
		return token, true
	}
	return nil, false
}

func notificationsGet202(v *view, h *hop) (bool, []string) {
	if !portal(h.to) || len(h.asked) == 0 || h.Response == nil || slices.ContainsFunc(h.asked, message.request) {
		return false, nil
	}
	switch {
	case h.Status() >= http.StatusBadRequest:
		return true, nil
	case h.Status() != http.StatusAccepted:
		return true, []string{fmt.Sprintf("the status is %d", h.Status())}
	case h.Response.Body != "":
		return true, []string{"the answer has a body"}
	}
	return true, nil
}

// answersAreJSONOrEvents looks at what is a message, and at what should be one.
func answersAreJSONOrEvents(v *view, h *hop) (bool, []string) {
	if !portal(h.to) || h.Request.Method != http.MethodPost || !slices.ContainsFunc(h.asked, message.request) ||
		h.Response == nil || !h.succeeded() && len(h.told) == 0 {
		return false, nil
	}
	kind, _, _ := mime.ParseMediaType(h.tells("Content-Type"))
	switch {
	case kind != "application/json" && kind != "text/event-stream":
		return true, []string{"the answer's content type is " + v.show(kind)}
	case kind == "application/json" && len(h.told) == 0:
		return true, []string{"the answer is not one JSON object of JSON-RPC"}
	}
	return true, nil
}
