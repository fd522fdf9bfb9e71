package catalog_test

import (
	"testing"

	"github.com/portico-mcp/portico/reference/portal/catalog"
)

func TestSplit(t *testing.T) {
	for _, c := range []struct {
		full, server, name string
		ok                 bool
	}{
		{"wiki_search", "wiki", "search", true},
		{"wiki_read_page", "wiki", "read_page", true},
		{"wiki__hidden", "wiki", "_hidden", true},
		{"my-wiki_search", "my-wiki", "search", true},
		{"search", "search", "", false},
		{"_search", "", "search", false},
		{"wiki_", "wiki", "", false},
		{"", "", "", false},
	} {
		server, name, ok := catalog.Name(c.full).Split()
		if server != c.server || name != c.name || ok != c.ok {
			t.Errorf("Split of %q: %q, %q, %v", c.full, server, name, ok)
		}
	}
}

func FuzzJoinGivesBackWhatSplitDivided(f *testing.F) {
	f.Add("wiki_read_page")
	f.Add("__")
	f.Fuzz(func(t *testing.T, full string) {
		server, name, ok := catalog.Name(full).Split()
		if ok && catalog.Join(server, name) != catalog.Name(full) {
			t.Errorf("%q became %q", full, catalog.Join(server, name))
		}
	})
}
