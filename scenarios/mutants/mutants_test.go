package mutants_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/portico-mcp/portico/fixtures"
	"github.com/portico-mcp/portico/scenarios"
	"github.com/portico-mcp/portico/scenarios/mutants"
)

// Every requirement that binds and is checked has a portal that breaks it: else
// nobody knows whether its check can fail.
func TestEveryCheckedMustIsKilled(t *testing.T) {
	for id := range scenarios.Checked() {
		q, err := fixtures.FindRequirement(id)
		if err != nil {
			t.Error(err)
			continue
		}
		if q.Level == fixtures.Must && len(mutants.Killers(id)) == 0 {
			t.Errorf("%s is checked, and no mutant breaks it: %s", id, q.Says)
		}
	}
}

// A mutant names what exists and is checked, and says one thing.
func TestMutantsNameChecks(t *testing.T) {
	checked := scenarios.Checked()
	for _, m := range mutants.All() {
		if !strings.HasSuffix(m.Says, ".") || strings.Count(m.Says, ". ") > 0 {
			t.Errorf("%s: %q is not one sentence", m.ID, m.Says)
		}
		for _, id := range m.Breaks {
			if len(checked[id]) == 0 {
				t.Errorf("%s breaks %s, which nothing checks", m.ID, id)
			}
		}
		if len(m.Breaks) == 0 && !m.Mute {
			t.Errorf("%s breaks nothing", m.ID)
		}
	}
}

// Each mutant stands in a file of its own.
func TestAFileForEachMutant(t *testing.T) {
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		b, err := os.ReadFile(e.Name())
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(b), "= add(Mutant{"); n > 1 && !strings.HasSuffix(e.Name(), "_test.go") {
			t.Errorf("%s holds %d mutants", e.Name(), n)
		}
	}
}

// The golden matrix has a line for each mutant, and each line is what its mutant
// allows: the checks it names, and no others but the blessed.
func TestTheMatrixIsWhatTheMutantsSay(t *testing.T) {
	lines := 0
	for line := range strings.Lines(mutants.Golden) {
		lines++
		id, rest, _ := strings.Cut(strings.TrimSpace(line), ": ")
		m, err := mutants.Find(id)
		if err != nil {
			t.Errorf("the matrix has %v", err)
			continue
		}
		broken, _, _ := strings.Cut(rest, "(")
		for _, complaint := range m.Complaints(mutants.Outcome{Mutant: id, Broken: strings.Fields(broken)}) {
			t.Errorf("%s: %s", id, complaint)
		}
	}
	if all := mutants.All(); lines != len(all) {
		t.Errorf("the matrix has %d lines, and there are %d mutants: portico mutants --write scenarios/mutants/matrix.txt", lines, len(all))
	}
}

// What is wrong with an outcome is told.
func TestComplaints(t *testing.T) {
	m := mutants.Mutant{ID: "x", Breaks: []string{"CR-07"}, Also: []string{"MO-*"}}
	mute := mutants.Mutant{ID: "y", Mute: true, Spares: []string{"SY-*"}}
	for name, c := range map[string]struct {
		mutant  mutants.Mutant
		outcome mutants.Outcome
		want    []string
	}{
		"what it names":        {m, mutants.Outcome{Broken: []string{"CR-07", "MO-14"}, Lost: []string{"TC-01"}}, nil},
		"it survives":          {m, mutants.Outcome{Held: []string{"CR-07"}}, []string{"CR-07 should fail and does not"}},
		"only not testable":    {m, mutants.Outcome{Lost: []string{"CR-07"}}, []string{"CR-07 should fail and does not"}},
		"more than it names":   {m, mutants.Outcome{Broken: []string{"CR-07", "NS-01"}}, []string{"NS-01 fails and is not named"}},
		"a fault of ours":      {m, mutants.Outcome{Broken: []string{"CR-07"}, Faults: []string{"a story: panic"}}, []string{"harness fault: a story: panic"}},
		"a pass about nothing": {mute, mutants.Outcome{Held: []string{"NS-01", "SY-01"}}, []string{"NS-01 passes without a portal"}},
	} {
		if got := c.mutant.Complaints(c.outcome); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// Lines of a few mutants take the place of the old ones, in order.
func TestReplaced(t *testing.T) {
	now := mutants.Matrix{{Mutant: "a-b", Broken: []string{"NS-01"}}, {Mutant: "c", Broken: []string{"CR-07"}, Lost: []string{"X"}}}
	got := mutants.Replaced("a: TC-01\nc: NS-03\nd: SY-01\n", now)
	if want := "a: TC-01\na-b: NS-01\nc: CR-07 (1 not testable)\nd: SY-01\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
