package network_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-mcp/portico/simulators/network"
	"github.com/portico-mcp/portico/simulators/trace"
)

func TestMain(m *testing.M) {
	network.Warm()
	m.Run()
}

// host puts a party on the network or ends the test.
func host(t *testing.T, n *network.Network, party trace.Party, role trace.Role, name string) *network.Host {
	t.Helper()
	h, err := n.Host(party, role, name)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// town is a client, a relay and a server; the relay asks the server.
func town(t *testing.T, n *network.Network) (alice, relay, wiki *network.Host) {
	t.Helper()
	alice = host(t, n, "alice", trace.Client, "")
	relay = host(t, n, "portal", trace.Portal, "portal.example")
	wiki = host(t, n, "wiki", trace.Upstream, "wiki.example")
	serve(t, wiki, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "called from ", r.RemoteAddr)
	})
	out := relay.Client()
	serve(t, relay, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, get(t, out, wiki.Origin()+"/inner"))
	})
	return alice, relay, wiki
}

func serve(t *testing.T, h *network.Host, f http.HandlerFunc) {
	t.Helper()
	if err := h.Serve(f); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, c *http.Client, url string) string {
	t.Helper()
	res, err := c.Get(url)
	if err != nil {
		t.Error(err)
		return ""
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Error(err)
	}
	return string(body)
}

func TestRecordsEachHopOnceInOrder(t *testing.T) {
	grounds := map[string]func(*testing.T, func(*testing.T, *network.Network)){
		"in memory": func(t *testing.T, f func(*testing.T, *network.Network)) {
			synctest.Test(t, func(t *testing.T) {
				n := network.InMemory()
				defer n.Close()
				f(t, n)
			})
		},
		"loopback": func(t *testing.T, f func(*testing.T, *network.Network)) {
			n := network.Loopback(network.LoopbackConfig{})
			defer n.Close()
			f(t, n)
		},
	}
	for name, on := range grounds {
		t.Run(name, func(t *testing.T) {
			on(t, func(t *testing.T, n *network.Network) {
				alice, relay, wiki := town(t, n)
				body := get(t, alice.Client(), relay.Origin()+"/outer")

				type seen struct {
					From, To             trace.Party
					Path                 string
					Sent, Answered, Code int
				}
				var got []seen
				for _, e := range n.Trace().Exchanges {
					got = append(got, seen{e.From, e.To, e.Path(), e.Sent, e.Answered, e.Status()})
				}
				want := []seen{
					{"alice", "portal", "/outer", 1, 4, 200},
					{"portal", "wiki", "/inner", 2, 3, 200},
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("trace (-want +got):\n%s", diff)
				}
				_ = wiki
				inner := n.Trace().Into("wiki").Exchanges[0]
				if address := relay.Address(); address != "" && (inner.Address != address || !strings.Contains(body, address)) {
					t.Errorf("the listener saw %q and said %q, the relay dials from %q", inner.Address, body, address)
				}
				if inner.Response.Body != body {
					t.Errorf("recorded body %q, read %q", inner.Response.Body, body)
				}
			})
		})
	}
}

func TestRecordsAStrangerAtTheListeningEnd(t *testing.T) {
	n := network.Loopback(network.LoopbackConfig{})
	defer n.Close()
	wiki := host(t, n, "wiki", trace.Upstream, "wiki.example")
	serve(t, wiki, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusTeapot)
		_, _ = w.Write(body)
	})

	res, err := http.Post(wiki.Origin()+"/mcp?x=1", "text/plain", strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)

	seen := n.Trace().Exchanges
	if len(seen) != 1 {
		t.Fatalf("recorded %d exchanges, want 1", len(seen))
	}
	e := seen[0]
	if string(body) != "hello" || e.To != "wiki" || e.Request.Body != "hello" || e.Status() != http.StatusTeapot || e.Response.Body != "hello" || e.Address != "127.0.0.1" {
		t.Errorf("recorded %+v, response %q", e, body)
	}
}

func TestFailuresReadTheSameEverywhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := network.InMemory()
		defer n.Close()
		alice := host(t, n, "alice", trace.Client, "")
		shut := host(t, n, "shut", trace.Upstream, "shut.example")
		rude := host(t, n, "rude", trace.Upstream, "rude.example")
		serve(t, rude, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
		shut.Close()

		for _, url := range []string{shut.Origin(), rude.Origin(), "https://nowhere.example"} {
			if _, err := alice.Client().Get(url); err == nil {
				t.Errorf("GET %s succeeded", url)
			}
		}
		var got []string
		for _, e := range n.Trace().Exchanges {
			got = append(got, e.Failure)
		}
		want := []string{"connection refused", "connection closed", "lookup nowhere.example: no such host"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("failures (-want +got):\n%s", diff)
		}
	})
}

func TestOneHostPerParty(t *testing.T) {
	n := network.InMemory()
	defer n.Close()
	host(t, n, "wiki", trace.Upstream, "wiki.example")
	if _, err := n.Host("wiki", trace.Upstream, "other.example"); err == nil {
		t.Error("a second host of the same party was accepted")
	}
	if _, err := n.Host("twin", trace.Upstream, "wiki.example"); err == nil {
		t.Error("a second host of the same DNS name was accepted")
	}
}

func TestAnOccupiedPortIsAnError(t *testing.T) {
	first := network.Loopback(network.LoopbackConfig{})
	defer first.Close()
	taken := host(t, first, "wiki", trace.Upstream, "wiki.example")
	var port int
	if _, err := fmt.Sscanf(taken.Origin(), "http://127.0.0.1:%d", &port); err != nil {
		t.Fatal(err)
	}
	second := network.Loopback(network.LoopbackConfig{Ports: network.Ports{"wiki": port}})
	defer second.Close()
	if _, err := second.Host("wiki", trace.Upstream, "wiki.example"); err == nil || !strings.Contains(err.Error(), "address already in use") {
		t.Errorf("error %v, want one that says the address is in use", err)
	}
}

func TestCancelledDialEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := network.InMemory()
		defer n.Close()
		alice := host(t, n, "alice", trace.Client, "")
		deaf := host(t, n, "deaf", trace.Upstream, "deaf.example") // never serves
		ctx, cancel := context.WithCancel(t.Context())
		go cancel()
		req, _ := http.NewRequestWithContext(ctx, http.MethodGet, deaf.Origin(), nil)
		if _, err := alice.Client().Do(req); err == nil {
			t.Error("a call to a host that never answers succeeded")
		}
	})
}
