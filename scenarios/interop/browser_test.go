package interop_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// chromium starts a headless browser with a profile of its own. The context is
// not the test's, which ends before the clean-up: a browser that is killed and
// not asked to close leaves files behind.
func chromium(t *testing.T) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not installed: the sign-in in a real browser is not tested")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-gpu", true), chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true), chromedp.Flag("no-first-run", true),
	)
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	ctx, _ := chromedp.NewContext(allocator)
	ctx, cancel := context.WithTimeout(ctx, 90*time.Second)
	t.Cleanup(func() {
		_ = chromedp.Cancel(ctx)
		cancel()
	})
	return ctx
}

// look says what a person would do on the page: type a name and a password,
// or press the first of the labels that is there. It marks what to press.
const look = `(() => {
  const labels = [/^connect/i, /^(sign|log) ?in$/i, /^(allow|approve|authorize|accept)/i, /^(continue|done)/i];
  const buttons = [...document.querySelectorAll('button, a[href], input[type=submit]')];
  for (const label of labels) {
    const b = buttons.find(b => label.test((b.innerText || b.value || '').trim()));
    if (!b) continue;
    document.querySelectorAll('#next-press').forEach(e => e.removeAttribute('id'));
    b.id = 'next-press';
    return document.querySelector('input[type=password]') ? 'login' : 'press';
  }
  return 'nothing';
})()`

// signIn opens the address and goes through every page as a person would,
// until the browser has arrived where a page says nothing more is to be done.
// A picture of each page is kept in the folder.
func signIn(ctx context.Context, address, name, password, pictures string) error {
	if _, err := chromedp.Run(ctx, chromedp.Navigate(address)); err != nil {
		return err
	}
	for page := range 20 {
		if err := picture(ctx, filepath.Join(pictures, fmt.Sprintf("page-%02d.png", page))); err != nil {
			return err
		}
		todo, err := chromedp.Run(ctx, chromedp.Evaluate[string](look))
		if err != nil {
			return err
		}
		switch todo {
		case "nothing":
			return nil
		case "login":
			if _, err := chromedp.Run(ctx, chromedp.SendKeys(chromedp.CSS(`input[name=username]`), name)); err != nil {
				return err
			}
			if _, err := chromedp.Run(ctx, chromedp.SendKeys(chromedp.CSS(`input[name=password]`), password)); err != nil {
				return err
			}
		}
		if err := press(ctx); err != nil {
			return err
		}
	}
	return fmt.Errorf("twenty pages, and no end")
}

// press clicks what look has marked and waits for the next page.
func press(ctx context.Context) error {
	if _, err := chromedp.Run(ctx, chromedp.Click(chromedp.ID(`next-press`))); err != nil {
		return err
	}
	for range 100 {
		time.Sleep(50 * time.Millisecond)
		ready, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`document.readyState === 'complete' && !document.querySelector('#next-press')`))
		if err == nil && ready {
			return nil
		}
	}
	return fmt.Errorf("the page did not go away after the button was pressed")
}

func picture(ctx context.Context, path string) error {
	png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, png, 0o644)
}
