package probe

import (
	"net/http"
	"strings"
)

func sessioned(e *evidence) bool { return e.session != "" }

// sessionRules are about 2025-11-25; 2026-07-28 has no sessions.
var sessionRules = []Rule{
	{ID: "session-id", Level: Stop, Topic: "sessions", looks: sessioned,
		Sentence: "A session id has visible ASCII characters only", Source: `MCP 2025-11-25 Transports, "Session Management"`, check: checkSessionID},
	{ID: "session-lost", Level: Warn, Topic: "sessions", looks: answered(func(e *evidence) *exchange { return e.lost }),
		Sentence: "A session the server does not know is answered with 404: from nothing else does a portal learn to begin again after a restart", Source: `MCP 2025-11-25 Transports, "Session Management"`, check: checkLost},
	{ID: "session-required", Level: Note, Topic: "sessions", looks: answered(func(e *evidence) *exchange { return e.unnamed }),
		Sentence: "A server that gives session ids answers requests without one with 400", Source: `MCP 2025-11-25 Transports, "Session Management"`, check: checkUnnamed},
}

func checkSessionID(e *evidence) (string, *exchange) {
	if !strings.ContainsFunc(e.session, func(r rune) bool { return r < '!' || r > '~' }) {
		return "", nil
	}
	return "the session id has spaces or characters that are not ASCII", e.initialize
}

// silentOn says whether a status tells nothing of sessions.
func silentOn(status int) bool {
	return status == http.StatusUnauthorized || status == http.StatusForbidden || status == http.StatusTooManyRequests
}

func checkLost(e *evidence) (string, *exchange) {
	switch x := e.lost; {
	case x.status == http.StatusNotFound, silentOn(x.status):
		return "", nil
	case x.status/100 == 2:
		return "a made-up session id is served", x
	default:
		return "a made-up session id is answered with HTTP " + statusText(x.status), x
	}
}

func checkUnnamed(e *evidence) (string, *exchange) {
	switch x := e.unnamed; {
	case x.status == http.StatusBadRequest, silentOn(x.status):
		return "", nil
	case x.status/100 == 2:
		return "a request without the session id is served", x
	default:
		return "a request without the session id is answered with HTTP " + statusText(x.status), x
	}
}
