package scenarios

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portico-mcp/portico/fixtures"
	"github.com/portico-mcp/portico/scenarios/target"
	"github.com/portico-mcp/portico/scenarios/verdict"
)

// asProgram makes the test binary behave as a program that has no T.
const asProgram = "PORTICO_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	switch os.Getenv(asProgram) {
	case "":
	case "faulty harness":
		os.Exit(faultyHarness())
	default:
		fmt.Print(borrow())
		os.Exit(0)
	}
	flag.Parse()
	if pattern := flag.Lookup("test.run").Value.String(); !someTestMatches(pattern) {
		fmt.Fprintf(os.Stderr, "no test is called %q. All stories: go test ./scenarios\nSome of them: go test ./scenarios -run 'TestScenarios/CR-*', or portico run 'CR-*'\n", pattern)
		os.Exit(2)
	}
	List() // before the stories are told: Ginkgo builds its tree once
	code := m.Run()
	if len(now.results) > 0 {
		fmt.Println(verdict.Summary(now.results))
	}
	os.Exit(code)
}

// someTestMatches says whether a pattern of -run matches a test of this folder:
// Go says "ok" to one that matches none.
func someTestMatches(pattern string) bool {
	first, _, _ := strings.Cut(pattern, "/")
	matches, err := regexp.Compile(first)
	if err != nil {
		return true // Go says so itself
	}
	files, _ := filepath.Glob("*_test.go")
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			return true
		}
		for _, name := range regexp.MustCompile(`(?m)^func (Test\w+)\(t `).FindAllSubmatch(b, -1) {
			if matches.Match(name[1]) {
				return true
			}
		}
	}
	return false
}

// borrow says what withT did for a test that holds and one that does not.
func borrow() string {
	var bubble bool
	good, err := withT("good", func(t *testing.T) {
		synctest.Test(t, func(*testing.T) {
			began := time.Now()
			time.Sleep(time.Hour)
			bubble = time.Since(began) == time.Hour
		})
	})
	bad, _ := withT("bad", func(t *testing.T) { t.Error("wrong") })
	return fmt.Sprintf("good %v, bad %v, bubble %v, error %v", good, bad, bubble, err)
}

// withT stands on testing.MainStart, which Go does not promise to keep: this
// test says so first if a release changes it.
func TestWithT(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), asProgram+"=1")
	out, err := cmd.CombinedOutput()
	if want := "good true, bad false, bubble true, error <nil>"; err != nil || string(out) != want {
		t.Errorf("said %q (%v), want %q", out, err, want)
	}
}

// faultyHarness is the exit code of a run in which it is not the portal that
// fails.
func faultyHarness() int {
	results, err := RunAlone(faulty{}, Options{NoPreflight: true})
	if err != nil {
		return -1
	}
	return verdict.Exit(results)
}

// faulty is a target whose driver panics.
type faulty struct{}

func (faulty) Name() string            { return "faulty" }
func (faulty) Has(target.Feature) bool { return false }

func (faulty) Open(context.Context, fixtures.World, string) (*target.Town, error) {
	panic("the driver is broken")
}

func TestAFaultOfTheHarnessIsNoVerdict(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), asProgram+"=faulty harness")
	out, _ := cmd.CombinedOutput()
	if code := cmd.ProcessState.ExitCode(); code != verdict.ExitHarness {
		t.Errorf("exit %d, want %d\n%s", code, verdict.ExitHarness, out)
	}
}

// A pattern that selects nothing is no success.
func TestNothingSelectedIsAnError(t *testing.T) {
	for pattern, want := range map[string]struct {
		code int
		says string
	}{
		"CR-07":               {2, "go test ./scenarios -run 'TestScenarios/CR-*'"},
		"TestScenarios/XX-99": {1, "no story matches"},
		"TestScenarios/CR-03": {0, "PASS"},
	} {
		cmd := exec.Command(os.Args[0], "-test.run", pattern)
		out, _ := cmd.CombinedOutput()
		if code := cmd.ProcessState.ExitCode(); code != want.code || !strings.Contains(string(out), want.says) {
			t.Errorf("%s: exit %d, want %d and %q\n%s", pattern, code, want.code, want.says, out)
		}
	}
}
