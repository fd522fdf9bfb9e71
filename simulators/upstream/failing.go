package upstream

import "net/http"

// Failing is the Fault of a server that answers everything with one HTTP
// status and a page that is no JSON.
func Failing(status int) Fault {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, http.StatusText(status), status)
		})
	}
}
