package mutants

import (
	"strings"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "letters-that-look-alike", Says: "Takes keys for its own that Unicode folds to them.",
	Breaks: []string{"SEC-J-03"},
	Also:   []string{"MCP-IX-06"}, // a key that was unknown does not arrive
	Tampering: inprocess.Tampering{Portal: folding(func(key, known string) bool {
		return strings.EqualFold(key, known) && !isASCII(key)
	})},
})
