package mutants

import (
	"net/http"
	"regexp"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var destination = regexp.MustCompile(`<dt>You will be sent to</dt><dd>.*</dd>`)

var _ = add(Mutant{
	ID: "hides-where-it-leads", Says: "Asks for consent without a word about where the browser goes next.",
	Breaks: []string{"MCP-AS-07"},
	Tampering: inprocess.Tampering{Access: at("/oauth/authorize", answered(func(_ *http.Request, _ []byte, a *answer) {
		a.Body = destination.ReplaceAll(a.Body, nil)
	}))},
})
