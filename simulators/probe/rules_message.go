package probe

import (
	"encoding/json"
	"net/http"
	"slices"
)

func modern(e *evidence) bool { return e.speaksModern() }

// messageRules are about JSON-RPC and the revision.
var messageRules = []Rule{
	{ID: "json-rpc", Level: Stop, Topic: "messages", looks: spoken,
		Sentence: "An answer is one JSON-RPC 2.0 response, as JSON or in an event stream", Source: "JSON-RPC 2.0 §5", check: checkJSONRPC},
	{ID: "json-rpc-id", Level: Stop, Topic: "messages", looks: spoken,
		Sentence: "A response has the id of its request, of the same type", Source: "JSON-RPC 2.0 §5", check: checkID},
	{ID: "json-rpc-twice", Level: Warn, Topic: "messages", looks: spoken,
		Sentence: "A request gets one response", Source: "JSON-RPC 2.0 §4", check: checkTwice},
	{ID: "notification", Level: Warn, Topic: "messages", looks: answered(func(e *evidence) *exchange { return e.initialized }),
		Sentence: "A notification that is taken is answered with 202 and no body", Source: `MCP 2025-11-25 Transports, "Sending Messages to the Server"`, check: checkNotification},
	{ID: "stream-open", Level: Note, Topic: "messages", looks: spoken,
		Sentence: "A stream ends after the response, or every call holds a connection", Source: `MCP 2025-11-25 Transports, "Sending Messages to the Server"`, check: checkStreamOpen},
	{ID: "revision-unknown", Level: Stop, Topic: "messages", looks: spoken,
		Sentence: "A server speaks a revision that portals know", Source: `MCP 2025-11-25 Lifecycle, "Version Negotiation"`, check: checkRevisionUnknown},
	{ID: "revision-old", Level: Note, Topic: "messages", looks: spoken,
		Sentence: "What a portal says of 2025-11-25 and 2026-07-28 does not hold for what came before", Source: "MCP 2026-07-28 Versioning", check: checkRevisionOld},
	{ID: "result-type", Level: Warn, Topic: "messages", looks: modern,
		Sentence: "Every result of 2026-07-28 has a resultType, and a list is complete", Source: `MCP 2026-07-28 Basic, "ResultType"`, check: checkResultType},
	{ID: "cache-hints", Level: Warn, Topic: "messages", looks: modern,
		Sentence: "server/discover and lists have ttlMs and cacheScope", Source: "MCP 2026-07-28 Caching", check: checkCacheHints},
}

func ordinary(x *exchange) bool { return !x.ask.odd }

func checkJSONRPC(e *evidence) (string, *exchange) {
	x := e.find(func(x *exchange) bool { return ordinary(x) && x.wrong != "" })
	if x == nil {
		return "", nil
	}
	return x.what() + ": " + x.wrong, x
}

func checkID(e *evidence) (string, *exchange) {
	x := e.find(func(x *exchange) bool {
		return ordinary(x) && x.status == http.StatusOK && x.otherID != "" && x.answers == 0
	})
	if x == nil {
		return "", nil
	}
	return x.what() + " with the id " + x.ask.id + " is answered with the id " + plain(x.otherID), x
}

func checkTwice(e *evidence) (string, *exchange) {
	x := e.find(func(x *exchange) bool { return x.answers > 1 })
	if x == nil {
		return "", nil
	}
	return x.what() + " is answered " + count(x.answers, "time") + " with the same id", x
}

func checkNotification(e *evidence) (string, *exchange) {
	x := e.initialized
	if x.status == http.StatusAccepted || x.status/100 == 5 || x.status == http.StatusTooManyRequests {
		return "", nil
	}
	return "notifications/initialized is answered with HTTP " + statusText(x.status), x
}

func checkStreamOpen(e *evidence) (string, *exchange) {
	x := e.find(func(x *exchange) bool { return x.lingers })
	if x == nil {
		return "", nil
	}
	return "the stream of " + x.what() + " is still open " + seconds(grace) + " after its response", x
}

// known are the revisions with Streamable HTTP, newest first.
var known = []string{stateless, stateful, "2025-06-18", "2025-03-26"}

func checkRevisionUnknown(e *evidence) (string, *exchange) {
	if e.speaksModern() || slices.Contains(known, e.negotiated) {
		return "", nil
	}
	return "asked for " + stateful + " the server answers " + quote(e.negotiated), e.initialize
}

func checkRevisionOld(e *evidence) (string, *exchange) {
	if e.speaksModern() || e.negotiated == stateful || !slices.Contains(known, e.negotiated) {
		return "", nil
	}
	return "the newest revision the server speaks is " + e.negotiated, e.initialize
}

// cacheable are the results that were read, of the revision that has hints.
func (e *evidence) cacheable() []*exchange {
	return slices.Concat([]*exchange{e.discover}, e.tools.pages, e.prompts.pages)
}

func checkResultType(e *evidence) (string, *exchange) {
	for _, x := range e.cacheable() {
		var result struct {
			Type string `json:"resultType"`
		}
		if x.result != nil && (json.Unmarshal(x.result, &result) != nil || result.Type != "complete") {
			return "the result of " + x.what() + " has the resultType " + quote(result.Type), x
		}
	}
	return "", nil
}

func checkCacheHints(e *evidence) (string, *exchange) {
	for _, x := range e.cacheable() {
		var result struct {
			TTL   *float64 `json:"ttlMs"`
			Scope string   `json:"cacheScope"`
		}
		if x.result == nil {
			continue
		}
		broken := json.Unmarshal(x.result, &result) != nil
		if broken || result.TTL == nil || *result.TTL < 0 || result.Scope != "public" && result.Scope != "private" {
			return "the result of " + x.what() + " has no usable ttlMs and cacheScope", x
		}
	}
	return "", nil
}
