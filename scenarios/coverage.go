package scenarios

import (
	"fmt"
	"slices"
	"strings"

	"github.com/portico-mcp/portico/fixtures"
)

// State is what is done about a requirement.
type State string

// The states of a requirement.
const (
	IsChecked  State = "checked"  // a story or a rule checks it, or the row that says the same
	IsExcluded State = "excluded" // for the reason that its row gives
	IsOpen     State = "open"
)

// Coverage is the requirements and what is done about each.
type Coverage struct {
	Rows    []fixtures.Requirement
	Checked map[string][]Story
}

// Covered is the coverage of all requirements by all stories and rules.
func Covered() (Coverage, error) {
	rows, err := fixtures.Requirements()
	return Coverage{rows, Checked()}, err
}

// State is what is done about a row.
func (c Coverage) State(r fixtures.Requirement) State {
	switch {
	case r.Excluded != "":
		return IsExcluded
	case len(c.Checked[r.ID]) > 0 || r.Same != "" && len(c.Checked[r.Same]) > 0:
		return IsChecked
	default:
		return IsOpen
	}
}

// OpenMusts is how many requirements that bind are checked by nothing.
func (c Coverage) OpenMusts() int {
	n := 0
	for _, r := range c.Rows {
		if r.Level == fixtures.Must && c.State(r) == IsOpen {
			n++
		}
	}
	return n
}

// Markdown is the table that stands in the repository: by area, by level, by
// revision and by authority, then every row that is checked or excluded.
func (c Coverage) Markdown() string {
	var b strings.Builder
	b.WriteString("# Coverage\n\nWhich requirements of this folder are checked by a story or a rule, which are excluded and which are open. " +
		"Generated: `portico coverage --write`.\n")
	c.table(&b, "level", func(r fixtures.Requirement) []string { return []string{string(r.Level)} })
	c.table(&b, "authority", func(r fixtures.Requirement) []string { return []string{string(r.Authority)} })
	c.table(&b, "revision", func(r fixtures.Requirement) []string {
		if len(r.Eras) == 0 {
			return Revisions
		}
		return r.Eras
	})
	c.table(&b, "area", func(r fixtures.Requirement) []string { return []string{r.Area} })
	b.WriteString("\n## Checked\n\n| requirement | level | by |\n|---|---|---|\n")
	for _, r := range c.Rows {
		if c.State(r) == IsChecked {
			fmt.Fprintf(&b, "| %s %s | %s | %s |\n", r.ID, cell(r.Says), r.Level, cell(c.by(r)))
		}
	}
	b.WriteString("\n## Excluded\n\n| requirement | why |\n|---|---|\n")
	for _, r := range c.Rows {
		if r.Excluded != "" {
			fmt.Fprintf(&b, "| %s %s | %s |\n", r.ID, cell(r.Says), cell(r.Excluded))
		}
	}
	return b.String()
}

// table counts the rows by what they are sorted into, the musts apart.
func (c Coverage) table(b *strings.Builder, by string, sort func(fixtures.Requirement) []string) {
	type count struct{ all, checked, excluded, open, musts int }
	counts := map[string]*count{}
	var order []string
	for _, r := range c.Rows {
		for _, key := range sort(r) {
			if counts[key] == nil {
				counts[key], order = &count{}, append(order, key)
			}
			n := counts[key]
			n.all++
			switch c.State(r) {
			case IsChecked:
				n.checked++
			case IsExcluded:
				n.excluded++
			default:
				n.open++
				if r.Level == fixtures.Must {
					n.musts++
				}
			}
		}
	}
	fmt.Fprintf(b, "\n## By %s\n\n| %s | requirements | checked | excluded | open | of these musts |\n|---|---:|---:|---:|---:|---:|\n", by, by)
	for _, key := range order {
		n := counts[key]
		fmt.Fprintf(b, "| %s | %d | %d | %d | %d | %d |\n", cell(key), n.all, n.checked, n.excluded, n.open, n.musts)
	}
}

// by is the sentences of what checks a row.
func (c Coverage) by(r fixtures.Requirement) string {
	var all []string
	for _, id := range []string{r.ID, r.Same} {
		for _, s := range c.Checked[id] {
			all = append(all, s.Title)
		}
	}
	return strings.Join(slices.Compact(all), "; ")
}

// cell is text that ends no cell of a table.
func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }
