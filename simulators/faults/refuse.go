package faults

import (
	"encoding/json"
	"io"
	"net/http"
)

// refuse answers a JSON-RPC request with an internal error (JSON-RPC 2.0 §5.1).
var refuse = Kind{
	Name: "refuse", At: speakers,
	Sentence: "answers requests with the JSON-RPC error -32603",
	strikes:  func(r *http.Request) bool { return r.URL.Path == endpoint && r.Method == http.MethodPost },
	befall: func(_ Fault, next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
			var request struct {
				ID     json.RawMessage
				Method string
			}
			if err != nil || json.Unmarshal(body, &request) != nil || request.ID == nil || request.Method == "" {
				w.WriteHeader(http.StatusAccepted) // a notification has no answer, nor has an answer
				return
			}
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"jsonrpc":"2.0","id":`+string(request.ID)+`,"error":{"code":-32603,"message":"the server has a fault"}}`)
		})
	},
}
