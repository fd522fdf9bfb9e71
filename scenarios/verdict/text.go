package verdict

import (
	"fmt"
	"io"
	"strings"

	"github.com/portico-mcp/portico/fixtures"
)

// Line writes a result as one line, what each end saw below it, and for every
// check that did not pass what was expected and what came.
func Line(w io.Writer, r Result) {
	fmt.Fprintf(w, "%s %s  %s  %s\n", r.Verdict.Mark(), r.Revision, r.Title(), seconds(r.Took))
	if r.Seen != "" {
		fmt.Fprintf(w, "    %s\n", Inert(r.Seen))
	}
	for _, c := range r.Checks {
		if c.Verdict != Pass && c.Verdict != NotApplicable {
			explain(w, r, c)
		}
	}
	if r.Verdict.Bad() && len(r.Trace.Exchanges) > 0 {
		fmt.Fprintln(w, "    what was seen")
		indent(w, "      ", r.Trace.String())
	}
}

// explain writes a check that did not pass: the requirement, what the
// specification asks for, what came, what was sent, where to look and the
// command that runs just this again.
func explain(w io.Writer, r Result, c Check) {
	fmt.Fprintf(w, "    %s %s  %s  %s\n", c.Verdict.Mark(), c.ID, c.Level, strings.TrimSpace(string(c.Verdict)+"  "+c.Why))
	if !c.Verdict.Bad() && c.Verdict != Warn {
		return
	}
	if q, err := fixtures.FindRequirement(c.ID); err == nil {
		field(w, "requirement", q.Says)
		field(w, "source", q.Source+"  "+q.Link)
	}
	for _, f := range c.Failures {
		field(w, "expected", f.Expected)
		field(w, "actual", f.Actual)
		field(w, "sent", f.Sent)
		field(w, "see", f.Where)
	}
	field(w, "again", fmt.Sprintf("portico run %s", c.ID))
}

func field(w io.Writer, name, value string) {
	lines := strings.Split(strings.TrimRight(Inert(value), "\n"), "\n")
	if value == "" {
		return
	}
	fmt.Fprintf(w, "        %-12s %s\n", name, lines[0])
	for _, line := range lines[1:] {
		fmt.Fprintf(w, "        %-12s %s\n", "", line)
	}
}

func indent(w io.Writer, by, text string) {
	for line := range strings.SplitSeq(strings.TrimRight(Inert(text), "\n"), "\n") {
		fmt.Fprintf(w, "%s%s\n", by, line)
	}
}
