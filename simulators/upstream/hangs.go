package upstream

import (
	"io"
	"net/http"
)

// Hangs is the Fault of a server that takes requests and never answers, until
// the client gives up or the server is closed.
func Hangs(http.Handler) http.Handler {
	return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		// A client that leaves is noticed only after its body was read.
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	})
}
