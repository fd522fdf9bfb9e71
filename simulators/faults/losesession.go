package faults

import "net/http"

// loseSession answers 404 to what carries a session id, as a server does that
// has forgotten its sessions (MCP 2025-11-25 Transports, "Session Management").
// A client must then begin a new one. It has no effect in 2026-07-28.
var loseSession = Kind{
	Name: "lose-session", At: speakers,
	Sentence: "answers 404 to requests that carry a session id",
	needs:    func(r *http.Request) bool { return r.Header.Get("Mcp-Session-Id") != "" },
	befall: func(Fault, http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "there is no such session", http.StatusNotFound)
		})
	},
}
