package portal

import (
	"encoding/json"

	"github.com/portico-mcp/portico/reference/portal/rpc"
)

// What the portal says about itself. The capabilities are what its methods do:
// tools and prompts, and no word when their lists change.
const (
	introduction = `"capabilities":{"tools":{"listChanged":false},"prompts":{"listChanged":false}},` +
		`"instructions":"Tools and prompts of several servers. The name of each begins with the id of its server and an underscore."`
	serverInfo = `{"name":"portico","title":"Portico MCP server portal","version":"` + Version + `"}`
)

// freshness is how long a client may keep a list or the result of
// server/discover, in milliseconds: shorter than anybody waits for a tool that
// a sync has found.
const freshness = "60000"

// discover says who the portal is (MCP 2026-07-28, Discovery).
func (p *Portal) discover(q *request) (result, error) {
	var versions []json.RawMessage
	for _, v := range rpc.Supported() {
		versions = append(versions, rpc.Quote(string(v)))
	}
	return text(`{"supportedVersions":` + string(rpc.Array(versions)) + `,` + introduction +
		`,"_meta":{"io.modelcontextprotocol/serverInfo":` + serverInfo + `}` + q.cacheable() + `}`), nil
}

// cacheable is what a stateless client's result needs beyond a stateful one's,
// with a comma before. Private: what a list holds depends on who asks
// (MCP 2026-07-28, Caching).
func (q *request) cacheable() string {
	if q.rev != rpc.Stateless {
		return ""
	}
	return `,"resultType":"complete","ttlMs":` + freshness + `,"cacheScope":"private"`
}
