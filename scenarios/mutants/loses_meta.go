package mutants

import (
	"net/http"
)

var _ = add(Mutant{
	ID: "loses-meta", Says: "Leaves out what a client says about its call.",
	Breaks: []string{"MCP-IX-06"},
	Tampering: calling("attic", "trunk", func(_ *http.Request, call message) {
		meta := call.member("params").member("_meta")
		delete(meta, "attic.example/dust")
		delete(meta, "attic.example/weight")
	}),
})
