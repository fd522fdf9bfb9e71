package mutants

import (
	"net/http"

	"github.com/portico-mcp/portico/reference"
	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "asks-around", Says: "Knocks at its first server when a name is unknown.",
	Breaks:    []string{"NS-11", "MCP-IX-05", "MCP-FS-41"},
	Tampering: askingAround(),
})

func askingAround() inprocess.Tampering {
	var knock func(*http.Request)
	return inprocess.Tampering{
		Config: func(c *reference.Config) { knock = knocker(c) },
		Portal: at("/mcp", answered(func(r *http.Request, request []byte, _ *answer) {
			if q := read(request); q.method() == "tools/call" && q.named() == "library_search" {
				knock(r)
			}
		})),
	}
}
