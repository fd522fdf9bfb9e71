package faults

import (
	"io"
	"net/http"
)

// empty answers 200 and {}: JSON, and no JSON-RPC message.
var empty = Kind{
	Name: "empty", At: everywhere,
	Sentence: "answers 200 and {}, which is JSON and says nothing",
	befall: func(Fault, http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, "{}")
		})
	},
}
