package scenarios

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portico-mcp/portico/fixtures"
	"github.com/portico-mcp/portico/scenarios/target"
	"github.com/portico-mcp/portico/scenarios/world"
)

// ErrNotRun says that the target is not there to be judged: it cannot be put
// into a town, nobody gets in, or a call reaches no server. Everything that a
// story then found out would be about nothing.
var ErrNotRun = errors.New("the target could not be run")

// Where the canary call goes.
const (
	canaryWorld  = "everyday"
	canaryPerson = "alice"
	canaryServer = "wiki"
	canaryTool   = "wiki_search"
	patience     = 30 * time.Second
)

// preflight makes one call through the target, and wants to see it at the server
// it was meant for.
func preflight(t *testing.T, tg target.Target) error {
	err := errors.New("the town did not stand")
	try := func() { err = canary(tg) }
	if !tg.Has(target.VirtualTime) {
		try()
	} else {
		synctest.Test(t, func(*testing.T) {
			try()
			time.Sleep(lingering)
		})
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotRun, err)
	}
	return nil
}

func canary(tg target.Target) error {
	place, err := fixtures.LoadWorld(canaryWorld)
	if err != nil {
		return err
	}
	w, err := world.Open(tg, place, Revisions[0])
	if err != nil {
		return err
	}
	defer w.Close()
	defer time.AfterFunc(patience, w.Abandon).Stop()
	session, err := w.Person(canaryPerson).TryConnect()
	if err != nil {
		return fmt.Errorf("nobody gets in: %w", err)
	}
	answer, err := session.TryCall(canaryTool, world.Args{"query": "canaries"})
	switch {
	case err != nil:
		return fmt.Errorf("the call of %s fails: %w", canaryTool, err)
	case answer.Error != nil:
		return fmt.Errorf("the call of %s is refused: %w; is the portal told of our servers?", canaryTool, answer.Error)
	case len(w.Whole().Into(canaryServer).Asking("tools/call").Exchanges) == 0:
		return fmt.Errorf("the call of %s was answered, and did not reach the server %q", canaryTool, canaryServer)
	}
	return nil
}
