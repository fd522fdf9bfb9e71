package upstream

import "net/http"

// Fault is something wrong with a server: it stands in front of it, and before
// its guard, and lets through what it likes.
type Fault func(http.Handler) http.Handler
