package catalog_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-mcp/portico/reference/portal/catalog"
	"github.com/portico-mcp/portico/reference/portal/rpc"
)

// listing is of a server that offers these tools, and nothing else.
func listing(server string, rev rpc.Revision, tools ...string) *catalog.Listing {
	return catalog.NewListing(catalog.Offer{Server: server, Revision: rev, Tools: definitions(tools...)})
}

func definitions(texts ...string) (of []json.RawMessage) {
	for _, d := range texts {
		of = append(of, json.RawMessage(d))
	}
	return of
}

// named are definitions that have a name and nothing else.
func named(names ...string) (of []json.RawMessage) {
	for _, name := range names {
		of = append(of, json.RawMessage(`{"name":"`+name+`"}`))
	}
	return of
}

// view is the list that a client is shown.
func view(c *catalog.Catalog, k catalog.Kind, rev rpc.Revision, on func(string) bool) string {
	var text []string
	for _, fragment := range c.View(k, rev, on) {
		text = append(text, string(fragment))
	}
	return "[" + strings.Join(text, ",") + "]"
}

func TestOnlyTheNameOfADefinitionChanges(t *testing.T) {
	l := listing("wiki", rpc.Stateful, `{ "x-vendor" : [1.0, 2e3], "name":"search" ,"description":"\u00e4 <b>"}`)
	want := `[{ "x-vendor" : [1.0, 2e3], "name":"wiki_search" ,"description":"\u00e4 <b>"}]`
	if diff := cmp.Diff(want, view(catalog.New(l), catalog.Tools, rpc.Stateful, nil)); diff != "" {
		t.Error(diff)
	}
}

func TestWhatCannotBeListedIsSkippedAndReported(t *testing.T) {
	long := strings.Repeat("n", catalog.MaxName-len("wiki_"))
	for _, c := range []struct {
		definition, name, reason string // reason "": it is listed
	}{
		{`{"name":"` + long + `"}`, long, ""},
		{`{"name":"` + long + `n"}`, long + "n", "the name would have 129 bytes, more than 128"},
		{`{"name":"good"}`, "good", "the server lists this name twice; the first counts"},
		{`{"name":""}`, "", "no name"},
		{`{"title":"nameless"}`, "", "no name"},
		{`{"name":7}`, "", "no name"},
		{`{"name":"a","name":"b"}`, "", "not an unambiguous JSON object"},
		{`{"name":"a","Name":"b"}`, "", "not an unambiguous JSON object"},
		{`"name"`, "", "not an unambiguous JSON object"},
	} {
		l := listing("wiki", rpc.Stateful, `{"name":"good"}`, c.definition, `{"name":"last"}`)
		count := 3
		var want []catalog.Skipped
		if c.reason != "" {
			count, want = 2, []catalog.Skipped{{Kind: catalog.Tools, Name: c.name, Reason: c.reason}}
		}
		if diff := cmp.Diff(want, l.Skipped()); diff != "" {
			t.Errorf("%s: %s", c.definition, diff)
		}
		if got := l.Count(catalog.Tools, rpc.Stateful); got != count {
			t.Errorf("%s: %d tools are listed, want %d", c.definition, got, count)
		}
	}
}

func TestAToolAndAPromptMayShareAName(t *testing.T) {
	c := catalog.New(catalog.NewListing(catalog.Offer{
		Server: "wiki", Revision: rpc.Stateful, Tools: definitions(`{"name":"x","inputSchema":{}}`), Prompts: definitions(`{"name":"x"}`),
	}))
	if got := view(c, catalog.Tools, rpc.Stateful, nil); got != `[{"name":"wiki_x","inputSchema":{}}]` {
		t.Errorf("tools: %s", got)
	}
	if got := view(c, catalog.Prompts, rpc.Stateful, nil); got != `[{"name":"wiki_x"}]` {
		t.Errorf("prompts: %s", got)
	}
}

func TestEachEraIsShownWhatItCanUse(t *testing.T) {
	const (
		task   = `{"name":"task","execution":{"taskSupport":"required"}}`
		maybe  = `{"name":"maybe","execution":{"taskSupport":"optional"}}`
		listed = `{"name":"listed","outputSchema":{"type":"array"}}`
	)
	old, recent := listing("old", rpc.Stateful, task, maybe), listing("recent", rpc.Stateless, listed)
	c := catalog.New(old, recent)
	for _, want := range []struct {
		rev  rpc.Revision
		view string
	}{
		{rpc.Stateful, `[{"name":"old_task","execution":{"taskSupport":"required"}},` +
			`{"name":"old_maybe","execution":{"taskSupport":"optional"}},{"name":"recent_listed"}]`},
		{rpc.Stateless, `[{"name":"old_maybe"},{"name":"recent_listed","outputSchema":{"type":"array"}}]`},
	} {
		if diff := cmp.Diff(want.view, view(c, catalog.Tools, want.rev, nil)); diff != "" {
			t.Errorf("%s: %s", want.rev, diff)
		}
	}
	if _, ok := c.Resolve(catalog.Tools, rpc.Stateless, "old_task"); ok {
		t.Error("a tool that a client is not shown can be called")
	}
	if _, ok := c.Resolve(catalog.Tools, rpc.Stateful, "old_task"); !ok {
		t.Error("a tool that a client is shown cannot be called")
	}
	if n := old.Count(catalog.Tools, rpc.Stateless); n != 1 {
		t.Errorf("the newer era counts %d tools", n)
	}
}

func TestViewsHaveOneOrder(t *testing.T) {
	a, b := listing("a", rpc.Stateful, `{"name":"2"}`, `{"name":"1"}`), listing("b", rpc.Stateful, `{"name":"1"}`)
	want := `[{"name":"a_2"},{"name":"a_1"},{"name":"b_1"}]`
	for _, c := range []*catalog.Catalog{catalog.New(a, b), catalog.New(b, a), (&catalog.Catalog{}).With(b).With(a)} {
		if diff := cmp.Diff(want, view(c, catalog.Tools, rpc.Stateful, nil)); diff != "" {
			t.Error(diff)
		}
	}
	onlyB := view(catalog.New(a, b), catalog.Tools, rpc.Stateful, func(id string) bool { return id == "b" })
	if onlyB != `[{"name":"b_1"}]` {
		t.Errorf("of b only: %s", onlyB)
	}
}

func TestResolve(t *testing.T) {
	c := catalog.New(listing("wiki", rpc.Stateful, `{"name":"read_page"}`), listing("empty", rpc.Stateful))
	for _, want := range []struct {
		name string
		is   catalog.Entry
		ok   bool
	}{
		{"wiki_read_page", catalog.Entry{Server: "wiki", Name: "read_page"}, true},
		{"read_page", catalog.Entry{}, false},
		{"wiki_read", catalog.Entry{}, false},
		{"WIKI_read_page", catalog.Entry{}, false},
		{"empty_read_page", catalog.Entry{}, false},
		{"wiki_", catalog.Entry{}, false},
		{"", catalog.Entry{}, false},
	} {
		is, ok := c.Resolve(catalog.Tools, rpc.Stateful, catalog.Name(want.name))
		if is != want.is || ok != want.ok {
			t.Errorf("%q: %v, %v", want.name, is, ok)
		}
	}
	if _, ok := c.Resolve(catalog.Prompts, rpc.Stateful, "wiki_read_page"); ok {
		t.Error("a tool's name finds a prompt")
	}
}

func TestASnapshotStaysAsItWas(t *testing.T) {
	before := catalog.New(listing("wiki", rpc.Stateful, `{"name":"old"}`))
	after := before.With(listing("wiki", rpc.Stateful, `{"name":"new"}`))
	if got := view(before, catalog.Tools, rpc.Stateful, nil); got != `[{"name":"wiki_old"}]` {
		t.Errorf("before: %s", got)
	}
	if got := view(after, catalog.Tools, rpc.Stateful, nil); got != `[{"name":"wiki_new"}]` {
		t.Errorf("after: %s", got)
	}
	if _, ok := after.Resolve(catalog.Tools, rpc.Stateful, "wiki_old"); ok {
		t.Error("a tool that is gone can be called")
	}
	if l := after.Listing("wiki"); l == nil || l.Server() != "wiki" || after.Listing("mail") != nil {
		t.Error("Listing does not find the one listing there is, or finds another")
	}
}
