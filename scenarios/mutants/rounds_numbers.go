package mutants

import (
	"encoding/json"
)

var _ = add(Mutant{
	ID: "rounds-numbers", Says: "Reads the numbers of a result as floating-point numbers.",
	Breaks: []string{"MCP-IX-06"},
	Tampering: resulting("attic_trunk", func(result message) {
		structured := result.member("structuredContent")
		if n, err := structured["count"].(json.Number).Float64(); err == nil {
			structured["count"] = n
		}
	}),
})
