package mutants

import (
	"log/slog"
	"net/http"

	"github.com/portico-mcp/portico/reference"
	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "logs-the-client-token", Says: "Logs the client's token.",
	Breaks:    []string{"MCP-FA-07"},
	Tampering: loggingTokens(),
})

func loggingTokens() inprocess.Tampering {
	var log *slog.Logger
	return inprocess.Tampering{
		Config: func(c *reference.Config) { log = c.Logger },
		Access: at("/mcp", asked(func(r *http.Request, m message) {
			log.Debug("asked", "method", m.method(), "credential", r.Header.Get("Authorization"))
		})),
	}
}
