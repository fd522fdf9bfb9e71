package process_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/portico-mcp/portico/scenarios"
	_ "github.com/portico-mcp/portico/scenarios/target/inprocess" // a change of the portal is a change of the program
	"github.com/portico-mcp/portico/scenarios/target/process"
	"github.com/portico-mcp/portico/scenarios/verdict"
)

// The same stories hold for a town in another process, on loopback and in real
// time: nothing depends on being inside. Those that need hours, or a world that
// nobody has been in, are unobserved, and nothing else is.
func TestStoriesAgainstPorticoUp(t *testing.T) {
	program := built(t)
	up := &process.Target{Launch: process.Program(program, os.Stderr)}
	t.Cleanup(func() {
		if err := up.Close(); err != nil {
			t.Error(err)
		}
	})

	results := scenarios.Run(t, up, scenarios.Options{})

	t.Log(verdict.Summary(results))
	count := map[verdict.Verdict]int{}
	for _, r := range results {
		count[r.Verdict]++
		if why := r.Checks[0].Why; r.Verdict == verdict.Unobserved && !slices.Contains([]string{"needs virtual-time", "needs fresh-world", "needs logs", "no exchange was there to judge"}, why) {
			t.Errorf("%s is not observed: it %s", r.Title(), why)
		}
	}
	if count[verdict.Pass] < 100 {
		t.Errorf("only %d stories held", count[verdict.Pass])
	}
}

// What go test says of a portal that stands elsewhere is never what it said last
// time: the portal may have changed, or gone.
func TestAnOutsideTargetIsJudgedAnew(t *testing.T) {
	program := built(t)
	for range 2 {
		test := exec.Command("go", "test", "github.com/portico-mcp/portico/scenarios", "-run", "TestScenarios/NS-03")
		test.Env = append(os.Environ(), "PORTICO_PROGRAM="+program)
		out, err := test.CombinedOutput()
		if err != nil || strings.Contains(string(out), "(cached)") {
			t.Fatalf("%v\n%s", err, out)
		}
	}
}

// built is the portico program as it is now.
func built(t *testing.T) string {
	t.Helper()
	noticeChanges(t, "../../../cmd")
	program := filepath.Join(t.TempDir(), "portico")
	build := exec.Command("go", "build", "-o", program, "github.com/portico-mcp/portico/cmd/portico")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build portico: %v\n%s", err, out)
	}
	return program
}

// noticeChanges opens every file of a folder, so that Go's test cache knows that
// the result depends on them: what builds the program is not imported here.
func noticeChanges(t *testing.T, folder string) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		return f.Close()
	})
	if err != nil {
		t.Fatal(err)
	}
}
