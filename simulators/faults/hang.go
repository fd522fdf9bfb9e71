package faults

import (
	"io"
	"net/http"
)

// hang takes the request and never answers, until the client gives up or the
// party is closed.
var hang = Kind{
	Name: "hang", At: everywhere,
	Sentence: "takes requests and never answers",
	befall: func(Fault, http.Handler) http.Handler {
		return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			// A client that leaves is noticed only after its body was read.
			_, _ = io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
			panic(http.ErrAbortHandler)
		})
	},
}
