package report_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/portico-mcp/portico/fixtures"
	"github.com/portico-mcp/portico/scenarios/verdict"
	"github.com/portico-mcp/portico/scenarios/verdict/report"
	"github.com/portico-mcp/portico/simulators/trace"
)

// hostile is everything that some reader would obey.
const hostile = "<script>alert(1)</script></script><!-- --><img src=x onerror=alert(2)>[a](javascript:alert(3))![i](http://evil.example/x.png) |x| `y` ``` ~~~ *b* # h\n# Heading\n=HYPERLINK(1) @octocat #1 https://evil.example ]]> \x00\x1b[31m\x9b31m\u202eabc\u2066\ufffe\xff\r\u0085\u009b"

func seen(n int, body string) trace.Trace {
	h := http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer token-1"}}
	t := trace.Trace{Roles: map[trace.Party]trace.Role{"alice": trace.Client, "access": trace.Access}}
	for i := range n {
		t.Exchanges = append(t.Exchanges, trace.Exchange{
			From: "alice", To: "access", Sent: 2*i + 1, Answered: 2*i + 2, After: time.Duration(i), Took: time.Second,
			Request:  trace.Request{Method: "POST", URL: "https://portal.example/mcp", Header: h, Body: `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"wiki_search"}}`},
			Response: &trace.Response{Status: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: body},
		})
	}
	return t
}

func told(text string) []verdict.Result {
	failed := []verdict.Failure{{Expected: "401" + text, Actual: "200 <ok>\nsecond line" + text, Sent: "alice -> access" + text, Where: "scenarios/sessions.go:23"}}
	check := func(id string, v verdict.Verdict, why string) verdict.Check {
		c := verdict.Check{ID: id, Level: "must", Verdict: v, Why: why}
		if v == verdict.Fail || v == verdict.Warn || v == verdict.Known {
			c.Failures = failed
		}
		return c
	}
	look := []verdict.Evidence{{Seats: []fixtures.Seat{fixtures.AtClient}, Of: "alice calls" + text, Exchanges: []int{1, 2, 3, 5, 99}}, {Seats: []fixtures.Seat{fixtures.AtUpstream}, Of: "into wiki", Silent: true}}
	return []verdict.Result{
		{Chapter: "A session" + text, Story: "ends" + text, World: "everyday", Revision: "2025-11-25", Verdict: verdict.Fail, Seen: "alice sent 5" + text, Evidence: look, Trace: seen(5, "{}"+text), Took: time.Second,
			Checks: []verdict.Check{check("SE-01", verdict.Fail, ""), check("SE-07", verdict.Pass, ""), check("NS-01", verdict.Warn, "a should"+text), check("NS-02", verdict.Known, "the reason"+text)}},
		{Chapter: "A session" + text, Story: "ends" + text, World: "everyday", Revision: "2026-07-28", Verdict: verdict.Pass, Evidence: look, Trace: seen(5, "{}"), Took: time.Second,
			Checks: []verdict.Check{check("SE-01", verdict.Pass, "")}},
		{Chapter: "A credential", Story: "stays", World: "everyday", Revision: "2026-07-28", Verdict: verdict.NotTestable, Trace: seen(1, strings.Repeat("x", 70<<10)),
			Checks: []verdict.Check{check("CR-07", verdict.NotTestable, "no session"+text), check("CR-02", verdict.Unobserved, "its clock"+text), check("GW-01", verdict.NotApplicable, "feature gateway is not claimed"), check("CR-01", verdict.Error, "panic"+text), check("CR-03", verdict.Fixed, "passes")}},
	}
}

func made(text string, began time.Time) verdict.Report {
	terms := verdict.Terms{Features: []string{"gateway"}, Strict: true, Profiles: []string{"cloudflare"}, Known: []verdict.KnownFailure{{Check: "NS-02", Verdict: verdict.Fail, Reason: "the reason" + text, Issue: "javascript:alert(1)" + text, Until: "2026-12-01"}}}
	return verdict.Made("acme 1.0"+text, terms, told(text), verdict.Run{Began: began, Took: time.Since(began), Command: "portico run", Program: "portico 0"}, true)
}

func write(t *testing.T, r verdict.Report) map[string]string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "a", "b")
	if err := report.Write(folder, r); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(folder, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = string(b)
	}
	if len(files) != 6 {
		t.Fatalf("%d files are written", len(files))
	}
	return files
}

func TestEqualRunsDifferInRunAlone(t *testing.T) {
	a := write(t, made(hostile, time.Unix(1, 0)))
	b := write(t, made(hostile, time.Unix(1e9, 0)))
	for name := range a {
		if name != report.ResultsFile && a[name] != b[name] {
			t.Errorf("%s differs", name)
		}
	}
	var one, two map[string]any
	if json.Unmarshal([]byte(a[report.ResultsFile]), &one) != nil || json.Unmarshal([]byte(b[report.ResultsFile]), &two) != nil {
		t.Fatal("results.json is no JSON")
	}
	if cmp.Equal(one["run"], two["run"]) {
		t.Error("run is equal: this test sees nothing")
	}
	delete(one, "run")
	delete(two, "run")
	if diff := cmp.Diff(one, two); diff != "" {
		t.Error(diff)
	}
}

func TestResultsFollowTheirSchema(t *testing.T) {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(report.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("results.schema.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("results.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]verdict.Report{
		"full": made("", time.Unix(1, 0)), "hostile": made(hostile, time.Unix(1, 0)), "empty": {},
		"nothing run": verdict.Made("acme", verdict.Terms{}, nil, verdict.Run{}, false),
	} {
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(write(t, r)[report.ResultsFile]))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := schema.Validate(value); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		value.(map[string]any)["more"] = true
		if schema.Validate(value) == nil {
			t.Errorf("%s: a member that is none is allowed", name)
		}
	}
}

// The schema names every member that the types have, and no other.
func TestTheSchemaIsWhole(t *testing.T) {
	type object struct {
		Properties map[string]any     `json:"properties"`
		Defs       map[string]*object `json:"$defs"`
	}
	var schema object
	if err := json.Unmarshal(report.Schema(), &schema); err != nil {
		t.Fatal(err)
	}
	schema.Defs["report"] = &schema
	for name, value := range map[string]any{
		"report": verdict.Report{}, "run": verdict.Run{}, "known": verdict.KnownFailure{}, "requirement": verdict.Requirement{},
		"result": verdict.Result{}, "check": verdict.Check{}, "failure": verdict.Failure{}, "evidence": verdict.Evidence{},
	} {
		want := map[string]bool{}
		for field := range reflect.TypeOf(value).Fields() {
			if member, _, _ := strings.Cut(field.Tag.Get("json"), ","); member != "-" {
				want[member] = true
			}
		}
		got := map[string]bool{}
		for member := range schema.Defs[name].Properties {
			got[member] = true
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// What is read back is what was written, also where it was escaped.
func TestResultsSayWhatWas(t *testing.T) {
	r := made("\u202e\u009b<x>", time.Unix(1, 0).UTC())
	var got verdict.Report
	if err := json.Unmarshal([]byte(write(t, r)[report.ResultsFile]), &got); err != nil {
		t.Fatal(err)
	}
	for i := range r.Results {
		r.Results[i].Trace, r.Results[i].Took = trace.Trace{}, 0
	}
	if diff := cmp.Diff(r, got); diff != "" {
		t.Error(diff)
	}
}

func TestEventsAreTheTraffic(t *testing.T) {
	text := write(t, made("", time.Unix(1, 0)))[report.EventsFile]
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if len(lines) != 11 {
		t.Fatalf("%d lines", len(lines))
	}
	want := `{"story":"2025-11-25 A session ends","place":1,"from":"alice","to":"access","sent":1,"answered":2,` +
		`"request":{"method":"POST","url":"https://portal.example/mcp","header":{"Authorization":["Bearer token-1"],"Content-Type":["application/json"]},"body":"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"wiki_search\"}}"},` +
		`"response":{"status":200,"header":{"Content-Type":["application/json"]},"body":"{}"}}`
	if lines[0] != want {
		t.Errorf("got  %s\nwant %s", lines[0], want)
	}
	var last struct {
		Place    int
		Response struct {
			Body string
			Cut  int
		}
	}
	if err := json.Unmarshal([]byte(lines[10]), &last); err != nil || last.Place != 1 || len(last.Response.Body) != 64<<10 || last.Response.Cut != 6<<10 {
		t.Errorf("a long body: %v, %d bytes, %d cut", err, len(last.Response.Body), last.Response.Cut)
	}
}

type suites struct {
	Tests    int `xml:"tests,attr"`
	Failures int `xml:"failures,attr"`
	Errors   int `xml:"errors,attr"`
	Skipped  int `xml:"skipped,attr"`
	Suites   []struct {
		Name  string `xml:"name,attr"`
		Tests int    `xml:"tests,attr"`
		Cases []struct {
			Class      string `xml:"classname,attr"`
			Name       string `xml:"name,attr"`
			Properties []struct {
				Name  string `xml:"name,attr"`
				Value string `xml:"value,attr"`
			} `xml:"properties>property"`
			Failure *said  `xml:"failure"`
			Error   *said  `xml:"error"`
			Skipped *said  `xml:"skipped"`
			Out     string `xml:"system-out"`
		} `xml:"testcase"`
	} `xml:"testsuite"`
}

type said struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",chardata"`
}

func TestJUnitSaysWhatEachVerdictIs(t *testing.T) {
	var got suites
	if err := xml.Unmarshal([]byte(write(t, made("", time.Unix(1, 0)))[report.JUnitFile]), &got); err != nil {
		t.Fatal(err)
	}
	if got.Tests != 10 || got.Failures != 3 || got.Errors != 1 || got.Skipped != 3 || len(got.Suites) != 2 || got.Suites[0].Name != "A session" || got.Suites[0].Tests != 5 {
		t.Errorf("counts: %+v", got)
	}
	first := got.Suites[0].Cases[0]
	if first.Class != "A session ends (2025-11-25)" || first.Name != "SE-01" || first.Failure == nil || first.Failure.Type != "fail" || first.Failure.Message != "expected 401, actual 200 <ok> second line" {
		t.Errorf("a failure: %+v", first)
	}
	q, err := fixtures.FindRequirement("SE-01")
	if err != nil {
		t.Fatal(err)
	}
	want := "requirement  " + q.Says + "\nsource       " + q.Source + "  " + q.Link + "\nexpected     401\nactual       200 <ok>\n             second line\nsent         alice -> access\nsee          scenarios/sessions.go:23\nagain        portico run SE-01\n"
	if diff := cmp.Diff(want, first.Failure.Text); diff != "" {
		t.Error(diff)
	}
	properties := map[string]string{}
	for _, p := range first.Properties {
		properties[p.Name] = p.Value
	}
	if diff := cmp.Diff(map[string]string{"requirement": q.Says, "level": "must", "authority": string(q.Authority), "url": q.Link, "revision": "2025-11-25"}, properties); diff != "" {
		t.Error(diff)
	}
	kinds := map[string]string{}
	for _, s := range got.Suites {
		for _, c := range s.Cases {
			switch {
			case c.Failure != nil:
				kinds[c.Name] = "failure " + c.Failure.Type
			case c.Error != nil:
				kinds[c.Name] = "error"
			case c.Skipped != nil:
				kinds[c.Name] = "skipped " + c.Skipped.Message
			case c.Out != "":
				kinds[c.Name], _, _ = strings.Cut("out "+c.Out, "\n")
			default:
				kinds[c.Name] = "passed"
			}
		}
	}
	if diff := cmp.Diff(map[string]string{
		"SE-01": "passed", "SE-07": "passed", "NS-01": "out warn: a should", "NS-02": "skipped known: the reason", "CR-07": "failure not testable",
		"CR-02": "skipped unobserved: its clock", "GW-01": "skipped not applicable: feature gateway is not claimed", "CR-01": "error", "CR-03": "failure fixed",
	}, kinds); diff != "" {
		t.Error(diff)
	}
}

// A reader of XML finds our elements and no others, and no character that XML
// forbids (XML 1.0 §2.2).
func TestJUnitIsInert(t *testing.T) {
	text := write(t, made(hostile, time.Unix(1, 0)))[report.JUnitFile]
	inert(t, report.JUnitFile, text)
	known := regexp.MustCompile(`^(testsuites|testsuite|properties|property|testcase|failure|error|skipped|system-out)$`)
	d := xml.NewDecoder(strings.NewReader(text))
	for {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := token.(xml.StartElement); ok && !known.MatchString(e.Name.Local) {
			t.Errorf("element %s", e.Name.Local)
		}
	}
	if strings.Contains(text, "]]>") || !strings.Contains(text, "&lt;script&gt;") {
		t.Error("what was said is not there as text")
	}
}

func TestTheSummaryTellsWhatIsBad(t *testing.T) {
	text := write(t, made("", time.Unix(1, 0)))[report.SummaryFile]
	for _, want := range []string{
		"## ❌ The harness failed at 1 requirement: what that hides is unknown. Beside that, not met: 3.\n", "**PARTIAL RUN.**",
		"| Area | ! error | ✗ fail | ✗ fixed | ✗ not testable | ~ known | ! warn | ✓ pass | ? unobserved | – not applicable |\n",
		"| <code>2025-11-25</code> | · | 1 | · | · | 1 | 1 | 1 | · | · |\n",
		"#### ✗ <code>SE-01</code>: fail\n", "expected     401\nactual       200 <ok>\n             second line\n", "again        portico run SE-01\n",
		"<details><summary>Declared as known: 1</summary>\n\n- ~ <code>NS-02</code>: <code>the reason</code>\n", "<details><summary>Warnings: 1</summary>",
		"**1 requirement not observed**", "1 requirement not applicable",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q", want)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
}

// What is left of the summary without its code blocks and without its code
// elements, in which Markdown has no meaning, holds nothing of the target's.
func TestTheSummaryIsInert(t *testing.T) {
	text := write(t, made(hostile, time.Unix(1, 0)))[report.SummaryFile]
	inert(t, report.SummaryFile, text)
	var outside strings.Builder
	fence := ""
	for line := range strings.SplitSeq(text, "\n") {
		mark := regexp.MustCompile("^`{3,}").FindString(line)
		switch {
		case fence == "" && mark != "":
			fence = mark
		case fence != "" && strings.TrimSpace(line) == fence:
			fence = ""
		case fence == "":
			outside.WriteString(line + "\n")
		}
	}
	if fence != "" {
		t.Error("a code block has no end")
	}
	inside := regexp.MustCompile(`<code>([^<]*)</code>`)
	for _, m := range inside.FindAllStringSubmatch(outside.String(), -1) {
		if strings.ContainsAny(regexp.MustCompile(`&#\d+;`).ReplaceAllString(m[1], ""), "<>&|`*_[]()!@#:/.~\\\n") {
			t.Errorf("markup in %q", m[1])
		}
	}
	rest := inside.ReplaceAllString(outside.String(), "")
	for _, never := range []string{"alert", "evil", "octocat", "HYPERLINK", "Heading", "javascript"} {
		if strings.Contains(rest, never) {
			t.Errorf("%q stands where Markdown obeys it:\n%s", never, rest)
		}
	}
}

func TestASummaryStaysSmall(t *testing.T) {
	var all []verdict.Result
	for i := range 400 {
		id := fmt.Sprintf("XX-%02d", i)
		all = append(all, verdict.Result{Story: id, Verdict: verdict.Fail, Checks: []verdict.Check{{ID: id, Verdict: verdict.Fail, Failures: []verdict.Failure{{Expected: strings.Repeat("e", 9<<10), Actual: strings.Repeat("`", 9<<10)}}}}})
	}
	text := write(t, verdict.Made("acme", verdict.Terms{}, all, verdict.Run{}, false))[report.SummaryFile]
	if len(text) > 1<<20 || !strings.Contains(text, "**And 360 more bad checks**") {
		t.Errorf("%d bytes", len(text))
	}
}

// inert fails if a text has a character that a terminal obeys or that turns a
// line around, or bytes that are no text.
func inert(t *testing.T, name, text string) {
	t.Helper()
	if !utf8.ValidString(text) {
		t.Errorf("%s is no UTF-8", name)
	}
	for _, r := range text {
		if r != '\n' && r != '\t' && unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == 0xFFFE || r == 0xFFFF {
			t.Errorf("%s has the character %U", name, r)
			return
		}
	}
}

func TestNoFileMovesACursor(t *testing.T) {
	for name, text := range write(t, made(strings.ReplaceAll(hostile, "\ufffe", ""), time.Unix(1, 0))) {
		inert(t, name, text)
	}
}

// The policy names the page's own style and script, byte for byte.
func TestThePageAllowsItselfAlone(t *testing.T) {
	text := write(t, made(hostile, time.Unix(1, 0)))[report.PageFile]
	policy := regexp.MustCompile(`<meta http-equiv="Content-Security-Policy" content="([^"]*)">`).FindStringSubmatch(text)
	if policy == nil {
		t.Fatal("there is no policy")
	}
	want := "default-src 'none'; style-src " + hashOf(t, text, "style") + "; script-src " + hashOf(t, text, "script") + "; base-uri 'none'; form-action 'none'"
	if policy[1] != want {
		t.Errorf("policy %s\nwant   %s", policy[1], want)
	}
	if strings.Index(text, "Content-Security-Policy") > strings.Index(text, "<style>") {
		t.Error("the policy comes too late")
	}
}

// hashOf is the hash of the only element of a name.
func hashOf(t *testing.T, text, element string) string {
	t.Helper()
	all := regexp.MustCompile(`(?s)<`+element+`>(.*?)</`+element+`>`).FindAllStringSubmatch(text, -1)
	if len(all) != 1 || strings.Count(text, "<"+element) != 1 {
		t.Fatalf("%d elements %s", strings.Count(text, "<"+element), element)
	}
	sum := sha256.Sum256([]byte(all[0][1]))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

func TestThePageHoldsTheRun(t *testing.T) {
	text := write(t, made("", time.Unix(1, 0)))[report.PageFile]
	for _, want := range []string{
		`<strong>Partial run.</strong>`, `<caption>By area</caption>`, `<caption>By revision</caption>`,
		`<details class="item check fail" open>`, `<details class="item check pass"><summary>`, `<div class="in" id="SE-01">`,
		`<dt>actual</dt><dd><pre>200 &lt;ok&gt;`, `<a href="#s1-1">1–3</a> <a href="#s1-5">5</a></span>`, `silent: nothing was there`,
		`<svg xmlns="http://www.w3.org/2000/svg"`, `role="img" aria-labelledby="s1-t" aria-describedby="s1-x"`, `<a href="#s1-2" tabindex="-1"><path`, `>2 tools/call wiki_search [token-1]</text></a>`,
		"bytes more, in events.jsonl", `<th scope="row">token-1</th>`, "<code>portico run SE-01</code>", "<code>portico repro SE-01</code>",
		`<td>the reason</td><td>javascript:alert(1)</td>`, `<dd>gateway</dd>`, `<dd>counts (strict)</dd>`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q", want)
		}
	}
	for _, never := range []string{`href="#s1-99"`, `href="javascript:`, "ZgotmplZ", "<no value>"} {
		if strings.Contains(text, never) {
			t.Errorf("there is %q", never)
		}
	}
}

func TestThePageIsInert(t *testing.T) {
	text := write(t, made(hostile, time.Unix(1, 0)))[report.PageFile]
	inert(t, report.PageFile, text)
	_, body, _ := strings.Cut(text, "</style>")
	body, _, _ = strings.Cut(body, "<script>\"use strict\"")
	for _, never := range []string{"<script", "<img", "<!--", "onerror=alert(2)>", `href="javascript`, `href="http:`} {
		if strings.Contains(body, never) {
			t.Errorf("there is %q", never)
		}
	}
	if !strings.Contains(body, "&lt;script&gt;alert(1)") {
		t.Error("what was said is not there as text")
	}
}

// A name of a megabyte takes no minute to draw and no megabyte of each place it
// stands in.
func TestLongNamesAreCut(t *testing.T) {
	long := strings.Repeat("n", 1<<20)
	s := seen(3, "{}")
	s.Exchanges[0].Request.Body = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"` + long + `"}}`
	s.Exchanges[1].From, s.Exchanges[1].Failure, s.Exchanges[1].Response = trace.Party(long), long, nil
	s.Exchanges[2].Response.Header = http.Header{"Location": {"https://" + long}, long: {long}}
	r := verdict.Made(long, verdict.Terms{}, []verdict.Result{{Chapter: long, Story: long, Revision: long, Seen: long, Trace: s, Verdict: verdict.Fail, Checks: []verdict.Check{{ID: long, Verdict: verdict.Fail, Why: long, Failures: []verdict.Failure{{Expected: long}}}}}}, verdict.Run{}, false)
	files := write(t, r)
	for _, name := range []string{report.PageFile, report.SummaryFile} {
		if len(files[name]) > 200_000 {
			t.Errorf("%s has %d bytes", name, len(files[name]))
		}
	}
}

func TestWriteSaysWhatItCouldNot(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := report.Write(file, verdict.Report{}); err == nil || !strings.Contains(err.Error(), "write reports: ") {
		t.Errorf("error %v", err)
	}
}
