// Package process is a whole town in another process, `portico up`, as a
// target: its portal is reached over real sockets, and what its parties saw is
// read from the town's control port.
package process

import (
	"time"

	"github.com/portico-mcp/portico/scenarios/target"
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

// past is what a town saw, and since when.
type past struct {
	Began time.Time   `json:"began"`
	Trace trace.Trace `json:"trace"`
}
