package invariant

import (
	"strings"
	"time"

	"github.com/portico-mcp/portico/simulators/trace"
)

// untangle finds calls at servers that belong to another request than the one
// they stand in. Requests that were open at once are written one after another
// ([trace.Trace.Canonical]), and what the portal did for one may stand in
// another then. Nobody can tell any more, so that nothing is said of them.
func (v *view) untangle() {
	var calls []*hop // at servers, each with the request that it stands in
	inside := map[*hop][]*hop{}
	var outer []*hop
	for i := range v.hops {
		h := &v.hops[i]
		if called(h) && v.front(h) {
			outer = append(outer, h)
		}
		if a := v.serving(h); called(h) && h.behind() && portal(h.from) && a != nil {
			calls, inside[a] = append(calls, h), append(inside[a], h)
		}
	}
	var windows []*hop
	misfits := 0
	for _, x := range calls {
		a := v.serving(x)
		if fits(x, a) {
			continue
		}
		if misfits++; misfits > mostMisfits {
			x.crowded = true
			continue
		}
		for _, b := range outer {
			if b != a && together(x.Exchange, b.Exchange) && fits(x, b) && !anyFits(inside[b], b) {
				windows = append(windows, b)
				break
			}
		}
	}
	v.hide(windows)
}

// mostMisfits is for how many calls another place is looked for; of more nothing
// is said.
const mostMisfits = 1000

// hide lets no rule judge what was sent to servers while one of the requests was
// open.
func (v *view) hide(windows []*hop) {
	for i := range v.hops {
		h := &v.hops[i]
		for _, w := range windows {
			if h.behind() && together(h.Exchange, w.Exchange) {
				h.crowded = true
			}
		}
	}
}

// called says whether the hop is a call of a tool or a prompt.
func called(h *hop) bool {
	return len(h.asked) == 1 && (h.asked[0].method == "tools/call" || h.asked[0].method == "prompts/get")
}

func anyFits(calls []*hop, outer *hop) bool {
	for _, c := range calls {
		if fits(c, outer) {
			return true
		}
	}
	return false
}

// fits says whether a call at a server looks as if it was made for a client's.
func fits(call, outer *hop) bool {
	in, out := outer.asked[0], call.asked[0]
	if in.method != out.method || !strings.HasSuffix(in.name(), out.name()) {
		return false
	}
	for _, s := range call.sent {
		if s.class == ofServer && strings.HasSuffix(string(s.owner), ".browser") && person(s.owner) != person(outer.From) {
			return false
		}
	}
	return len(differing(member(in.exact(), "params"), member(out.exact(), "params"), "name")) == 0
}

// together says whether two exchanges were open at one moment; one that had no
// end was so for no time.
func together(a, b *trace.Exchange) bool {
	end := func(e *trace.Exchange) time.Duration { return e.After + e.Took }
	return a.After <= end(b) && b.After <= end(a)
}
