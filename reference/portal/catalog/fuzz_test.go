package catalog_test

import (
	"encoding/json"
	"regexp"
	"testing"

	"github.com/portico-mcp/portico/reference/portal/catalog"
	"github.com/portico-mcp/portico/reference/portal/rpc"
)

var serverID = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// Joining and splitting lose nothing as long as ids have no underscore.
func FuzzSplit(f *testing.F) {
	f.Add("wiki", "search")
	f.Add("a", "b_echo")
	f.Add("my-server", "_")
	f.Fuzz(func(t *testing.T, server, name string) {
		if !serverID.MatchString(server) || name == "" {
			t.Skip()
		}
		s, n, ok := catalog.Join(server, name).Split()
		if !ok || s != server || n != name {
			t.Errorf("%q and %q came back as %q and %q, %v", server, name, s, n, ok)
		}
	})
}

// Whatever a server offers, the list stays valid JSON, everything in it can be
// called, and nothing of it is found under a name that belongs to another
// server.
func FuzzView(f *testing.F) {
	f.Add(`{"name":"search"}`, `{"name":"b_echo","inputSchema":{}}`)
	f.Add(`{"name":"\u0062_echo"}`, `{"name":"x","Name":"y"}`)
	f.Add(`{"name":"x"},{"name":"y"}`, `{"name":"x"`)
	f.Add(`{"name":"\ud83d"}`, "{\"name\":\"\x80\"}")
	f.Fuzz(func(t *testing.T, one, other string) {
		offer := catalog.Offer{Server: "a", Revision: rpc.Stateful, Tools: definitions(one, other)}
		c := catalog.New(catalog.NewListing(offer), catalog.NewListing(catalog.Offer{Server: "b", Tools: named("echo")}))
		for _, rev := range []rpc.Revision{rpc.Stateful, rpc.Stateless} {
			list := view(c, catalog.Tools, rev, nil)
			var tools []struct{ Name catalog.Name }
			if err := json.Unmarshal([]byte(list), &tools); err != nil {
				t.Fatalf("%v: %s", err, list)
			}
			for _, tool := range tools {
				server, own, _ := tool.Name.Split()
				e, ok := c.Resolve(catalog.Tools, rev, tool.Name)
				if !ok || e.Server != server || e.Name != own {
					t.Errorf("%q is listed and resolves to %v, %v", tool.Name, e, ok)
				}
			}
		}
	})
}
