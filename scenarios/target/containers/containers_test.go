package containers_test

import (
	"context"
	"strings"
	"testing"

	"github.com/testcontainers/testcontainers-go"

	"github.com/portico-mcp/portico/scenarios"
	"github.com/portico-mcp/portico/scenarios/target/containers"
	"github.com/portico-mcp/portico/scenarios/target/process"
	"github.com/portico-mcp/portico/scenarios/verdict"
)

// The same stories hold for a town in a container: credentials, and a sync
// that does not pass the gateway.
func TestStoriesAgainstAContainer(t *testing.T) {
	// The reaper's image would come from a registry; Close removes everything.
	t.Setenv("TESTCONTAINERS_RYUK_DISABLED", "true")
	provider, err := testcontainers.NewDockerProvider()
	if err == nil {
		err = provider.Health(t.Context())
	}
	if err != nil {
		why, _, _ := strings.Cut(err.Error(), "\n")
		t.Skipf("no Docker daemon answers: a town in a container is not tested: %s", why)
	}
	dir := t.TempDir()
	if err := containers.Build(t.Context(), "../../..", dir); err != nil {
		t.Fatal(err)
	}
	towns := &process.Target{Launch: containers.Launch(context.WithoutCancel(t.Context()), dir), Title: "portico up in a container"}
	t.Cleanup(func() {
		if err := towns.Close(); err != nil {
			t.Error(err)
		}
	})

	results := scenarios.Run(t, towns, scenarios.Options{Select: []string{"TC-01", "CR-0*", "SY-05", "GW-04"}})

	t.Log(verdict.Summary(results))
	if verdict.Exit(results) != verdict.ExitGood {
		t.Error("the stories do not hold in a container")
	}
}
