package mutants

import (
	"net/http"
	"strings"
)

var _ = add(Mutant{
	ID: "wrong-scheme", Says: "Sends a static token without saying that it is a bearer token.",
	Breaks: []string{"CR-04", "TC-01"},
	Tampering: calling("tickets", "create", func(r *http.Request, _ message) {
		r.Header.Set("Authorization", strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
	}),
})
