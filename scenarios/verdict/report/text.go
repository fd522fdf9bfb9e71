package report

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/portico-mcp/portico/fixtures"
	"github.com/portico-mcp/portico/scenarios/verdict"
)

// cut is the text up to a length in bytes, ended between two characters, and
// how many bytes were left out.
func cut(text string, most int) (string, int) {
	if len(text) <= most {
		return text, 0
	}
	end := most
	for end > 0 && end > most-utf8.UTFMax && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end], len(text) - end
}

// short is the text up to a length in bytes, and says so if that is not all.
func short(text string, most int) string {
	kept, left := cut(text, most)
	if left == 0 {
		return text
	}
	return fmt.Sprintf("%s … (%d bytes more)", kept, left)
}

// line is a text on one line, inert and not longer than most bytes.
func line(text string, most int) string {
	return legal(strings.Join(strings.Fields(short(text, most)), " "))
}

// legal is inert text with nothing in it that XML 1.0 §2.2 forbids; that
// includes bytes that are no UTF-8. They become U+FFFD.
func legal(text string) string {
	return strings.Map(func(r rune) rune {
		if r == 0xFFFE || r == 0xFFFF {
			return utf8.RuneError
		}
		return r
	}, verdict.Inert(strings.ToValidUTF8(text, string(utf8.RuneError))))
}

// escaped is inert text for the content of an element, in HTML and in XML.
// Quotes stay as they are: bodies are full of them.
func escaped(text string) string { return contents.Replace(legal(text)) }

var contents = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// asciiJSON is a JSON document in which the characters that a terminal would
// obey stand escaped. JSON allows them inside strings alone, so that it says
// the same as before.
func asciiJSON(b []byte) []byte {
	text := string(b)
	if !strings.ContainsFunc(text, obeyed) {
		return b
	}
	var out strings.Builder
	for _, r := range text {
		if obeyed(r) {
			fmt.Fprintf(&out, `\u%04x`, r)
			continue
		}
		out.WriteRune(r)
	}
	return []byte(out.String())
}

func obeyed(r rune) bool {
	return r >= 0x7f && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r))
}

// row is the requirement of an id; one that no file knows has an area of its
// own.
func row(id string) fixtures.Requirement {
	q, err := fixtures.FindRequirement(id)
	if err != nil {
		return fixtures.Requirement{ID: id, Area: "What no requirement says"}
	}
	return q
}

// tally is how many requirements of a group came to each verdict.
type tally struct {
	Name   string
	Counts verdict.Counts
}

// byArea counts requirements by area, in the order of the requirements' files.
func byArea(r verdict.Report) []tally {
	var order []string
	if all, err := fixtures.Requirements(); err == nil {
		for _, q := range all {
			if len(order) == 0 || order[len(order)-1] != q.Area {
				order = append(order, q.Area)
			}
		}
	}
	order = append(order, row("").Area)
	counts := map[string]verdict.Counts{}
	for _, s := range r.Summaries {
		count(counts, row(s.ID).Area, s.Verdict)
	}
	return tallies(order, counts)
}

// byEra counts requirements by revision, the older first.
func byEra(r verdict.Report) []tally {
	var order []string
	counts := map[string]verdict.Counts{}
	for _, s := range r.Summaries {
		for era, v := range s.Eras {
			if !slices.Contains(order, era) {
				order = append(order, era)
			}
			count(counts, era, v)
		}
	}
	slices.Sort(order)
	return tallies(order, counts)
}

func count(all map[string]verdict.Counts, name string, v verdict.Verdict) {
	if all[name] == nil {
		all[name] = verdict.Counts{}
	}
	all[name][v]++
}

func tallies(order []string, counts map[string]verdict.Counts) []tally {
	var all []tally
	for _, name := range order {
		if counts[name] != nil {
			all = append(all, tally{name, counts[name]})
		}
	}
	return all
}

// columns are the verdicts that occur, the worst first, with passes always.
func columns(r verdict.Report) []verdict.Verdict {
	var all []verdict.Verdict
	for _, v := range verdict.All {
		if v == verdict.Pass || slices.ContainsFunc(r.Summaries, func(s verdict.Requirement) bool { return s.Verdict == v || hasEra(s, v) }) {
			all = append(all, v)
		}
	}
	return all
}

func hasEra(s verdict.Requirement, v verdict.Verdict) bool {
	for _, e := range s.Eras {
		if e == v {
			return true
		}
	}
	return false
}

// sentence is what a run came to, in one sentence.
func sentence(r verdict.Report) string {
	bad, total := 0, len(r.Summaries)
	for v, n := range r.Counts {
		if v.Bad() && v != verdict.Error {
			bad += n
		}
	}
	switch verdict.Exit(r.Results) {
	case verdict.ExitHarness:
		beside := ""
		if bad > 0 {
			beside = fmt.Sprintf(" Beside that, not met: %d.", bad)
		}
		return fmt.Sprintf("The harness failed at %s: what that hides is unknown.%s", requirements(r.Counts[verdict.Error]), beside)
	case verdict.ExitVerdict:
		return fmt.Sprintf("Not met: %d of %s.", bad, requirements(total))
	case verdict.ExitGood:
		return fmt.Sprintf("Met: of %s, each that could be judged was met, warns, or is declared.", requirements(total))
	default:
		return "Nothing was judged, so nothing is known."
	}
}

func requirements(n int) string {
	if n == 1 {
		return "1 requirement"
	}
	return fmt.Sprintf("%d requirements", n)
}

// partial is what is said of a run that was interrupted.
const partial = "This run was interrupted. What stands here is what was judged until then; what is missing may be good or bad."

// again is the command that runs a check again.
func again(id string) string { return "portico run " + quoted(id) }

// repro is the command that shows a failure of a check as what can be run by hand.
func repro(id string) string { return "portico repro " + quoted(id) }

// quoted is a word as a POSIX shell reads it back.
func quoted(word string) string {
	word = line(word, 200)
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return r > 126 || !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '-' }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
