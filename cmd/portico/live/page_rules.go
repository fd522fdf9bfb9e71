package live

import (
	"fmt"
	"hash/crc32"
)

// mostBroken is how many findings the page lists; GET /findings has them all.
const mostBroken = 5

// rules is what the page says of the rules over traces.
type rules struct {
	Broken string // how many are broken, in words; empty: none
	Held   string // how many held
	Over   string // over what, and what was not judged
	Listed []listed
	More   int // findings that are not listed
}

// listed is a finding as the page shows it. Every text in it is visible.
type listed struct {
	Finding
	ID                       string // on the page, the same as long as it is the same finding
	Hop, Asked, Wrong, Times string
}

// rulesNow is what is known now: the page does not wait for the judge.
func (s *site) rulesNow() rules {
	said, _ := s.of.judge.now()
	return rulesOf(said)
}

func rulesOf(said Judgement) rules {
	broken, held, blind := said.Tally()
	r := rules{Held: holding(held), Over: "over " + plural(said.Exchanges, "exchange")}
	if broken > 0 {
		r.Broken = "1 rule is broken"
		if broken > 1 {
			r.Broken = fmt.Sprintf("%d rules are broken", broken)
		}
	}
	if blind > 0 {
		r.Over += fmt.Sprintf(", %d had nothing to judge", blind)
	}
	if said.Missed {
		r.Over += "; some passed too fast to be judged"
	}
	for i, f := range said.Findings {
		if i == mostBroken {
			r.More = len(said.Findings) + said.Unlisted - i
			break
		}
		one := listed{Finding: f, ID: fmt.Sprintf("finding-%d-%s-%08x", f.Exchange, f.Rule, crc32.ChecksumIEEE([]byte(f.Wrong))), Hop: visible(f.Hop()), Asked: visible(f.Asked), Wrong: visible(f.Wrong)}
		if f.Times > 1 {
			one.Times = fmt.Sprintf("%d times", f.Times)
		}
		r.Listed = append(r.Listed, one)
	}
	return r
}

func holding(rules int) string {
	if rules == 1 {
		return "1 rule holds"
	}
	return fmt.Sprintf("%d rules hold", rules)
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// breaking is the rules that an exchange breaks, for its row: each once.
func breaking(all []breach) (ids []string) {
	seen := map[string]bool{}
	for _, b := range all {
		if !seen[b.ID] {
			seen[b.ID] = true
			ids = append(ids, b.ID)
		}
	}
	return ids
}

// marked are the rows, as the filter has them, of the exchanges that were found
// to break a rule after so many had been, and how many there are now. An open
// page shows them as they are found.
func (s *site) marked(before int, f filter) (html string, now int) {
	ids, now := s.of.judge.markedSince(before)
	known := s.of.Network.Roles()
	var all []row
	for _, id := range ids[:min(len(ids), mostRows)] {
		if x, ok := s.of.Network.Find(id); ok {
			if r, ok := s.passes(x, f, known); ok {
				all = append(all, r)
			}
		}
	}
	html, _ = fragment("rows", all)
	return html, now
}
