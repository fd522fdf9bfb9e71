package report

import (
	"bytes"
	_ "embed"
	"encoding/json"

	"github.com/portico-mcp/portico/scenarios/verdict"
)

//go:embed results.schema.json
var schema []byte

// Schema is the JSON Schema (2020-12) of results.json.
func Schema() []byte { return bytes.Clone(schema) }

// results is the report as a program reads it, in the order in which the
// stories were told.
func results(r verdict.Report) ([]byte, error) {
	if r.Schema == "" {
		r.Schema = verdict.Schema
	}
	if r.Counts == nil {
		r.Counts = verdict.Counts{}
	}
	r.Summaries = append([]verdict.Requirement{}, r.Summaries...)
	r.Results = append([]verdict.Result{}, r.Results...)
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return nil, err
	}
	return asciiJSON(append(b, '\n')), nil
}
