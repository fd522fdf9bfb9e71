// Package verdict is what can be said of a story that was run against a
// target, and what a whole run comes to.
package verdict

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// Verdict is the judgement of one story.
type Verdict string

// The verdicts. Only Fail is the portal's fault, only Error is ours.
const (
	Pass          Verdict = "pass"
	Fail          Verdict = "fail"
	NotApplicable Verdict = "not applicable" // the target does not claim what the story needs
	Unobserved    Verdict = "unobserved"     // claimed, but our seat cannot see it
	Error         Verdict = "error"          // the harness failed
)

var marks = map[Verdict]string{Pass: "✓", Fail: "✗", NotApplicable: "–", Unobserved: "?", Error: "!"}

// Mark is the sign that stands before the verdict in a list.
func (v Verdict) Mark() string { return marks[v] }

// Result is what became of one story in one revision of the protocol.
type Result struct {
	Chapter  string // "Calling a tool"
	Story    string // "reaches the one upstream that owns the tool"
	Revision string
	Checks   []string // the requirements it checks
	Verdict  Verdict
	Seen     string // what each end saw, on one line
	Detail   string // why, for everything but a pass
	Took     time.Duration
}

// Title is chapter and story as one sentence.
func (r Result) Title() string { return r.Chapter + " " + r.Story }

// Exit codes of a run.
const (
	ExitGood    = 0 // every story passed, or has a neutral verdict
	ExitVerdict = 1 // a story failed
	ExitUsage   = 2 // bad command line, or nothing selected
	ExitNotRun  = 3 // the target could not be run
	ExitHarness = 4 // the harness itself failed
)

// Exit is the exit code of a run: a harness fault outweighs a verdict, since
// what it hides is unknown; nothing run is never good.
func Exit(results []Result) int {
	code := ExitUsage
	for _, r := range results {
		switch {
		case r.Verdict == Error:
			return ExitHarness
		case r.Verdict == Fail:
			code = ExitVerdict
		case code == ExitUsage && r.Verdict == Pass:
			code = ExitGood
		}
	}
	return code
}

// Line writes a result as one line, and its detail below it.
func Line(w io.Writer, r Result) {
	fmt.Fprintf(w, "%s %s  %s  %s", r.Verdict.Mark(), r.Revision, r.Title(), took(r.Took))
	if r.Seen != "" {
		fmt.Fprintf(w, "\n    %s", r.Seen)
	}
	fmt.Fprintln(w)
	for line := range strings.SplitSeq(strings.TrimRight(r.Detail, "\n"), "\n") {
		if line != "" {
			fmt.Fprintf(w, "      %s\n", line)
		}
	}
}

// Summary is the counts of a run on one line, the zero ones left out.
func Summary(results []Result) string {
	counts := map[Verdict]int{}
	var total time.Duration
	for _, r := range results {
		counts[r.Verdict]++
		total += r.Took
	}
	var parts []string
	for _, v := range []Verdict{Pass, Fail, Error, Unobserved, NotApplicable} {
		if counts[v] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counts[v], plural[v]))
		}
	}
	return strings.Join(parts, "  ") + "  " + took(total)
}

var plural = map[Verdict]string{Pass: "passed", Fail: "failed", Error: "errors", Unobserved: "unobserved", NotApplicable: "not applicable"}

func took(d time.Duration) string { return fmt.Sprintf("%.2fs", d.Seconds()) }
