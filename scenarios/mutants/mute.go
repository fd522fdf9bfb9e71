package mutants

import (
	"io"
	"net/http"
)

var _ = add(Mutant{
	ID: "mute", Says: "Answers everything with 200 and an empty object.",
	Mute: true, Spares: []string{"SY-*", "MCP-UC-*"}, // its sync goes on

	Breaks: []string{"CD-02", "CD-03"},
	Also:   []string{"*"},
	Tampering: front(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, "{}")
	}),
})
