package diagrams_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-mcp/portico/diagrams"
	"github.com/portico-mcp/portico/simulators/trace"
)

// observed are the committed traces.
func observed(t *testing.T) map[string]trace.Trace {
	t.Helper()
	files, err := filepath.Glob("observed/*.json")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]trace.Trace{}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all[strings.TrimSuffix(filepath.Base(file), ".json")], err = trace.Decode(b)
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func TestTheCommittedPicturesShowTheCommittedTraces(t *testing.T) {
	pictures, err := diagrams.All(observed(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pictures {
		there, err := os.ReadFile(filepath.Join("pictures", p.Name+".svg"))
		if err != nil {
			t.Error(err)
			continue
		}
		if diff := cmp.Diff(string(there), string(p.SVG)); diff != "" {
			t.Errorf("%s differs; portico diagrams draws it anew (-committed +drawn):\n%s", p.Name, diff)
		}
	}
}

func TestAMissingTraceIsAnError(t *testing.T) {
	traces := observed(t)
	delete(traces, diagrams.Sync)
	if _, err := diagrams.All(traces); err == nil || !strings.Contains(err.Error(), diagrams.Sync) {
		t.Errorf("error %v", err)
	}
}
