// Package report writes the reports of a run into a folder: results.json for
// programs, with the schema that says what is in it, events.jsonl for who wants
// the traffic, junit.xml for continuous integration, summary.md for the page of
// a workflow's run, and report.html for people.
//
// What it writes comes from a target that may attack its reader. In every file
// it is text and nothing else: it moves no cursor, turns no line around, opens
// no element, links nowhere and mentions nobody.
//
// Two equal runs give equal files, but for the member run of results.json.
package report

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/portico-mcp/portico/scenarios/verdict"
)

// The files of a report.
const (
	ResultsFile = "results.json"
	SchemaFile  = "results.schema.json"
	EventsFile  = "events.jsonl"
	JUnitFile   = "junit.xml"
	SummaryFile = "summary.md"
	PageFile    = "report.html"
)

// Write writes every report of a run into the folder, which it makes if it is
// missing. Files of an earlier run are replaced, each as a whole: who reads
// meanwhile sees the old one or the new one.
func Write(folder string, r verdict.Report) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("write reports: %w", err)
	}
	for _, f := range []struct {
		name string
		make func(verdict.Report) ([]byte, error)
	}{
		{ResultsFile, results},
		{SchemaFile, func(verdict.Report) ([]byte, error) { return Schema(), nil }},
		{EventsFile, events},
		{JUnitFile, junit},
		{SummaryFile, summary},
		{PageFile, page},
	} {
		b, err := f.make(r)
		if err == nil {
			err = replace(filepath.Join(folder, f.name), b)
		}
		if err != nil {
			return fmt.Errorf("write report %s: %w", f.name, err)
		}
	}
	return nil
}

// replace puts the file in the place of one that may be there.
func replace(path string, b []byte) error {
	temporary := path + ".part"
	if err := os.WriteFile(temporary, b, 0o644); err != nil {
		return err
	}
	return os.Rename(temporary, path)
}
