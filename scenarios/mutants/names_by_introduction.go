package mutants

import (
	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "names-by-introduction", Says: "Lists tools under what their server calls itself.",
	Breaks:    []string{"MCP-IX-01"},
	Also:      []string{"NS-05"}, // the one of two that is listed otherwise is not there
	Tampering: inprocess.Tampering{Portal: at("/mcp", listed("tools", renamed("docs_search", "library_search")))},
})
