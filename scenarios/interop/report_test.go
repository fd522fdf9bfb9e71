package interop_test

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/portico-mcp/portico/fixtures"
	judged "github.com/portico-mcp/portico/scenarios/verdict"
	"github.com/portico-mcp/portico/scenarios/verdict/report"
	"github.com/portico-mcp/portico/simulators/trace"
)

// attack is what a hostile target puts wherever it can.
const attack = "<script>window.ran=1</script><img src=x onerror=window.ran=1><a href='javascript:window.ran=1'>x</a>\u202e\x1b[31m]]></script>"

// reported is a run of a hostile target: a story that failed, and one that held.
func reported() judged.Report {
	roles := map[trace.Party]trace.Role{"alice": trace.Client, "access": trace.Access, "wiki" + attack: trace.Upstream}
	json := http.Header{"Content-Type": {"application/json"}, "X-Evil": {attack}}
	seen := trace.Trace{Roles: roles}
	for i := range 6 {
		e := trace.Exchange{
			From: "alice", To: "access", Sent: 2*i + 1, Answered: 2*i + 2,
			Request:  trace.Request{Method: "POST", URL: "https://portal.example/mcp", Header: json, Body: `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"wiki_search <script>window.ran=1</script>"}}`},
			Response: &trace.Response{Status: 200, Header: json, Body: strings.Repeat(attack, 20)},
		}
		if i == 5 {
			e.To = "wiki" + attack
		}
		seen.Exchanges = append(seen.Exchanges, e)
	}
	failed := []judged.Failure{{Expected: "401", Actual: strings.Repeat(attack, 10), Sent: attack, Where: "scenarios/sessions.go:23"}}
	look := []judged.Evidence{{Seats: []fixtures.Seat{fixtures.AtClient}, Of: "alice calls " + attack, Exchanges: []int{1, 2, 3, 5}}, {Seats: []fixtures.Seat{fixtures.AtUpstream}, Of: "into wiki", Silent: true}}
	told := []judged.Result{
		{Chapter: "A session", Story: "ends " + attack, Revision: "2025-11-25", Verdict: judged.Fail, Seen: attack, Evidence: look, Trace: seen,
			Checks: []judged.Check{{ID: "SE-01", Level: "must", Verdict: judged.Fail, Failures: failed}, {ID: "SE-07", Level: "must", Verdict: judged.Pass}}},
		{Chapter: "A credential", Story: "stays on its side", Revision: "2026-07-28", Verdict: judged.Pass, Evidence: look, Trace: seen,
			Checks: []judged.Check{{ID: "CR-07", Level: "must", Verdict: judged.Pass}}},
	}
	return judged.Made("acme "+attack, judged.Terms{Known: []judged.KnownFailure{{Check: "NS-01", Reason: attack, Issue: "javascript:window.ran=1"}}}, told, judged.Run{}, true)
}

// reportFolder is a run whose report the pictures are made of instead.
var reportFolder = flag.String("report", "", "a folder with a report.html to make pictures of")

// openReport opens a report from disk in a browser of its own, and fails if the
// page asks for anything but itself.
func openReport(t *testing.T) (context.Context, string) {
	t.Helper()
	ctx := chromium(t)
	folder := t.TempDir()
	if err := report.Write(folder, reported()); err != nil {
		t.Fatal(err)
	}
	return ctx, open(t, ctx, folder)
}

func open(t *testing.T, ctx context.Context, folder string) string {
	t.Helper()
	full, err := filepath.Abs(filepath.Join(folder, report.PageFile))
	if err != nil {
		t.Fatal(err)
	}
	address := "file://" + filepath.ToSlash(full)
	heed(t, ctx)
	watchRequests(t, ctx)
	do(t, ctx, chromedp.EmulateViewport(1440, 900), chromedp.Navigate(address))
	until(t, ctx, `document.readyState === 'complete' && !document.querySelector('.find').hidden`)
	return address
}

func watchRequests(t *testing.T, ctx context.Context) {
	t.Helper()
	var mu sync.Mutex
	var asked []string
	err := chromedp.Listen(ctx, func(event any) {
		if e, ok := event.(*network.EventRequestWillBeSent); ok {
			mu.Lock()
			defer mu.Unlock()
			asked = append(asked, e.Request.URL)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	do(t, ctx, command(network.Enable, network.EnableParams{}))
	t.Cleanup(func() {
		mu.Lock()
		defer mu.Unlock()
		if len(asked) == 0 {
			t.Error("the browser did not even report that it opened the page: this test sees nothing")
		}
		for _, url := range asked {
			if url, _, _ := strings.Cut(url, "#"); !strings.HasPrefix(url, "file:") || !strings.HasSuffix(url, "/"+report.PageFile) {
				t.Errorf("the report asks for %s", url)
			}
		}
	})
}

func TestTheReportIsSearched(t *testing.T) {
	ctx, _ := openReport(t)
	// a key of a keyboard: KeyEvent would send its character though the page took the key
	for _, kind := range []input.DispatchKeyEventType{"rawKeyDown", "keyUp"} {
		do(t, ctx, command(input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: kind, Key: "/"}))
	}
	until(t, ctx, `document.activeElement.id === 'find'`)
	do(t, ctx, chromedp.SendKeys(chromedp.CSS(`#find`), "cr-07 pass"))
	until(t, ctx, `[...document.querySelectorAll('.check')].filter(e => e.offsetParent).map(e => e.querySelector('.id').innerText).join() === 'CR-07'`)
	until(t, ctx, `document.querySelector('#found').innerText.startsWith('1 of ') || document.querySelector('#found').innerText.startsWith('2 of ')`)
	do(t, ctx, chromedp.KeyEvent(kb.Escape))
	until(t, ctx, `document.querySelectorAll('.item[hidden]').length === 0 && document.querySelector('#find').value === ''`)
}

func TestACheckOfTheReportIsLinked(t *testing.T) {
	ctx, address := openReport(t)
	until(t, ctx, `document.querySelector('.check.fail').open && document.querySelector('.story.fail').open`)
	until(t, ctx, `!document.getElementById('CR-07').closest('details').open`)
	do(t, ctx, chromedp.Navigate(address+"#CR-07"))
	until(t, ctx, `document.getElementById('CR-07').closest('details').open && document.querySelector('.story.pass').open`)
	until(t, ctx, `document.activeElement === document.getElementById('CR-07').closest('details').querySelector('summary')`)
	until(t, ctx, `(top => top >= 40 && top < innerHeight)(document.activeElement.getBoundingClientRect().top)`)
	evaluate[bool](t, ctx, `document.querySelector('.story.fail .evidence a').click(); true`)
	until(t, ctx, `location.hash === '#s1-1' && document.getElementById('s1-1').closest('details').open && document.activeElement.matches('.x summary')`)
	evaluate[bool](t, ctx, `document.querySelectorAll('.story.fail .picture a')[4].dispatchEvent(new MouseEvent('click', {bubbles: true, cancelable: true})); true`)
	until(t, ctx, `location.hash === '#s1-3' && document.getElementById('s1-3').closest('details').open`)
}

func TestTheReportByKeyboard(t *testing.T) {
	ctx, _ := openReport(t)
	do(t, ctx, chromedp.KeyEvent(kb.Tab))
	until(t, ctx, `document.activeElement.matches('.skip')`)
	evaluate[bool](t, ctx, `document.activeElement.blur(); true`)
	do(t, ctx, chromedp.KeyEvent("j"))
	until(t, ctx, `document.activeElement.closest('.item').querySelector('.id').innerText === 'SE-01' && getComputedStyle(document.activeElement).outlineStyle !== 'none'`)
	do(t, ctx, chromedp.KeyEvent("j"))
	until(t, ctx, `document.activeElement.closest('.item').querySelector('.id').innerText === 'CR-07'`)
	do(t, ctx, chromedp.KeyEvent(kb.Enter))
	until(t, ctx, `document.activeElement.closest('.item').open`)
	do(t, ctx, chromedp.KeyEvent("k"))
	until(t, ctx, `document.activeElement.closest('.item').querySelector('.id').innerText === 'SE-01'`)
	do(t, ctx, chromedp.KeyEvent("n"))
	until(t, ctx, `document.activeElement.closest('.story.fail')`)
	do(t, ctx, chromedp.KeyEvent("?"))
	until(t, ctx, `document.querySelector('#help').open`)
	do(t, ctx, chromedp.KeyEvent(kb.Escape))
	until(t, ctx, `!document.querySelector('#help').open`)
}

func TestNothingOfTheTargetRunsInTheReport(t *testing.T) {
	ctx, _ := openReport(t)
	evaluate[bool](t, ctx, `document.querySelectorAll('details').forEach(d => { d.open = true }); true`)
	until(t, ctx, `document.body.innerText.includes('<script>window.ran=1</script>')`) // it is there, as text
	if evaluate[bool](t, ctx, `Boolean(window.ran)`) {
		t.Error("a script of the target ran")
	}
	if n := evaluate[int](t, ctx, `document.querySelectorAll('script').length - 1 + document.querySelectorAll('img, iframe, object, embed, [onerror], [style]').length`); n != 0 {
		t.Errorf("%d elements are the target's", n)
	}
	if got := evaluate[string](t, ctx, `[...document.querySelectorAll('a')].map(a => a.getAttribute('href')).filter(h => !/^(#|https:)/.test(h)).join(' ')`); got != "" {
		t.Errorf("links of the target: %s", got)
	}
	if got := evaluate[string](t, ctx, `(all => all.filter((id, i) => all.indexOf(id) !== i).join(' '))([...document.querySelectorAll('[id]')].map(e => e.id))`); got != "" {
		t.Errorf("ids that stand twice: %s", got)
	}
	if evaluate[bool](t, ctx, `/[\u202e\u001b]/.test(document.documentElement.innerHTML)`) {
		t.Error("marks that turn text around, or that a terminal obeys")
	}
}

// What says nothing by itself has a name: landmarks, tables, pictures.
func TestTheReportIsAccessible(t *testing.T) {
	ctx, _ := openReport(t)
	for what, expression := range map[string]string{
		"one main, one banner, one navigation, one search": `['main', 'body > header', 'nav[aria-label]', '[role=search]', 'body > footer', 'h1'].every(s => document.querySelectorAll(s).length === 1)`,
		"no heading leaves a level out":                    `[...document.querySelectorAll('h1,h2,h3,h4')].every((h, i, all) => !i || +h.tagName[1] - +all[i - 1].tagName[1] <= 1)`,
		"tables have captions and headers":                 `[...document.querySelectorAll('table')].every(t => t.caption && t.querySelector('th[scope=col]') && t.querySelector('th[scope=row]'))`,
		"what a section is named by is there":              `[...document.querySelectorAll('[aria-labelledby],[aria-describedby]')].every(e => ((e.getAttribute('aria-labelledby') || '') + ' ' + (e.getAttribute('aria-describedby') || '')).trim().split(/\s+/).every(id => document.getElementById(id)))`,
		"verdicts have words":                              `[...document.querySelectorAll('.v')].every(v => /[a-z]/.test(v.textContent))`,
		"what scrolls takes the focus":                     `[...document.querySelectorAll('.scroll, .picture')].every(e => e.tabIndex === 0 && e.getAttribute('aria-label'))`,
	} {
		if !evaluate[bool](t, ctx, expression) {
			t.Errorf("it does not hold that %s", what)
		}
	}
}

func TestTheReportWithoutJavaScript(t *testing.T) {
	ctx := chromium(t)
	folder := t.TempDir()
	if err := report.Write(folder, reported()); err != nil {
		t.Fatal(err)
	}
	full, err := filepath.Abs(filepath.Join(folder, report.PageFile))
	if err != nil {
		t.Fatal(err)
	}
	do(t, ctx, command(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}),
		chromedp.Navigate("file://"+filepath.ToSlash(full)+"#CR-07"))
	until(t, ctx, `document.querySelector('.find').hidden && document.querySelector('.story.fail').open`)
	until(t, ctx, `document.getElementById('CR-07').closest('details').open`) // the browser reveals what is linked to
	do(t, ctx, chromedp.Click(chromedp.CSS(`.story.pass > summary`)))
	until(t, ctx, `document.querySelector('.story.pass').open && document.querySelector('.story.pass').innerText.includes('tools/call wiki_search')`)
}

func TestTheReportFitsEveryWindow(t *testing.T) {
	ctx, address := openReport(t)
	folder := t.TempDir()
	if *reportFolder != "" {
		full, _ := filepath.Abs(filepath.Join(*reportFolder, report.PageFile))
		address, folder = "file://"+full, *reportFolder
		t.Cleanup(func() { t.Log("pictures are in", folder) })
		watchRequests(t, ctx)
	}
	for _, scheme := range []string{"light", "dark"} {
		for _, width := range []int64{360, 768, 1440} {
			do(t, ctx, command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}),
				chromedp.EmulateViewport(width, 1000), chromedp.Navigate(address))
			until(t, ctx, `document.readyState === 'complete'`)
			name := fmt.Sprintf("report-%s-%d", scheme, width)
			fits(t, ctx, name)
			if scheme == "dark" {
				until(t, ctx, `getComputedStyle(document.body).backgroundColor === 'rgb(18, 22, 29)'`)
			}
			for _, at := range []string{"", ".check.fail", ".story.fail", "#terms"} {
				evaluate[bool](t, ctx, fmt.Sprintf(`%q && document.querySelector(%q).scrollIntoView(); true`, at, at))
				view(t, ctx, filepath.Join(folder, name+strings.NewReplacer(".", "-", "#", "-").Replace(at)+".png"))
			}
			evaluate[bool](t, ctx, `document.querySelectorAll('.item, .story.fail .x').forEach((d, i) => { if (i < 300) d.open = true }); true`)
			fits(t, ctx, name+" with much open")
			evaluate[bool](t, ctx, `document.querySelector('.story.fail .xs').scrollIntoView(); true`)
			view(t, ctx, filepath.Join(folder, name+"-open.png"))
		}
	}
}

// view keeps a picture of what is in the window.
func view(t *testing.T, ctx context.Context, path string) {
	t.Helper()
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.WriteFile(path, png, 0o644)
	}
	if err != nil {
		t.Error(err)
	}
}
