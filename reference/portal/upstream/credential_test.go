package upstream_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/portico-mcp/portico/reference/portal/rpc"
)

func bearer(_ context.Context, h http.Header) error {
	h.Set("Authorization", "Bearer secret")
	return nil
}

func TestEveryRequestCarriesTheCredential(t *testing.T) {
	p := stateful(func(w http.ResponseWriter, r *http.Request, m message) { reply(w, m, `{"tools":[]}`) })
	c, err := loopback(t, p).Open(t.Context(), bearer, rpc.Caller{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.List(t.Context(), "tools/list", "tools"); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, m := range p.seen {
		if m.header.Get("Authorization") != "Bearer secret" {
			t.Errorf("%s came without", m.Method)
		}
	}
}

func TestACredentialCannotReplaceTheProtocolsHeaders(t *testing.T) {
	eras(t, func(t *testing.T, era rpc.Revision, around func(func(http.ResponseWriter, *http.Request, message)) *peer) {
		p := around(func(w http.ResponseWriter, r *http.Request, m message) { reply(w, m, `{}`) })
		c, err := loopback(t, p).Open(t.Context(), func(_ context.Context, h http.Header) error {
			for _, name := range []string{"Accept", "Content-Type", "MCP-Protocol-Version", "Mcp-Session-Id"} {
				h.Set(name, "forged")
			}
			return nil
		}, rpc.Caller{})
		if err != nil {
			t.Fatal(err)
		}
		do(t, c, call(c, `{"name":"a"}`))
		for name, values := range p.got("tools/call")[0].header {
			if values[0] == "forged" {
				t.Errorf("%s was replaced", name)
			}
		}
	})
}

func TestAFailingCredentialStopsTheRequest(t *testing.T) {
	broken := errors.New("no consent")
	p := stateful(nil)
	_, err := loopback(t, p).Open(t.Context(), func(context.Context, http.Header) error { return broken }, rpc.Caller{})
	if !errors.Is(err, broken) || p.sequence() != "" {
		t.Errorf("error %v, sequence %q", err, p.sequence())
	}
}
