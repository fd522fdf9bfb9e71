package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/portico-mcp/portico/scenarios/verdict"
)

// A step's summary may have 1 MiB (GitHub); beyond a few dozen failures nobody
// reads on.
const (
	mostExplained = 40      // bad checks with their texts
	mostFailure   = 2 << 10 // bytes of one text of a failure
	mostSummary   = 900_000 // bytes of all texts together
	mostName      = 300     // bytes of a name
)

// summary is the run in Markdown, for the page of a workflow's run. What a
// target could have written stands in code blocks and in code elements all of
// whose punctuation is escaped: in neither is there markup, a link or a mention.
func summary(r verdict.Report) ([]byte, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "## %s %s\n\n", exitMark(r), sentence(r))
	if r.Partial {
		fmt.Fprintf(&b, "> [!WARNING]\n> **PARTIAL RUN.** %s\n\n", partial)
	}
	fmt.Fprintf(&b, "Target %s. %s\n\n", code(r.Target), countsLine(r))
	table(&b, r, "Area", byArea(r), plain)
	table(&b, r, "Revision", byEra(r), code)
	bad(&b, r)
	short := []struct {
		title    string
		verdicts []verdict.Verdict
	}{
		{"Declared as known", []verdict.Verdict{verdict.Known}},
		{"Warnings", []verdict.Verdict{verdict.Warn}},
	}
	for _, s := range short {
		list(&b, r, s.title, s.verdicts)
	}
	neutral(&b, r)
	b.WriteString("The whole report is `report.html` beside this file; `results.json` and `events.jsonl` are for programs.\n")
	return []byte(b.String()), nil
}

func exitMark(r verdict.Report) string {
	if code := verdict.Exit(r.Results); code != verdict.ExitGood {
		return "❌"
	}
	if r.Partial {
		return "⚠️"
	}
	return "✅"
}

// countsLine is how many stories and requirements came to what.
func countsLine(r verdict.Report) string {
	var parts []string
	for _, v := range verdict.All {
		if n := r.Counts[v]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, v))
		}
	}
	rules := 0
	for _, result := range r.Results {
		if result.Everywhere {
			rules++
		}
	}
	told := fmt.Sprintf("%d stories told", len(r.Results)-rules)
	if rules > 0 {
		told += fmt.Sprintf(" and %d rules kept in view", rules)
	}
	return fmt.Sprintf("%s, %s: %s.", told, requirements(len(r.Summaries)), strings.Join(parts, ", "))
}

func plain(text string) string { return text }

// table writes how many requirements of each group came to each verdict.
func table(b *strings.Builder, r verdict.Report, first string, rows []tally, name func(string) string) {
	if len(rows) == 0 {
		return
	}
	all := columns(r)
	fmt.Fprintf(b, "| %s |", first)
	for _, v := range all {
		fmt.Fprintf(b, " %s %s |", v.Mark(), v)
	}
	fmt.Fprintf(b, "\n| :-- |%s\n", strings.Repeat(" --: |", len(all)))
	for _, t := range rows {
		fmt.Fprintf(b, "| %s |", name(t.Name))
		for _, v := range all {
			fmt.Fprintf(b, " %s |", number(t.Counts[v]))
		}
		b.WriteString("\n")
	}
	b.WriteString("\n")
}

// number is a count in a table, where nothing is easier to see past than 0.
func number(n int) string {
	if n == 0 {
		return "·"
	}
	return fmt.Sprint(n)
}

// bad writes every bad check, each with the stories in which it is bad.
func bad(b *strings.Builder, r verdict.Report) {
	worst := slices.DeleteFunc(slices.Clone(r.Summaries), func(s verdict.Requirement) bool { return !s.Verdict.Bad() })
	if len(worst) == 0 {
		return
	}
	sortByVerdict(worst)
	fmt.Fprintf(b, "### What is bad\n\n")
	for i, s := range worst {
		if i == mostExplained || b.Len() > mostSummary {
			fmt.Fprintf(b, "**And %d more bad checks**, which `report.html` shows.\n\n", len(worst)-i)
			return
		}
		explainBad(b, r, s)
	}
}

func explainBad(b *strings.Builder, r verdict.Report, s verdict.Requirement) {
	q := row(s.ID)
	fmt.Fprintf(b, "#### %s %s: %s\n\n", s.Verdict.Mark(), code(s.ID), s.Verdict)
	if q.Says != "" {
		fmt.Fprintf(b, "%s ([%s](%s))\n\n", q.Says, q.Source, q.Link)
	}
	shown, more := 0, 0
	for _, result := range r.Results {
		for _, c := range result.Checks {
			switch {
			case c.ID != s.ID || !c.Verdict.Bad():
			case shown == 3:
				more++
			default:
				shown++
				fmt.Fprintf(b, "- %s in %s%s\n\n", code(sayTitle(result)), code(result.Revision), because(c.Why))
				block(b, failureFields(c.Failures))
			}
		}
	}
	if more > 0 {
		fmt.Fprintf(b, "- and in %d more stories\n\n", more)
	}
	block(b, [][2]string{{"again", again(s.ID)}})
}

func because(why string) string {
	if why == "" {
		return ""
	}
	return ": " + code(why)
}

// block writes fields as a code block, whose fence is longer than any row of
// backticks in it.
func block(b *strings.Builder, fields [][2]string) {
	var text strings.Builder
	for _, f := range fields {
		field(&text, f[0], short(f[1], mostFailure))
	}
	if text.Len() == 0 {
		return
	}
	inside := legal(text.String())
	fence := "```"
	for strings.Contains(inside, fence) {
		fence += "`"
	}
	fmt.Fprintf(b, "%stext\n%s%s\n\n", fence, inside, fence)
}

// list writes the checks of the verdicts in one line each, folded.
func list(b *strings.Builder, r verdict.Report, title string, verdicts []verdict.Verdict) {
	var lines []string
	for _, s := range r.Summaries {
		if slices.Contains(verdicts, s.Verdict) {
			lines = append(lines, fmt.Sprintf("- %s %s%s\n", s.Verdict.Mark(), code(s.ID), because(whyOf(r, s))))
		}
	}
	if len(lines) == 0 {
		return
	}
	fmt.Fprintf(b, "<details><summary>%s: %d</summary>\n\n", title, len(lines))
	for i, l := range lines {
		if i == 200 {
			fmt.Fprintf(b, "- and %d more\n", len(lines)-i)
			break
		}
		b.WriteString(l)
	}
	b.WriteString("\n</details>\n\n")
}

// whyOf is the first reason that a check of the requirement gives for the
// verdict it came to.
func whyOf(r verdict.Report, s verdict.Requirement) string {
	for _, result := range r.Results {
		for _, c := range result.Checks {
			if c.ID == s.ID && c.Verdict == s.Verdict && c.Why != "" {
				return c.Why
			}
		}
	}
	return ""
}

// neutral says how many requirements were not judged.
func neutral(b *strings.Builder, r verdict.Report) {
	if n := r.Counts[verdict.Unobserved]; n > 0 {
		fmt.Fprintf(b, "**%s not observed**: the target claims what they need, and the run could not see them.\n", requirements(n))
	}
	if n := r.Counts[verdict.NotApplicable]; n > 0 {
		fmt.Fprintf(b, "%s not applicable: the target does not claim what they need.\n", requirements(n))
	}
	if r.Counts[verdict.Unobserved]+r.Counts[verdict.NotApplicable] > 0 {
		b.WriteString("\n")
	}
}

// code is a code element of one line in which no character has a meaning to
// Markdown or to HTML, in a table too.
func code(text string) string {
	var b strings.Builder
	b.WriteString("<code>")
	for _, r := range line(text, mostName) {
		if r < 0x80 && strings.ContainsRune("!\"#$%&'()*+./:;<=>?@[\\]^_`{|}~", r) {
			fmt.Fprintf(&b, "&#%d;", r)
			continue
		}
		b.WriteRune(r)
	}
	b.WriteString("</code>")
	return b.String()
}

// sortByVerdict puts the worst first, and equal ones in the order of their ids.
func sortByVerdict(all []verdict.Requirement) {
	slices.SortStableFunc(all, func(a, b verdict.Requirement) int {
		return slices.Index(verdict.All, a.Verdict) - slices.Index(verdict.All, b.Verdict)
	})
}
