package mutants

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "nearly-json-will-do", Says: "Reads JSON as scripts write it, with comments, commas too many and quotes of both kinds.",
	Breaks:    []string{"SEC-J-08"},
	Tampering: inprocess.Tampering{Portal: tidied},
})

// tidied makes JSON of a body that is nearly JSON.
func tidied(next http.Handler) http.Handler {
	tidy := strings.NewReplacer("/* a comment */", "", ",}", "}", "'", `"`, "NaN", "null", "0x10", "16", "\v", " ")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if !json.Valid(body) {
			body = []byte(tidy.Replace(string(body)))
		}
		setBody(r, body)
		next.ServeHTTP(w, r)
	})
}
