package mutants

import "net/http"

var _ = add(Mutant{
	ID: "deny-all", Says: "Refuses everybody, with 403.",
	Mute: true, Spares: []string{"SY-*", "MCP-UC-*"}, // its sync goes on

	Breaks:    []string{"CD-02", "CD-03"},
	Also:      []string{"*"},
	Tampering: front(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }),
})
