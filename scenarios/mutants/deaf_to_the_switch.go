package mutants

import (
	"encoding/json"
	"net/http"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "deaf-to-the-switch", Says: "Takes the admin's word that calls be routed, says so, and routes none.",
	Breaks:    []string{"GW-01"},
	Tampering: inprocess.Tampering{Admin: at("/portal", switchedInWords)},
})

// switchedInWords remembers how the routing was switched, and does nothing about it.
func switchedInWords(next http.Handler) http.Handler {
	on := false
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPatch {
			var to struct {
				On bool `json:"secure_web_gateway"`
			}
			_ = json.NewDecoder(r.Body).Decode(&to) // what cannot be read switches it off
			on = to.On
		}
		r.Method, r.Body, r.ContentLength = http.MethodGet, http.NoBody, 0
		document(func(m message) { m.member("result")["secure_web_gateway"] = on })(next).ServeHTTP(w, r)
	})
}
