package trace

import (
	"cmp"
	"slices"
)

// Canonical returns the trace in an order that depends only on what caused
// what: exchanges that overlap in time under the same request (a fan-out) have
// no true order and are written one after another, by party and URL. Events
// are numbered anew from 1; stand-alone streams keep no end.
func (t Trace) Canonical() Trace {
	c := canonizer{from: t, children: map[int][]int{}}
	slices.SortFunc(c.from.Exchanges, func(a, b Exchange) int { return cmp.Compare(a.Sent, b.Sent) })
	for i := range c.from.Exchanges {
		p := c.from.parent(i)
		c.children[p] = append(c.children[p], i)
	}
	out := t
	out.Exchanges = make([]Exchange, 0, len(t.Exchanges))
	c.write(&out, -1)
	return out
}

type canonizer struct {
	from     Trace
	children map[int][]int // by parent, -1 for none; in order of sending
	event    int
}

// write appends the children of p, each followed by what happened inside it.
func (c *canonizer) write(out *Trace, p int) {
	for _, i := range c.settled(c.children[p]) {
		e := c.from.Exchanges[i]
		c.event++
		e.Sent = c.event
		at := len(out.Exchanges)
		out.Exchanges = append(out.Exchanges, e)
		c.write(out, i)
		if e.Answered > 0 && !e.stream() {
			c.event++
			out.Exchanges[at].Answered = c.event
		} else {
			out.Exchanges[at].Answered = 0
		}
	}
}

// settled orders siblings: runs of siblings that overlap are sorted by what
// they are, everything else stays in the order of sending.
func (c *canonizer) settled(siblings []int) []int {
	for start := 0; start < len(siblings); {
		end, last := start+1, c.end(siblings[start])
		for end < len(siblings) && c.from.Exchanges[siblings[end]].Sent < last {
			last = max(last, c.end(siblings[end]))
			end++
		}
		slices.SortStableFunc(siblings[start:end], func(a, b int) int {
			x, y := c.from.Exchanges[a], c.from.Exchanges[b]
			return cmp.Or(cmp.Compare(x.From, y.From), cmp.Compare(x.To, y.To), cmp.Compare(x.Host(), y.Host()))
		})
		start = end
	}
	return siblings
}

// end is the place of the last byte of the i-th exchange; a stream, or a
// request without an answer, ends where it begins.
func (c *canonizer) end(i int) int {
	e := c.from.Exchanges[i]
	if e.stream() || e.Answered == 0 {
		return e.Sent
	}
	return e.Answered
}
