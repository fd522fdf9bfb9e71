package scenarios_test

import (
	"testing"

	"github.com/portico-mcp/portico/scenarios"
	"github.com/portico-mcp/portico/scenarios/target/inprocess"
	"github.com/portico-mcp/portico/scenarios/verdict"
)

func TestScenarios(t *testing.T) {
	if err := inprocess.Warm(); err != nil {
		t.Fatal(err)
	}
	results := scenarios.Run(t, inprocess.Memory{}, scenarios.Options{})
	t.Log(verdict.Summary(results))
}
