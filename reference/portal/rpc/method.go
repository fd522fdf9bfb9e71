package rpc

import "encoding/json"

// methodName reads the method member without allocating for the names that
// the protocol has; "" if it is not a non-empty string.
func methodName(value json.RawMessage) string {
	switch string(value) {
	case `"tools/call"`:
		return "tools/call"
	case `"tools/list"`:
		return "tools/list"
	case `"prompts/get"`:
		return "prompts/get"
	case `"prompts/list"`:
		return "prompts/list"
	case `"resources/read"`:
		return "resources/read"
	case `"ping"`:
		return "ping"
	case `"notifications/progress"`:
		return "notifications/progress"
	case `"notifications/message"`:
		return "notifications/message"
	}
	name, _ := Unquote(value)
	return name
}

// Exists reports whether a revision has a request method. Methods that neither
// has, those of extensions, are said to exist: only their receiver knows.
func Exists(method string, rev Revision) bool {
	switch method {
	case "initialize", "ping", "logging/setLevel", "resources/subscribe", "resources/unsubscribe",
		"tasks/result", "tasks/list":
		return rev != Stateless
	case "server/discover", "subscriptions/listen", "tasks/update":
		return rev == Stateless
	}
	return true
}

// cacheable reports whether results of a method carry ttlMs and cacheScope
// (MCP 2026-07-28, Caching).
func cacheable(method string) bool {
	switch method {
	case "server/discover", "tools/list", "prompts/list", "resources/list", "resources/templates/list", "resources/read":
		return true
	}
	return false
}
