package report

import (
	"encoding/xml"
	"slices"
	"strings"

	"github.com/portico-mcp/portico/scenarios/verdict"
)

// The form that Jenkins, GitLab and the reporters of GitHub's workflows read.
// There are no times: they differ between equal runs, and all three do without.
type (
	junitAll struct {
		XMLName  xml.Name `xml:"testsuites"`
		Name     string   `xml:"name,attr"`
		Tests    int      `xml:"tests,attr"`
		Failures int      `xml:"failures,attr"`
		Errors   int      `xml:"errors,attr"`
		Skipped  int      `xml:"skipped,attr"`
		Suites   []junitSuite
	}
	junitSuite struct {
		XMLName    xml.Name         `xml:"testsuite"`
		Name       string           `xml:"name,attr"`
		Tests      int              `xml:"tests,attr"`
		Failures   int              `xml:"failures,attr"`
		Errors     int              `xml:"errors,attr"`
		Skipped    int              `xml:"skipped,attr"`
		Properties *junitProperties `xml:"properties"`
		Cases      []junitCase
	}
	junitCase struct {
		XMLName    xml.Name         `xml:"testcase"`
		Class      string           `xml:"classname,attr"`
		Name       string           `xml:"name,attr"`
		Properties *junitProperties `xml:"properties"`
		Skipped    *junitSaid       `xml:"skipped"`
		Failure    *junitSaid       `xml:"failure"`
		Error      *junitSaid       `xml:"error"`
		Out        *junitSaid       `xml:"system-out"`
	}
	junitProperties struct {
		All []junitProperty `xml:"property"`
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitSaid struct {
		Message string `xml:"message,attr,omitempty"`
		Type    string `xml:"type,attr,omitempty"`
		Text    string `xml:",innerxml"` // escaped by us: newlines stay
	}
)

// junit is the run with a suite per chapter and a case per check of a story.
func junit(r verdict.Report) ([]byte, error) {
	all := junitAll{Name: legal(strings.TrimSpace("Portico: " + r.Target))}
	if r.Partial {
		all.Name += " (partial: the run was interrupted)"
	}
	at := map[string]int{}
	for _, result := range r.Results {
		chapter := strings.TrimSpace(result.Chapter)
		i, told := at[chapter]
		if !told {
			i = len(all.Suites)
			at[chapter] = i
			all.Suites = append(all.Suites, junitSuite{Name: legal(chapter), Properties: suiteProperties(r)})
		}
		for _, c := range result.Checks {
			all.Suites[i].add(caseOf(result, c))
		}
	}
	for _, s := range all.Suites {
		all.Tests, all.Failures = all.Tests+s.Tests, all.Failures+s.Failures
		all.Errors, all.Skipped = all.Errors+s.Errors, all.Skipped+s.Skipped
	}
	b, err := xml.MarshalIndent(all, "", "  ")
	if err != nil {
		return nil, err
	}
	return append([]byte(xml.Header), append(b, '\n')...), nil
}

func suiteProperties(r verdict.Report) *junitProperties {
	p := &junitProperties{All: []junitProperty{{"target", legal(r.Target)}}}
	if r.Partial {
		p.All = append(p.All, junitProperty{"partial", "true"})
	}
	return p
}

func (s *junitSuite) add(c junitCase) {
	s.Tests++
	switch {
	case c.Failure != nil:
		s.Failures++
	case c.Error != nil:
		s.Errors++
	case c.Skipped != nil:
		s.Skipped++
	}
	s.Cases = append(s.Cases, c)
}

func caseOf(r verdict.Result, c verdict.Check) junitCase {
	q := row(c.ID)
	out := junitCase{Class: legal(sayTitle(r) + " (" + r.Revision + ")"), Name: legal(c.ID), Properties: &junitProperties{}}
	for _, p := range []junitProperty{
		{"requirement", q.Says}, {"level", c.Level}, {"authority", string(q.Authority)}, {"url", q.Link}, {"revision", r.Revision},
	} {
		if p.Value != "" {
			out.Properties.All = append(out.Properties.All, junitProperty{p.Name, legal(p.Value)})
		}
	}
	why := line(strings.TrimSpace(string(c.Verdict)+": "+c.Why), 1000)
	switch c.Verdict {
	case verdict.Pass:
	case verdict.Warn:
		out.Out = &junitSaid{Text: escaped(why + "\n" + explain(c))}
	case verdict.Known, verdict.Unobserved, verdict.NotApplicable:
		out.Skipped = &junitSaid{Message: legal(why)}
	case verdict.Error:
		out.Error = &junitSaid{Message: legal(why), Type: string(c.Verdict), Text: escaped(explain(c))}
	default:
		out.Failure = &junitSaid{Message: message(c, why), Type: legal(string(c.Verdict)), Text: escaped(explain(c))}
	}
	return out
}

// message is a failure on one line.
func message(c verdict.Check, why string) string {
	if len(c.Failures) == 0 {
		return legal(why)
	}
	f := c.Failures[0]
	return legal(line("expected "+f.Expected+", actual "+f.Actual, 300))
}

// sayTitle is chapter and story as one sentence.
func sayTitle(r verdict.Result) string {
	r.Chapter = strings.TrimSpace(r.Chapter)
	return strings.TrimSpace(r.Title())
}

// mostText is how much of one text of a failure is shown, in bytes; the whole
// stands in results.json.
const mostText = 8 << 10

// explain is what a reader needs to act on a check: the requirement, what was
// expected and what came, what was sent, where to look, and the command that
// runs just this again.
func explain(c verdict.Check) string {
	var b strings.Builder
	q := row(c.ID)
	for _, f := range slices.Concat([][2]string{{"requirement", q.Says}, {"source", strings.TrimSpace(q.Source + "  " + q.Link)}, {"why", c.Why}}, failureFields(c.Failures), [][2]string{{"again", again(c.ID)}}) {
		field(&b, f[0], f[1])
	}
	return b.String()
}

func failureFields(all []verdict.Failure) [][2]string {
	var fields [][2]string
	for _, f := range all {
		fields = append(fields, [2]string{"expected", f.Expected}, [2]string{"actual", f.Actual}, [2]string{"sent", f.Sent}, [2]string{"see", f.Where})
	}
	return fields
}

// field writes a name and a value of one or more lines.
func field(b *strings.Builder, name, value string) {
	value = strings.TrimRight(short(value, mostText), "\n")
	if value == "" {
		return
	}
	for line := range strings.SplitSeq(value, "\n") {
		b.WriteString(strings.TrimRight(name+strings.Repeat(" ", max(1, 13-len(name)))+line, " ") + "\n")
		name = ""
	}
}
