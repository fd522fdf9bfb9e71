package network_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/portico-mcp/portico/simulators/network"
	"github.com/portico-mcp/portico/simulators/trace"
)

// bounded is a network that keeps few exchanges, with somebody who asks and
// somebody who answers.
func bounded(t *testing.T, keep network.Bound) (n *network.Network, dial *http.Client, origin string) {
	t.Helper()
	n = network.Loopback(network.LoopbackConfig{Keep: keep})
	t.Cleanup(n.Close)
	alice := host(t, n, "alice", trace.Client, "")
	wiki := host(t, n, "wiki", trace.Upstream, "wiki.example")
	if err := wiki.Serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(strings.Repeat("w", 100))) })); err != nil {
		t.Fatal(err)
	}
	return n, alice.Client(), wiki.Origin()
}

// What is over the bound is given up, the oldest first, and counted.
func TestABoundedRecordSaysWhatItGaveUp(t *testing.T) {
	for name, keep := range map[string]network.Bound{"exchanges": {Exchanges: 5}, "bytes": {Bytes: 550}} {
		t.Run(name, func(t *testing.T) {
			n, dial, origin := bounded(t, keep)
			for i := range 20 {
				get(t, dial, fmt.Sprint(origin, "/", i))
			}
			kept := n.Trace().Exchanges
			if len(kept) < 5 || len(kept) > 6 || kept[len(kept)-1].Path() != "/19" || kept[0].Sent != 1 {
				t.Fatalf("kept:\n%s", n.Trace())
			}
			news := n.News(1, 0)
			if !news.Missed || news.Dropped != 20-len(kept) || len(news.Seen) != len(kept) {
				t.Errorf("missed %v, dropped %d, %d seen", news.Missed, news.Dropped, len(news.Seen))
			}
			if _, ok := n.Find(1); ok {
				t.Error("what was given up is found")
			}
			last := news.Seen[len(news.Seen)-1]
			if found, ok := n.Find(last.ID); !ok || found.Path() != "/19" {
				t.Errorf("found %+v", found)
			}
		})
	}
}

// Who follows is told of every exchange, however many ask at once.
func TestNewsMissNothing(t *testing.T) {
	const askers, each = 20, 50
	n, dial, origin := bounded(t, network.Bound{Exchanges: askers * each})
	happened, stop := n.Watch()
	defer stop()
	var all sync.WaitGroup
	for range askers {
		all.Go(func() {
			for range each {
				get(t, dial, origin)
			}
		})
	}
	ended := map[int]bool{}
	for after := 0; len(ended) < askers*each; {
		news := n.News(after, 7)
		if news.Missed || news.Dropped > 0 {
			t.Fatalf("missed %v, dropped %d", news.Missed, news.Dropped)
		}
		for _, s := range news.Seen {
			if s.Answered > 0 {
				ended[s.ID] = true
			}
		}
		if after = news.Next; len(news.Seen) == 0 {
			<-happened
		}
	}
	all.Wait()
	if news := n.News(n.Latest(), 0); len(news.Seen) > 0 {
		t.Errorf("after the latest: %d", len(news.Seen))
	}
}

// Who only looks leaves no mark.
func TestUnseenIsNotRecorded(t *testing.T) {
	n, dial, origin := bounded(t, network.Bound{Exchanges: 10})
	get(t, n.Unseen(), origin+"/looked")
	get(t, dial, origin+"/asked")
	if got := n.Trace().Exchanges; len(got) != 1 || got[0].Path() != "/asked" {
		t.Errorf("recorded:\n%s", n.Trace())
	}
}

// A name that resolves nowhere, and an origin that is somebody's tunnel, lead to
// the host all the same; each has a certificate, and plain http is taken too.
func TestOriginsFromElsewhereLeadHome(t *testing.T) {
	authority, err := network.NewAuthority("test")
	if err != nil {
		t.Fatal(err)
	}
	n := network.Loopback(network.LoopbackConfig{
		Authority: authority, Advertise: "town.invalid", Public: map[trace.Party]string{"door": "https://door.invalid"},
	})
	t.Cleanup(n.Close)
	alice := host(t, n, "alice", trace.Client, "")
	for _, party := range []trace.Party{"wiki", "door"} {
		h := host(t, n, party, trace.Upstream, string(party)+".example")
		if err := h.Serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, party) })); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(h.Origin(), "https://") || !strings.Contains(h.Origin(), ".invalid") {
			t.Errorf("%s is at %s", party, h.Origin())
		}
		if got := get(t, alice.Client(), h.Origin()); got != string(party) {
			t.Errorf("%s says %q", party, got)
		}
	}
	if _, err := network.Loopback(network.LoopbackConfig{Public: map[trace.Party]string{"door": "https://door.invalid/path"}}).Host("door", trace.Access, "door.example"); err == nil {
		t.Error("a public URL with a path was accepted")
	}
}
