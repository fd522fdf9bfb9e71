package mutants

import (
	"net/http"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "hides-its-challenges", Says: "Says which challenges it takes to those alone who ask as its usual clients do.",
	Breaks: []string{"MCP-AS-01", "SEC-A-07"},
	Tampering: inprocess.Tampering{Access: at(describesItself, answered(func(r *http.Request, _ []byte, a *answer) {
		if r.Header.Get("Content-Type") != "" {
			a.Body = eachMessage(a.Header, a.Body, func(m message) { delete(m, "code_challenge_methods_supported") })
		}
	}))},
})
