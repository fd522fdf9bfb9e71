package report

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"strings"

	"github.com/portico-mcp/portico/scenarios/verdict"
)

//go:embed page.html
var pageHTML string

//go:embed page.css
var pageStyle string

//go:embed page.js
var pageScript string

var pageTemplate = template.Must(template.New("page").Parse(pageHTML))

// document is what page.html is filled with. Every text of the target's is inert
// by the time it stands here, and the template escapes it for its place.
type document struct {
	Policy   template.HTMLAttr // the content of the Content-Security-Policy
	Style    template.CSS
	Script   template.JS
	Report   verdict.Report
	Target   string
	Sentence string
	Bad      bool
	Partial  string // empty: the run came to its end
	Columns  []mark
	Counts   []counted
	Tables   []tableOf
	Groups   []group // of checks, the worst first
	Chapters []chapter
	Terms    [][2]string
	Known    []declared
	Redacted []redaction
}

type mark struct{ Sign, Name, Class string }

type counted struct {
	mark
	N int
}

type tableOf struct {
	Title string
	First string // column
	Rows  []tableRow
}

type tableRow struct {
	Name  string
	Cells []string
}

// declared is a known failure as the page shows it.
type declared struct {
	verdict.KnownFailure
	Link bool // the issue is an https URL
}

// page is the run as one HTML file that reaches for nothing else.
func page(r verdict.Report) ([]byte, error) {
	d := document{
		Policy: policy(), Style: template.CSS(pageStyle), Script: template.JS(pageScript), //nolint:gosec // ours, embedded
		Report: r, Target: line(r.Target, 300), Sentence: sentence(r), Bad: verdict.Exit(r.Results) != verdict.ExitGood,
		Terms: termsOf(r), Redacted: redacted(r.Results),
	}
	if r.Partial {
		d.Partial = partial
	}
	for _, v := range columns(r) {
		d.Columns = append(d.Columns, markOf(v))
		d.Counts = append(d.Counts, counted{markOf(v), r.Counts[v]})
	}
	d.Tables = []tableOf{cells("By area", "Area", byArea(r), columns(r)), cells("By revision", "Revision", byEra(r), columns(r))}
	for _, k := range r.Known {
		k.Check, k.Reason, k.Issue = line(k.Check, 200), line(k.Reason, 2000), line(k.Issue, 500)
		d.Known = append(d.Known, declared{k, strings.HasPrefix(k.Issue, "https://")})
	}
	tellings := tellingsOf(r.Results)
	d.Groups, d.Chapters = groups(r, tellings), chapters(tellings)
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, d); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// policy forbids everything but the page's own style and script: what slipped
// through every escape would still neither run nor load.
func policy() template.HTMLAttr {
	hash := func(text string) string {
		sum := sha256.Sum256([]byte(text))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	return template.HTMLAttr(fmt.Sprintf(`content="default-src 'none'; style-src %s; script-src %s; base-uri 'none'; form-action 'none'"`, //nolint:gosec // ours
		hash(pageStyle), hash(pageScript)))
}

// markOf is a verdict as a sign, a word and a class: never by colour alone.
func markOf(v verdict.Verdict) mark {
	return mark{v.Mark(), line(string(v), 40), strings.ReplaceAll(line(string(v), 40), " ", "-")}
}

func cells(title, first string, rows []tally, all []verdict.Verdict) tableOf {
	t := tableOf{Title: title, First: first}
	for _, row := range rows {
		out := tableRow{Name: line(row.Name, 200)}
		for _, v := range all {
			out.Cells = append(out.Cells, number(row.Counts[v]))
		}
		t.Rows = append(t.Rows, out)
	}
	return t
}

// termsOf is what the target answered for, as names and values.
func termsOf(r verdict.Report) [][2]string {
	features := "all"
	if r.Features != nil {
		features = orNone(strings.Join(r.Features, ", "))
	}
	set := "all"
	if r.Set != "" {
		set = r.Set + "; others warn"
	}
	return [][2]string{
		{"Target", line(r.Target, 300)},
		{"Features it claims", line(features, 4000)},
		{"Profiles it claims", line(orNone(strings.Join(r.Profiles, ", ")), 1000)},
		{"What follows for who stands in the middle", map[bool]string{true: "counts", false: "warns: no specification says it"}[r.Derived]},
		{"A broken should", map[bool]string{true: "counts (strict)", false: "warns"}[r.Strict]},
		{"Checks that count", line(set, 300)},
	}
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

// redaction is one kind of names that stand for secrets.
type redaction struct {
	Kind    string
	Most    int // different ones in one story, at most
	Stories int // in which there is one
}

// given are what names for secrets begin with (package trace gives them).
var given = map[string]bool{
	"token": true, "refresh-token": true, "id-token": true, "code": true, "state": true, "nonce": true, "challenge": true, "verifier": true,
	"client": true, "client-secret": true, "password": true, "csrf": true, "transaction": true, "grant": true, "key": true, "key-id": true,
	"certificate": true, "session": true, "assertion": true, "service": true, "service-secret": true, "cookie": true, "ticket": true,
}

// names finds the names for secrets in a text, and tells of each its kind and
// its number. Traffic is long: it looks at hyphens alone.
func names(text string, tell func(kind, number string)) {
	for at := strings.IndexByte(text, '-'); at >= 0; {
		begin, end := at, at+1
		for begin > 0 && (text[begin-1] >= 'a' && text[begin-1] <= 'z' || text[begin-1] == '-') {
			begin--
		}
		for end < len(text) && text[end] >= '0' && text[end] <= '9' {
			end++
		}
		if end > at+1 && given[text[begin:at]] {
			tell(text[begin:at], text[at+1:end])
		}
		next := strings.IndexByte(text[at+1:], '-')
		if next < 0 {
			return
		}
		at += 1 + next
	}
}

// redacted is which names for secrets there are, by what they stand for.
func redacted(all []verdict.Result) []redaction {
	kinds := map[string]*redaction{}
	var order []string
	for _, r := range all {
		found := map[string]map[string]bool{}
		tell := func(kind, number string) {
			if found[kind] == nil {
				found[kind] = map[string]bool{}
			}
			found[kind][number] = true
		}
		for _, e := range r.Trace.Exchanges {
			asked, told := halves(e)
			for _, text := range []string{asked.head, asked.body, told.head, told.body} {
				names(text, tell)
			}
		}
		for kind, numbers := range found {
			if kinds[kind] == nil {
				kinds[kind] = &redaction{Kind: kind}
				order = append(order, kind)
			}
			kinds[kind].Stories++
			kinds[kind].Most = max(kinds[kind].Most, len(numbers))
		}
	}
	return sorted(order, kinds)
}
