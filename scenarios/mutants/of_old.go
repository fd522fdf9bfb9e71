package mutants

import (
	"net/http"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

// toOld tampers with the answers to requests of 2026-07-28 that name a session
// as clients of old did.
func toOld(rewrite func(request []byte, a *answer)) inprocess.Tampering {
	return inprocess.Tampering{Access: at("/mcp", answered(func(r *http.Request, request []byte, a *answer) {
		if r.Method == http.MethodPost && r.Header.Get(sessionID) != "" && r.Header.Get("Mcp-Protocol-Version") >= "2026-07-28" {
			rewrite(request, a)
		}
	}))}
}
