package mutants

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/portico-mcp/portico/scenarios"
	"github.com/portico-mcp/portico/scenarios/target/inprocess"
	"github.com/portico-mcp/portico/scenarios/verdict"
)

// Golden is the matrix as it should be: [Matrix.String] of every mutant.
//
//go:embed matrix.txt
var Golden string

// Outcome is what the stories say of one mutant.
type Outcome struct {
	Mutant string        `json:"mutant"`
	Broken []string      `json:"broken,omitempty"` // requirements that fail
	Lost   []string      `json:"lost,omitempty"`   // that could not be tested, and did not fail
	Held   []string      `json:"held,omitempty"`   // that passed in some story, and failed in none
	Faults []string      `json:"faults,omitempty"` // of the harness, each with its story
	Took   time.Duration `json:"took"`             // nanoseconds
}

// Try tells every story to the mutant: thoroughly in both revisions, else those
// that check what it breaks in both and the others in one, which differs from
// mutant to mutant. A process can do so once, and must not be a test binary:
// Ginkgo builds its tree for good.
func Try(m Mutant, thorough bool) (Outcome, error) {
	debug.SetGCPercent(400) // the process is short
	began := time.Now()
	if err := inprocess.Warm(); err != nil {
		return Outcome{}, err
	}
	results, err := scenarios.RunAlone(inprocess.Memory{Tampering: m.Tampering}, scenarios.Options{NoPreflight: true, Leave: m.leaves(thorough)})
	if err != nil {
		return Outcome{}, err
	}
	o := Outcome{Mutant: m.ID}
	for _, q := range verdict.Sum(results) {
		switch q.Verdict {
		case verdict.Fail, verdict.Warn:
			o.Broken = append(o.Broken, q.ID)
		case verdict.NotTestable:
			o.Lost = append(o.Lost, q.ID)
		case verdict.Pass:
			o.Held = append(o.Held, q.ID)
		}
	}
	for _, r := range results {
		for _, c := range r.Checks {
			if c.Verdict == verdict.Error {
				o.Faults = append(o.Faults, r.Key()+": "+c.Why)
				break
			}
		}
	}
	o.Took = time.Since(began)
	return o, nil
}

// leaves says which tellings a quick try leaves out.
func (m Mutant) leaves(thorough bool) func(checks []string, revision string) bool {
	if thorough {
		return nil
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(m.ID)) // a hash takes everything
	left := scenarios.Revisions[int(h.Sum32())%len(scenarios.Revisions)]
	alone := map[string]bool{} // checked in that revision alone
	for id, stories := range scenarios.Checked() {
		alone[id] = !slices.ContainsFunc(stories, func(s scenarios.Story) bool { return len(s.Revisions) > 1 || s.Revisions[0] != left })
	}
	return func(checks []string, revision string) bool {
		return revision == left && !slices.ContainsFunc(checks, func(id string) bool { return alone[id] || slices.Contains(m.Breaks, id) })
	}
}

// Complaints is what is wrong with the outcome: a check that should fail and
// does not, one that fails and is not blessed, a fault of the harness, a pass
// that nothing was observed for.
func (m Mutant) Complaints(o Outcome) []string {
	var wrong []string
	for _, id := range m.Breaks {
		if !slices.Contains(o.Broken, id) {
			wrong = append(wrong, id+" should fail and does not")
		}
	}
	for _, id := range o.Broken {
		if !m.blessed(id) {
			wrong = append(wrong, id+" fails and is not named")
		}
	}
	for _, f := range o.Faults {
		wrong = append(wrong, "harness fault: "+f)
	}
	for _, id := range o.Held {
		if m.Mute && !fits(m.Spares, id) {
			wrong = append(wrong, id+" passes without a portal")
		}
	}
	return wrong
}

// Matrix is the outcomes of many mutants.
type Matrix []Outcome

// String is the matrix as text, a mutant a line: what it breaks, and how much
// could not be tested.
func (m Matrix) String() string {
	var b strings.Builder
	for _, o := range m {
		fmt.Fprintf(&b, "%s: %s", o.Mutant, strings.Join(o.Broken, " "))
		if len(o.Lost) > 0 {
			fmt.Fprintf(&b, " (%d not testable)", len(o.Lost))
		}
		b.WriteString("\n")
	}
	return b.String()
}

// Replaced is a matrix as text with the lines of some mutants as they are now.
func Replaced(text string, now Matrix) string {
	var lines []string
	for line := range strings.Lines(text) {
		id, _, _ := strings.Cut(line, ": ")
		if !slices.ContainsFunc(now, func(o Outcome) bool { return o.Mutant == id }) {
			lines = append(lines, line)
		}
	}
	for _, o := range now {
		lines = append(lines, Matrix{o}.String())
	}
	id := func(line string) string { before, _, _ := strings.Cut(line, ": "); return before }
	slices.SortFunc(lines, func(a, b string) int { return strings.Compare(id(a), id(b)) })
	return strings.Join(lines, "")
}

// Differs is where an outcome is not the golden matrix's: word for word after a
// thorough try; after a quick one, in what is broken and should not be.
func Differs(golden string, o Outcome, thorough bool) []string {
	line := Line(golden, o.Mutant)
	if thorough {
		if now := (Matrix{o}).String(); now != line {
			return []string{"the matrix has: " + strings.TrimSpace(line), "and now it is:  " + strings.TrimSpace(now)}
		}
		return nil
	}
	known := strings.Fields(line)
	var wrong []string
	for _, id := range o.Broken {
		if !slices.Contains(known, id) {
			wrong = append(wrong, id+" fails, and the matrix does not have it")
		}
	}
	return wrong
}

// Line is a mutant's line of a matrix; empty if it has none.
func Line(matrix, id string) string {
	for line := range strings.Lines(matrix) {
		if strings.HasPrefix(line, id+": ") {
			return line
		}
	}
	return ""
}

// Run tries mutants side by side, each in a process of its own that writes its
// Outcome as JSON to standard output, and reports each as it comes, one at a
// time. The matrix is in the order of the mutants.
func Run(ctx context.Context, all []Mutant, process func(context.Context, Mutant) *exec.Cmd, report func(Mutant, Outcome)) (Matrix, error) {
	matrix := make(Matrix, len(all))
	errs := make([]error, len(all))
	var telling sync.Mutex
	var group sync.WaitGroup
	places := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i, m := range all {
		group.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			matrix[i], errs[i] = try(process(ctx, m))
			if errs[i] == nil {
				telling.Lock()
				defer telling.Unlock()
				report(m, matrix[i])
			}
		})
	}
	group.Wait()
	for i, err := range errs {
		if err != nil {
			return nil, fmt.Errorf("mutant %s: %w", all[i].ID, err)
		}
	}
	return matrix, nil
}

func try(process *exec.Cmd) (Outcome, error) {
	var complaints strings.Builder
	process.Stderr = &complaints
	process.Env = append(os.Environ(), "GOMAXPROCS=1") // there are as many of them as processors
	out, err := process.Output()
	if err != nil {
		return Outcome{}, fmt.Errorf("%w\n%s", err, complaints.String())
	}
	var o Outcome
	return o, json.Unmarshal(out, &o)
}
