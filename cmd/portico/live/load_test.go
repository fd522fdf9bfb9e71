package live_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/portico-mcp/portico/cmd/portico/live"
	"github.com/portico-mcp/portico/simulators/network"
)

// How a town is pressed: at most so many calls in a second, over so many
// connections.
const (
	aSecond     = 1000
	connections = 16
)

// follower reads the journal as `portico up` does.
type follower struct {
	begun, ended map[int]int // how often each exchange was told of
	missed       bool
	dropped      int // as the last news said
	next         atomic.Int64
	done         chan struct{}
}

// follow reads until hold says that it may, and from then on until stop ends.
func follow(stop context.Context, n *live.Town, hold <-chan struct{}) *follower {
	f := &follower{begun: map[int]int{}, ended: map[int]int{}, done: make(chan struct{})}
	after := n.Network.Latest()
	go func() {
		defer close(f.done)
		n.Follow(stop, after, func(news network.News) bool {
			<-hold
			f.missed, f.dropped = f.missed || news.Missed, news.Dropped
			for _, s := range news.Seen {
				f.begun[s.ID]++
				if s.Answered > 0 {
					f.ended[s.ID]++
				}
			}
			f.next.Store(int64(news.Next))
			return true
		})
	}()
	return f
}

// press calls wiki_whoami so many times with raw requests, and returns how many failed.
func press(t *testing.T, n *live.Town, token string, calls int) (failed int64) {
	t.Helper()
	turns := make(chan int)
	go func() {
		defer close(turns)
		pace := time.NewTicker(10 * time.Millisecond)
		defer pace.Stop()
		for i := range calls {
			if i%(aSecond/100) == 0 {
				<-pace.C
			}
			turns <- i
		}
	}()
	transport := &http.Transport{MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections}
	defer transport.CloseIdleConnections()
	var workers sync.WaitGroup
	var failures atomic.Int64
	for range connections {
		workers.Go(func() {
			for i := range turns {
				if text, err := post(t.Context(), transport, n.Endpoint, token, i, "whoami"); err != nil || !strings.Contains(text, "isError\":false") && strings.Contains(text, "error") {
					failures.Add(1)
				}
			}
		})
	}
	workers.Wait()
	return failures.Load()
}

// post calls a tool of wiki's with nothing of ours at the dialling end.
func post(ctx context.Context, by http.RoundTripper, endpoint, token string, id int, tool string) (string, error) {
	body := fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"wiki_%s","arguments":{},"_meta":{`+
		`"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},`+
		`"io.modelcontextprotocol/clientInfo":{"name":"press","version":"1"}}}}`, id, tool)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	req.Header = http.Header{
		"Authorization": {"Bearer " + token}, "Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"},
		"Mcp-Protocol-Version": {"2026-07-28"}, "Mcp-Method": {"tools/call"}, "Mcp-Name": {"wiki_" + tool},
	}
	res, err := by.RoundTrip(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	said, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%d %s", res.StatusCode, said)
	}
	return string(said), err
}

// Who follows a busy town is told of everything, or that there was more; and
// nobody who reads slowly slows it down.
func TestNobodyMissesAnythingUnknowingly(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds")
	}
	for _, c := range []struct {
		name  string
		calls int
		keep  network.Bound
	}{{"everything is kept", 3 * aSecond, network.Bound{}}, {"little is kept", aSecond, network.Bound{Exchanges: 500}}} {
		t.Run(c.name, func(t *testing.T) {
			n := open(t, func(config *live.Config) { config.Keep = c.keep })
			n.well("wiki_whoami")
			token, err := n.AccessToken(within(t), "alice")
			if err != nil {
				t.Fatal(err)
			}
			if !soon(func() bool { return quiet(n.Town) }) { // a hop may end after the answer has come
				t.Fatal("something is still under way")
			}
			stop, end := context.WithCancel(t.Context())
			defer end()
			let, open := make(chan struct{}), make(chan struct{})
			close(open)
			before, droppedBefore := n.Network.Latest(), n.Network.News(0, 1).Dropped
			fast, slow := follow(stop, n.Town, open), follow(stop, n.Town, let)

			if failed := press(t, n.Town, token, c.calls); failed > 0 {
				t.Errorf("%d calls failed", failed)
			}
			if !soon(func() bool { return n.Network.Latest() == before+2*3*c.calls }) {
				t.Errorf("%d events, want a beginning and an end of each of three hops of %d calls", n.Network.Latest()-before, c.calls)
			}
			close(let)
			last := n.Network.Latest()
			for name, f := range map[string]*follower{"fast": fast, "slow": slow} {
				if !soon(func() bool { return f.next.Load() == int64(last) }) {
					t.Errorf("the %s reader has come to %d of %d", name, f.next.Load(), last)
				}
			}
			end()
			news := n.Network.News(before, 0)
			if news.Next != last {
				t.Errorf("the journal ends at %d, and the last event is %d", news.Next, last)
			}
			adds(t, news, droppedBefore, 3*c.calls, c.keep == network.Bound{})
			for name, f := range map[string]*follower{"fast": fast, "slow": slow} {
				<-f.done
				f.check(t, name, droppedBefore, 3*c.calls, c.keep == network.Bound{})
			}
		})
	}
}

// quiet says whether every exchange has ended.
func quiet(n *live.Town) bool {
	return !slices.ContainsFunc(n.Network.News(0, 0).Seen, func(s network.Seen) bool { return s.Answered == 0 })
}

// adds wants what is kept and what was dropped to be all there was.
func adds(t *testing.T, news network.News, droppedBefore, hops int, all bool) {
	t.Helper()
	kept := len(news.Seen)
	if all && (kept != hops || news.Dropped != 0 || news.Missed) {
		t.Errorf("%d exchanges are kept and %d dropped, missed %t, of %d", kept, news.Dropped, news.Missed, hops)
	}
	if !all && (kept != 500 || !news.Missed || kept+news.Dropped-droppedBefore < hops) {
		t.Errorf("%d exchanges are kept and %d dropped, missed %t, of %d", kept, news.Dropped-droppedBefore, news.Missed, hops)
	}
}

// check wants a reader to have been told of each exchange once, or that it was
// not told of all.
func (f *follower) check(t *testing.T, name string, droppedBefore, hops int, all bool) {
	t.Helper()
	for id, times := range f.ended {
		if times != 1 {
			t.Errorf("the %s reader was told %d times of the end of exchange %d", name, times, id)
		}
	}
	told := f.missed || f.dropped > droppedBefore
	if len(f.ended) != hops && !told || all && told {
		t.Errorf("the %s reader was told of %d ends of %d; missed %t, dropped %d", name, len(f.ended), hops, f.missed, f.dropped)
	}
	if !all && name == "slow" && !told {
		t.Error("the slow reader kept up with a town that keeps little")
	}
}
