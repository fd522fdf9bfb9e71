package scenarios_test

import (
	"os"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/portico-mcp/portico/fixtures"
	"github.com/portico-mcp/portico/scenarios"
)

// The table in the repository is the one that portico coverage --write writes.
func TestTheCoverageTableIsWhatIsCovered(t *testing.T) {
	written, err := os.ReadFile("../fixtures/requirements/COVERAGE.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(written) != covered(t).Markdown() {
		t.Error("fixtures/requirements/COVERAGE.md is not what the stories cover: go run ./cmd/portico coverage --write")
	}
}

// The number of open musts turns one way.
func TestOpenMustsOnlyBecomeFewer(t *testing.T) {
	b, err := os.ReadFile("../fixtures/ratchet.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var ratchet struct {
		OpenMusts int `yaml:"open_musts"`
	}
	if err := yaml.Unmarshal(b, &ratchet); err != nil {
		t.Fatal(err)
	}
	switch open := covered(t).OpenMusts(); {
	case open > ratchet.OpenMusts:
		t.Errorf("%d musts are open, and %d may be: a row without a story was added, or a story lost its row", open, ratchet.OpenMusts)
	case open < ratchet.OpenMusts:
		t.Errorf("only %d musts are open: write that into fixtures/ratchet.yaml, so that it stays so", open)
	}
}

// Every story names requirements that exist and are not excluded, in revisions
// that the requirement exists in.
func TestStoriesCheckRequirementsThatExist(t *testing.T) {
	for id, stories := range scenarios.Checked() {
		q, err := fixtures.FindRequirement(id)
		if err != nil {
			t.Errorf("%s checks %s: %v", stories[0].Title, id, err)
			continue
		}
		if q.Excluded != "" {
			t.Errorf("%s checks %s, which is excluded: %s", stories[0].Title, id, q.Excluded)
		}
	}
}

// A set is frozen: it names checks that exist and are made.
func TestCheckSetsNameChecksThatAreMade(t *testing.T) {
	checked := scenarios.Checked()
	for _, name := range fixtures.CheckSets() {
		set, err := fixtures.LoadCheckSet(name)
		if err != nil {
			t.Fatal(err)
		}
		if len(set.Checks) == 0 {
			t.Errorf("check set %s is empty", name)
		}
		for _, id := range set.Checks {
			if len(checked[id]) == 0 {
				t.Errorf("check set %s has %s, which nothing checks", name, id)
			}
		}
	}
}

func covered(t *testing.T) scenarios.Coverage {
	t.Helper()
	c, err := scenarios.Covered()
	if err != nil {
		t.Fatal(err)
	}
	return c
}
