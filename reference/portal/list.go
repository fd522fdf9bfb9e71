package portal

import (
	"github.com/portico-mcp/portico/reference/portal/catalog"
	"github.com/portico-mcp/portico/reference/portal/rpc"
)

// list answers tools/list and prompts/list from the catalogue, in one page. No
// server is asked, and no definition is looked at.
func (p *Portal) list(q *request, k catalog.Kind) (result, error) {
	if err := noCursor(q); err != nil {
		return nil, err
	}
	visible := func(id string) bool { return p.byID[id].visibleTo(q.who) }
	r := result{[]byte(`{"` + k.String() + `":[`)}
	for i, fragment := range p.catalogue.Load().View(k, q.rev, visible) {
		if i > 0 {
			r = append(r, []byte{','})
		}
		r = append(r, fragment)
	}
	return append(r, []byte("]"+q.cacheable()+"}")), nil
}

// emptyList answers for what the portal does not offer, and does not advertise,
// to the clients that ask all the same.
func (p *Portal) emptyList(q *request, member string) (result, error) {
	if err := noCursor(q); err != nil {
		return nil, err
	}
	return text(`{"` + member + `":[]` + q.cacheable() + `}`), nil
}

// noCursor refuses every cursor: the portal has handed out none
// (MCP 2025-11-25, Pagination, "Error Handling").
func noCursor(q *request) error {
	if cursor, ok := q.Param("cursor"); ok && string(cursor) != "null" {
		return rpc.InvalidParams("unknown cursor")
	}
	return nil
}
