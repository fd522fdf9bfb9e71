package upstream

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"sync/atomic"
)

// On is a Fault that strikes only requests of one JSON-RPC method, from the one
// after the first spared ones on. Everything else passes as if the server were
// well. A body that cannot be read as a message passes too: the server refuses
// it by itself.
func On(method string, spared int, f Fault) Fault {
	return func(next http.Handler) http.Handler {
		struck := f(next)
		var seen atomic.Int64
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if asks(r, method) && seen.Add(1) > int64(spared) {
				struck.ServeHTTP(w, r)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// asks says whether the request carries the method, and leaves its body to be
// read again.
func asks(r *http.Request, method string) bool {
	body, err := io.ReadAll(io.LimitReader(r.Body, 8<<20))
	r.Body = readAgain{io.MultiReader(bytes.NewReader(body), r.Body), r.Body}
	var message struct{ Method string }
	return err == nil && json.Unmarshal(body, &message) == nil && message.Method == method
}

type readAgain struct {
	io.Reader
	io.Closer
}
