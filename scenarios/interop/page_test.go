package interop_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// complaints are what a browser had to say about a page: errors on its console
// and exceptions of its script.
type complaints struct {
	mu  sync.Mutex
	all []string
}

func (c *complaints) add(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = append(c.all, text)
}

// heed collects what the browser complains of, from now on.
func heed(t *testing.T, ctx context.Context) {
	t.Helper()
	c := &complaints{}
	err := chromedp.Listen(ctx, func(event any) {
		switch e := event.(type) {
		case *log.EventEntryAdded:
			c.add(fmt.Sprintf("%s: %s %s", e.Entry.Level, e.Entry.Text, e.Entry.URL))
		case *runtime.EventExceptionThrown:
			c.add("exception: " + e.ExceptionDetails.Text)
		case *runtime.EventConsoleAPICalled:
			c.add("console." + string(e.Type))
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	do(t, ctx, command(log.Enable, cdp.Empty{}), command(runtime.Enable, cdp.Empty{}))
	t.Cleanup(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, text := range c.all {
			t.Errorf("the browser complains: %s", text)
		}
	})
}

func do(t *testing.T, ctx context.Context, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(ctx, steps...); err != nil {
		t.Fatal(err)
	}
}

// command is a command of the browser's protocol that answers nothing.
func command[P any](c cdp.Command[P, cdp.Empty], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, c, params)
		return err
	})
}

func evaluate[T any](t *testing.T, ctx context.Context, expression string) T {
	t.Helper()
	got, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return got
}

// until asks the page again and again whether something holds.
func until(t *testing.T, ctx context.Context, expression string) {
	t.Helper()
	for range 200 {
		if got, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("Boolean("+expression+")")); err == nil && got {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatal(ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
	t.Fatalf("never: %s\n%s", expression, evaluate[string](t, ctx, "location.href + '\\n' + document.body.innerText.slice(0, 3000)"))
}

// callTool calls a tool through the control port, as a program does.
func (o *town) callTool(t *testing.T, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, o.Control.URL+"/call", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+o.Control.Token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Fatalf("POST /call answers %d", res.StatusCode)
	}
}

// openPage opens the page of a town in a browser of its own.
func openPage(t *testing.T, args ...string) (context.Context, *town) {
	t.Helper()
	ctx := chromium(t)
	o := up(t, append([]string{"--port", "0"}, args...)...)
	heed(t, ctx)
	do(t, ctx, chromedp.Navigate(o.Control.URL+"/open?token="+url.QueryEscape(o.Control.Token)))
	if at := evaluate[string](t, ctx, "location.pathname + location.search"); at != "/" {
		t.Errorf("the page is at %s: the token is still in the address", at)
	}
	return ctx, o
}

// lived lets a town see something worth looking at: calls of three servers, one
// that fails and a fault that is set.
func (o *town) lived(t *testing.T) {
	t.Helper()
	for _, body := range []string{
		`{"as":"alice","tool":"wiki_search","args":{"query":"badgers"}}`,
		`{"as":"bob","tool":"tickets_whoami"}`,
		`{"as":"alice","tool":"wiki_fail"}`,
		`{"as":"alice","tool":"mail_send","args":{"to":"bob"}}`,
	} {
		o.callTool(t, body)
	}
}

func TestThePageOfATownAtEverySize(t *testing.T) {
	ctx, o := openPage(t)
	o.lived(t)
	do(t, ctx, chromedp.Evaluate[chromedp.Void](`fetch('/act', {method: 'POST', body: new URLSearchParams({verb: 'fail', a0: 'tickets', a1: '503', times: '2', back: 'do'})}).then(() => undefined)`))
	o.callTool(t, `{"as":"bob","tool":"tickets_whoami"}`)
	for _, scheme := range []string{"light", "dark"} {
		for _, width := range []int64{360, 960, 1600} {
			name := fmt.Sprintf("town-%s-%d", scheme, width)
			do(t, ctx,
				command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}),
				chromedp.EmulateViewport(width, 1000), chromedp.Navigate(o.Control.URL+"/"))
			until(t, ctx, `document.querySelectorAll('#entries .entry').length > 10`)
			fits(t, ctx, name)
			if width == 1600 {
				o.callTool(t, `{"as":"alice","tool":"mail_whoami"}`)
				until(t, ctx, `document.querySelector('.hop.lit')`)
			}
			shoot(t, ctx, name)
			do(t, ctx, chromedp.Evaluate[chromedp.Void](`document.querySelectorAll('details').forEach(d => { d.open = true }); document.querySelector('#entries .asked').click()`))
			until(t, ctx, `document.querySelector('.opened .detail')`)
			fits(t, ctx, name+" with everything open")
			shoot(t, ctx, name+"-open")
			do(t, ctx, chromedp.Navigate(o.Control.URL+evaluate[string](t, ctx, `document.querySelector('#entries .back .asked').getAttribute('href')`)))
			fits(t, ctx, name+", an exchange")
			shoot(t, ctx, name+"-exchange")
		}
	}
}

// fits fails if a person would have to scroll sideways.
func fits(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	if over := evaluate[int](t, ctx, `document.documentElement.scrollWidth - innerWidth`); over > 0 {
		t.Errorf("%s is %d px wider than the window", name, over)
	}
}

func shoot(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	if err := picture(ctx, filepath.Join("../../out/pages", name+".png")); err != nil {
		t.Error(err)
	}
}

// watch notes which hops light up, and which of them as failing.
const watch = `window.passed = new Set(); new MutationObserver(all => { for (const m of all) {
  const d = m.target.dataset;
  if (d.from && m.target.classList.contains('lit')) passed.add(d.from + '>' + d.to);
  if (d.from && m.target.classList.contains('failing')) passed.add('!' + d.from + '>' + d.to);
} }).observe(document.querySelector('.flow'), {subtree: true, attributes: true, attributeFilter: ['class']}); true`

func TestThePageFollowsTheTown(t *testing.T) {
	ctx, o := openPage(t)
	evaluate[bool](t, ctx, watch)
	o.callTool(t, `{"as":"alice","tool":"wiki_search","args":{"query":"badgers"}}`)
	until(t, ctx, `passed.has('(clients)>access') && passed.has('access>portal') && passed.has('portal>wiki')`)
	until(t, ctx, `[...document.querySelectorAll('#entries .front')].some(e => e.innerText.includes('alice → access') && e.innerText.includes('wiki_search') && e.innerText.includes('token-'))`)
	until(t, ctx, `[...document.querySelectorAll('#entries .back')].some(e => e.innerText.includes('portal → wiki') && e.innerText.includes('search'))`)
	until(t, ctx, `document.querySelector('#people').innerText.includes("alice's client")`) // the state follows

	do(t, ctx, chromedp.Click(chromedp.CSS(`#entries .entry .asked`)))
	until(t, ctx, `document.querySelector('.opened .detail h3') && document.activeElement.matches('.opened .close')`)
	do(t, ctx, chromedp.KeyEvent(kb.Escape))
	until(t, ctx, `!document.querySelector('.opened') && document.activeElement.matches('.asked')`)

	do(t, ctx, chromedp.Evaluate[chromedp.Void](`void document.querySelector('#v-fail').setAttribute('open', '')`),
		chromedp.SetValue(chromedp.CSS(`#do-fail-a0`), "wiki"), chromedp.Click(chromedp.CSS(`#v-fail button`)))
	until(t, ctx, `document.querySelector('#do .outcome').innerText.includes('wiki') && document.querySelector('#faults').innerText.includes('fail 500')`)
	until(t, ctx, `document.querySelector('[data-node="wiki"]').classList.contains('ill')`)
	evaluate[bool](t, ctx, watch)
	o.callTool(t, `{"as":"alice","tool":"wiki_search","args":{"query":"badgers"}}`)
	until(t, ctx, `passed.has('!portal>wiki')`)
	if at := evaluate[string](t, ctx, "location.pathname + location.search"); at != "/" {
		t.Errorf("orders led away from the page, to %s", at)
	}
}

func TestThePageByKeyboard(t *testing.T) {
	ctx, o := openPage(t)
	o.callTool(t, `{"as":"alice","tool":"wiki_search","args":{"query":"badgers"}}`)
	do(t, ctx, chromedp.KeyEvent(kb.Tab))
	until(t, ctx, `document.activeElement.matches('.skip') && document.activeElement.getBoundingClientRect().top >= 0`)
	do(t, ctx, chromedp.KeyEvent(kb.Enter))
	until(t, ctx, `location.hash === '#journal'`)
	evaluate[bool](t, ctx, `document.querySelector('#b-expire-alice-people').focus(); true`)
	until(t, ctx, `getComputedStyle(document.activeElement).outlineStyle !== 'none'`)
	do(t, ctx, chromedp.KeyEvent(kb.Enter))
	until(t, ctx, `document.querySelector('#people .outcome').innerText.includes("alice's access tokens have ended")`)
	until(t, ctx, `document.activeElement.id === 'b-expire-alice-people'`) // what was swapped did not take the place away

	evaluate[bool](t, ctx, `document.querySelector('[data-node="wiki"]').focus(); true`)
	until(t, ctx, `document.querySelector('.hop.near[data-to="wiki"]')`)
	do(t, ctx, chromedp.KeyEvent(kb.Enter))
	until(t, ctx, `location.search === '?at=wiki' && document.querySelectorAll('#entries .entry').length > 0`)
	until(t, ctx, `[...document.querySelectorAll('#entries .ends')].every(e => e.innerText.includes('wiki'))`)
}

func TestThePageWithoutJavaScript(t *testing.T) {
	ctx, o := openPage(t)
	o.callTool(t, `{"as":"alice","tool":"wiki_search","args":{"query":"badgers"}}`)
	do(t, ctx, command(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}),
		chromedp.EmulateViewport(1600, 1000), chromedp.Navigate(o.Control.URL+"/"))
	until(t, ctx, `document.querySelector('#entries').innerText.includes('portal → wiki') && document.querySelector('#pause').hidden && document.querySelector('[data-copy]').hidden`)
	do(t, ctx, chromedp.Click(chromedp.CSS(`#b-expire-alice-people`)))
	until(t, ctx, `location.hash === '#people' && document.querySelector('#people .outcome').innerText.includes("alice's access tokens have ended")`)
	do(t, ctx, chromedp.Click(chromedp.CSS(`#call button`)))
	until(t, ctx, `location.hash === '#call' && document.querySelector('#call pre')?.innerText.includes('badgers') && document.querySelector('#call .entries').innerText.includes('portal → wiki')`)
	shoot(t, ctx, "town-without-javascript")
	do(t, ctx, chromedp.SetValue(chromedp.CSS(`#match`), "to=wiki method=tools/call"), chromedp.Click(chromedp.CSS(`.filter button`)))
	until(t, ctx, `location.search.includes('match=') && document.querySelectorAll('#entries .entry').length > 0`)
	do(t, ctx, chromedp.Click(chromedp.CSS(`#entries .asked`)))
	until(t, ctx, `location.pathname.startsWith('/exchange/') && document.querySelector('.detail pre')`)
}
