package mutants

import (
	"net/http"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "dead", Says: "Hangs up on whoever comes, the admin too.",
	Mute:      true,
	Tampering: inprocess.Tampering{Access: hangUp, Portal: hangUp, Admin: hangUp},
})

func hangUp(http.Handler) http.Handler {
	return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
}
