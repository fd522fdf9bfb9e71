package verdict

import (
	"fmt"
	"io"
	"reflect"
	"slices"
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
	for _, same := range alike(r.Checks) {
		explain(w, same)
	}
	if r.Verdict.Bad() && len(r.Trace.Exchanges) > 0 {
		fmt.Fprintln(w, "    what was seen")
		indent(w, "      ", r.Trace.String())
	}
}

// alike are the checks that did not pass, those together that failed in the same
// way: what is to be read about them is the same.
func alike(checks []Check) [][]Check {
	var all [][]Check
	for _, c := range checks {
		if c.Verdict == Pass || c.Verdict == NotApplicable {
			continue
		}
		i := slices.IndexFunc(all, func(same []Check) bool {
			return same[0].Verdict == c.Verdict && same[0].Why == c.Why && reflect.DeepEqual(same[0].Failures, c.Failures)
		})
		if i < 0 {
			all = append(all, nil)
			i = len(all) - 1
		}
		all[i] = append(all[i], c)
	}
	return all
}

// explain writes checks that failed alike: the requirements, what was expected,
// what came, what was sent, where to look and the command that runs just this
// again.
func explain(w io.Writer, same []Check) {
	told := same[0].Verdict.Bad() || same[0].Verdict == Warn
	for _, c := range same {
		fmt.Fprintf(w, "    %s %s  %s  %s\n", c.Verdict.Mark(), c.ID, c.Level, strings.TrimSpace(string(c.Verdict)+"  "+Inert(c.Why)))
		if q, err := fixtures.FindRequirement(c.ID); told && err == nil {
			field(w, "requirement", q.Says)
			field(w, "source", q.Source+"  "+q.Link)
		}
	}
	if !told {
		return
	}
	for _, f := range same[0].Failures {
		field(w, "expected", f.Expected)
		field(w, "actual", f.Actual)
		field(w, "sent", f.Sent)
		field(w, "see", f.Where)
	}
	field(w, "again", fmt.Sprintf("portico run %s", same[0].ID))
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
