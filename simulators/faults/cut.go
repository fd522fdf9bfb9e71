package faults

import "net/http"

// cut lets the party answer and closes the connection in the middle of the
// body.
var cut = Kind{
	Name: "cut", At: speakers,
	Sentence: "answers, and closes the connection in the middle of the body",
	befall: func(_ Fault, next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(&shears{ResponseWriter: w}, r)
			panic(http.ErrAbortHandler) // an answer without a body ends here too
		})
	},
}

// shears lets half of the first write through.
type shears struct{ http.ResponseWriter }

func (s *shears) Write(p []byte) (int, error) {
	_, _ = s.ResponseWriter.Write(p[:len(p)/2])
	_ = http.NewResponseController(s.ResponseWriter).Flush()
	panic(http.ErrAbortHandler)
}

// Flush sends what was written so far.
func (s *shears) Flush() { _ = http.NewResponseController(s.ResponseWriter).Flush() }
