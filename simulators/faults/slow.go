package faults

import (
	"net/http"
	"time"
)

// slow waits before the party sees the request. A client that leaves meanwhile
// has asked nothing.
var slow = Kind{
	Name: "slow", At: everywhere, Delay: 3 * time.Second, passes: true,
	Sentence: "answers late, by 3s unless another time is given",
	befall: func(f Fault, next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			wait := time.NewTimer(time.Duration(f.Delay))
			defer wait.Stop()
			select {
			case <-wait.C:
				next.ServeHTTP(w, r)
			case <-r.Context().Done():
				panic(http.ErrAbortHandler)
			}
		})
	},
}
