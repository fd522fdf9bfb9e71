package mutants

import (
	"net/http"
	"strings"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "homepage-for-browsers", Says: "Shows its homepage to a browser that opens the endpoint.",
	Breaks: []string{"CD-07"},
	Tampering: inprocess.Tampering{Access: at("/mcp", instead(
		func(r *http.Request) bool { return strings.Contains(r.Header.Get("Accept"), "text/html") },
		func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/", http.StatusFound) },
	))},
})
