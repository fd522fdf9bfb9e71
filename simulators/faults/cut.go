package faults

import (
	"context"
	"net/http"
	"sync/atomic"
)

// cut lets the party answer and closes the connection in the middle of the
// body.
var cut = Kind{
	Name: "cut", At: speakers, passes: true,
	Sentence: "answers, and closes the connection in the middle of the body",
	befall: func(_ Fault, next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx, cancel := context.WithCancel(r.Context())
			defer cancel()
			next.ServeHTTP(&shears{ResponseWriter: w, cut: cancel}, r.WithContext(ctx))
			panic(http.ErrAbortHandler) // an answer without a body ends here too
		})
	},
}

// shears lets half of the first write through. To the party it then looks as if
// the client had left: it may write from a goroutine that must not panic.
type shears struct {
	http.ResponseWriter
	cut  func()
	done atomic.Bool
}

// Write sends half and cuts; after that it fails.
func (s *shears) Write(p []byte) (int, error) {
	if s.done.Swap(true) {
		return 0, http.ErrAbortHandler
	}
	n, _ := s.ResponseWriter.Write(p[:len(p)/2])
	_ = http.NewResponseController(s.ResponseWriter).Flush()
	s.cut()
	return n, http.ErrAbortHandler
}

// Flush sends what was written so far.
func (s *shears) Flush() {
	if !s.done.Load() {
		_ = http.NewResponseController(s.ResponseWriter).Flush()
	}
}
