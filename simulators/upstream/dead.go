package upstream

import "net/http"

// Dead is the Fault of a server that closes every connection without an answer.
func Dead(http.Handler) http.Handler {
	return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
}
