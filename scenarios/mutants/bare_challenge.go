package mutants

import (
	"net/http"
	"regexp"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "bare-challenge", Says: "Challenges without a word about where its metadata is.",
	Breaks:    []string{"CD-03"},
	Tampering: inprocess.Tampering{Access: challenging("")},
})

var way = regexp.MustCompile(`resource_metadata="[^"]*"(, )?`)

// challenging puts something else in the place of the way to the metadata.
func challenging(with string) handler {
	return at("/mcp", answered(func(_ *http.Request, _ []byte, a *answer) {
		if said := a.Header.Get("WWW-Authenticate"); said != "" {
			a.Header.Set("WWW-Authenticate", way.ReplaceAllString(said, with))
		}
	}))
}
