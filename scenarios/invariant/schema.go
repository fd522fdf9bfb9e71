package invariant

import (
	"bytes"
	"fmt"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"github.com/portico-mcp/portico/fixtures"
)

// The revisions that have a schema; what is older than the first is read by it.
const (
	legacy = "2025-11-25"
	modern = "2026-07-28"
)

// schema is what the messages of a revision look like, by method.
type schema struct {
	envelope *jsonschema.Schema
	requests map[string]*jsonschema.Schema
	results  map[string]*jsonschema.Schema
	request  *jsonschema.Schema // of whatever method; nil: nothing is asked of all
	result   *jsonschema.Schema // the same
}

// schemas compiles the schemas of both revisions, once per process. They are
// embedded and ours: one that does not compile is a bug, and a test finds it.
var schemas = sync.OnceValue(func() map[string]*schema {
	all := map[string]*schema{}
	for _, revision := range []string{legacy, modern} {
		s, err := compile(revision)
		if err != nil {
			panic(err)
		}
		all[revision] = s
	}
	return all
})

func compile(revision string) (*schema, error) {
	b, err := fixtures.Schema(revision)
	if err != nil {
		return nil, err
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("schema of %s: %w", revision, err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	id := document.(map[string]any)["$id"].(string)
	if err := c.AddResource(id, document); err != nil {
		return nil, fmt.Errorf("schema of %s: %w", revision, err)
	}
	defs := document.(map[string]any)["$defs"].(map[string]any)
	s := &schema{requests: map[string]*jsonschema.Schema{}, results: map[string]*jsonschema.Schema{}}
	at := func(place string) *jsonschema.Schema {
		compiled, wrong := c.Compile(id + "#/$defs/" + place)
		if wrong != nil && err == nil {
			err = fmt.Errorf("schema of %s: %w", revision, wrong)
		}
		return compiled
	}
	s.envelope = at("envelope")
	for group, into := range map[string]map[string]*jsonschema.Schema{"requests": s.requests, "results": s.results} {
		for method := range defs[group].(map[string]any)["$defs"].(map[string]any) {
			into[method] = at(group + "/$defs/" + strings.ReplaceAll(method, "/", "~1"))
		}
	}
	if defs["anyRequest"] != nil {
		s.request, s.result = at("anyRequest"), at("anyResult")
	}
	return s, err
}

// wrong is what the schema of the revision finds wrong with a message, one
// line each without any value of it; asked is the method of the request that
// it answers, empty if unknown.
func (s *schema) wrong(m message, asked string) []string {
	if w := complaints(s.envelope, m.doc, ""); w != nil {
		return w
	}
	switch {
	case m.method != "":
		var w []string
		if !strings.HasPrefix(m.method, "notifications/") {
			w = complaints(s.request, m.doc, "")
		}
		if w == nil {
			w = complaints(s.requests[m.method], m.doc, "")
		}
		return w
	case m.is("result"):
		w := complaints(s.result, m.doc["result"], "/result")
		if w == nil && asked != "" {
			w = complaints(s.results[asked], m.doc["result"], "/result")
		}
		return w
	}
	return nil
}

// worst is how many complaints about one message are told: what follows is
// seldom news.
const worst = 5

// complaints are where a value breaks a schema and how; nil if it does not, or
// if there is no schema.
func complaints(s *jsonschema.Schema, value any, place string) []string {
	if s == nil {
		return nil
	}
	err, ok := s.Validate(value).(*jsonschema.ValidationError)
	if !ok {
		return nil
	}
	var all []string
	collect(err, place, &all)
	if all == nil {
		all = []string{place + ": breaks the schema"}
	}
	return all
}

func collect(err *jsonschema.ValidationError, place string, all *[]string) {
	if len(*all) >= worst {
		return
	}
	at := place + "/" + strings.Join(err.InstanceLocation, "/")
	at = strings.TrimSuffix(at, "/")
	if at == "" {
		at = "the message"
	}
	switch k := err.ErrorKind.(type) {
	case *kind.Required:
		*all = append(*all, fmt.Sprintf("%s: lacks %s", at, strings.Join(k.Missing, ", ")))
	case *kind.Type:
		*all = append(*all, fmt.Sprintf("%s: is %s, not %s", at, k.Got, strings.Join(k.Want, " or ")))
	case *kind.AnyOf, *kind.OneOf, *kind.Not:
		*all = append(*all, at+": has members that do not go together, or lacks one of several")
	case *kind.Const, *kind.Enum:
		*all = append(*all, at+": has another value than it may")
	case *kind.Schema, *kind.Group, *kind.AllOf, *kind.Reference:
		for _, cause := range err.Causes {
			collect(cause, place, all)
		}
	default:
		if len(err.Causes) == 0 {
			*all = append(*all, at+": breaks "+strings.Join(k.KeywordPath(), "/"))
		}
		for _, cause := range err.Causes {
			collect(cause, place, all)
		}
	}
}
