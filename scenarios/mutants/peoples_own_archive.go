package mutants

import (
	"github.com/portico-mcp/portico/reference"
)

var _ = add(Mutant{
	ID: "peoples-own-archive", Says: "Lets each person sign in where the admin's credential is to serve all.",
	Breaks: []string{"CR-02"},
	Also:   []string{"ST-05"}, // the admin's credential serves no machine either
	Tampering: tampering(func(c *reference.Config) {
		if archive := server(c, "archive"); archive != nil {
			archive.OnBehalf = true
		}
	}),
})
