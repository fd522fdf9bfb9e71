package upstream

import (
	"net/http"
	"sync"

	"github.com/mark3labs/mcp-go/mcp"
)

// LosesSession is the Fault of a server that forgets one session, once: at the
// use-th request that carries its session id, counted from 1 (which is
// notifications/initialized), and from then on, it answers 404. Sessions
// opened later live. It has no effect in 2026-07-28.
func LosesSession(use int) Fault {
	return func(next http.Handler) http.Handler { return &losing{next: next, use: use} }
}

type losing struct {
	next http.Handler
	use  int

	mu   sync.Mutex
	seen int
	lost string // the session id that was forgotten
}

// ServeHTTP answers for the lost session and passes the rest on.
func (l *losing) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if l.loses(r.Header.Get(mcp.HeaderSessionID)) {
		notFound("there is no such session").write(w, nil)
		return
	}
	l.next.ServeHTTP(w, r)
}

func (l *losing) loses(id string) bool {
	if id == "" {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lost == "" {
		l.seen++
		if l.seen == l.use {
			l.lost = id
		}
	}
	return id == l.lost
}
