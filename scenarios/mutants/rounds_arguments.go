package mutants

import (
	"encoding/json"
	"net/http"
)

var _ = add(Mutant{
	ID: "rounds-arguments", Says: "Reads the numbers of arguments as floating-point numbers.",
	Breaks: []string{"MCP-IX-06"},
	Tampering: calling("attic", "trunk", func(_ *http.Request, call message) {
		arguments := call.member("params").member("arguments")
		if n, ok := arguments["count"].(json.Number); ok {
			arguments["count"], _ = n.Float64()
		}
	}),
})
