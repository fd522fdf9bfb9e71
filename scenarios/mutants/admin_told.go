package mutants

import (
	"net/http"
)

// statuses rewrites what the admin API says of single servers.
func statuses(rewrite func(r *http.Request, status message)) handler {
	return answered(func(r *http.Request, _ []byte, a *answer) {
		a.Body = eachMessage(a.Header, a.Body, func(m message) {
			if status, ok := m["result"].(map[string]any); ok && status["status"] != nil {
				rewrite(r, status)
			}
		})
	})
}
