package faults

import "net/http"

// fail answers with an HTTP status and a page that is no JSON. A 401 says that
// the token is not good (RFC 6750 §3.1), a 429 and a 503 when to come again
// (RFC 9110 §10.2.3).
var fail = Kind{
	Name: "fail", At: everywhere, Status: http.StatusInternalServerError,
	Sentence: "answers with an HTTP status, 500 unless another is given",
	befall: func(f Fault, _ http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			switch f.Status {
			case http.StatusUnauthorized:
				w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
			case http.StatusTooManyRequests, http.StatusServiceUnavailable:
				w.Header().Set("Retry-After", "1")
			}
			http.Error(w, http.StatusText(f.Status), f.Status)
		})
	},
}
