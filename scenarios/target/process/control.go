// Package process is a whole town in another process, `portico up`, as a
// target: its portal is reached over real sockets, and what its parties saw is
// read from the town's control port.
package process

import (
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"time"

	"github.com/portico-mcp/portico/scenarios/target"
	"github.com/portico-mcp/portico/simulators/gateway"
	"github.com/portico-mcp/portico/simulators/trace"
)

// Ready is what a town in another process says when it stands: one line of
// JSON on standard output.
type Ready struct {
	Endpoint  string                 `json:"endpoint"`
	Origins   map[trace.Party]string `json:"origins"`
	Addresses map[trace.Party]string `json:"addresses"`
	Refused   map[string]string      `json:"refused"`
	Admin     target.Admin           `json:"admin"`
	Control   Control                `json:"control"`
}

// Control is where the town is asked what it saw.
type Control struct {
	URL   string `json:"url"`
	Token string `json:"token"`
}

// Journal is what a town saw, and since when.
type Journal struct {
	Began time.Time   `json:"began"`
	Trace trace.Trace `json:"trace"`
}

// Handler answers a town's control port: GET /journal, GET /gateway (the
// gateway's log) and POST /forget, each with the bearer token.
func Handler(town *target.Town, began func() time.Time, token string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /journal", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, Journal{Began: began(), Trace: town.Trace()})
	})
	mux.HandleFunc("GET /gateway", func(w http.ResponseWriter, _ *http.Request) {
		log := town.GatewayLog()
		if log == nil {
			log = []gateway.Record{}
		}
		answer(w, log)
	})
	mux.HandleFunc("POST /forget", func(w http.ResponseWriter, _ *http.Request) {
		town.Forget()
		w.WriteHeader(http.StatusNoContent)
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), []byte("Bearer "+token)) != 1 {
			w.Header().Set("WWW-Authenticate", `Bearer realm="portico control"`)
			http.Error(w, "the control port wants the token that was printed at the start", http.StatusUnauthorized)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}
