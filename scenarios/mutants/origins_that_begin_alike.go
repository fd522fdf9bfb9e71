package mutants

import (
	"net/http"
	"strings"

	"github.com/portico-mcp/portico/reference"
	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "origins-that-begin-alike", Says: "Serves the page of any website whose address begins as its own does.",
	Breaks:    []string{"SEC-H-02"},
	Tampering: byPrefix(),
})

func byPrefix() (t inprocess.Tampering) {
	var own string
	t.Config = func(c *reference.Config) { own = c.Origin }
	t.Access = at("/mcp", asked(func(r *http.Request, _ message) {
		if strings.HasPrefix(r.Header.Get("Origin"), own) {
			r.Header.Del("Origin")
		}
	}))
	return t
}
