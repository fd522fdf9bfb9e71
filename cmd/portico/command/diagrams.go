package command

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/portico-mcp/portico/diagrams"
	"github.com/portico-mcp/portico/scenarios"
	"github.com/portico-mcp/portico/scenarios/target/inprocess"
	"github.com/portico-mcp/portico/scenarios/verdict"
	"github.com/portico-mcp/portico/simulators/trace"
)

func diagramsCommand() *cobra.Command {
	var check bool
	var dir string
	c := &cobra.Command{
		Use:   "diagrams",
		Short: "Draw the pictures from what the stories observe",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			files, err := drawn()
			if err != nil {
				return err
			}
			if check {
				return compare(dir, files)
			}
			for name, content := range files {
				if err := write(filepath.Join(dir, name), content); err != nil {
					return usage("%s", err)
				}
			}
			fmt.Fprintf(c.OutOrStdout(), "%d files in %s\n", len(files), dir)
			return nil
		},
	}
	c.Flags().BoolVar(&check, "check", false, "draw nothing; fail if a picture differs from what is observed now")
	c.Flags().StringVar(&dir, "dir", "diagrams", "folder of the pictures and the traces they are drawn from")
	return c
}

// drawn runs the pictured stories and returns the files that show them, by
// path below the folder. It refuses to draw from a story that did not hold.
func drawn() (map[string][]byte, error) {
	if err := inprocess.Warm(); err != nil {
		return nil, notRun(err)
	}
	observed := map[string]trace.Trace{}
	results, err := scenarios.RunAlone(inprocess.Memory{}, scenarios.Options{
		Select: pictured(),
		Keep:   func(picture string, t trace.Trace) { observed[picture] = t },
	})
	if err != nil {
		return nil, harnessFault(err)
	}
	for _, r := range results {
		if r.Verdict != verdict.Pass {
			return nil, exitError{fmt.Errorf("nothing is drawn: %s: %s\n%s", r.Title(), r.Verdict, r.Seen), verdict.ExitVerdict}
		}
	}
	pictures, err := diagrams.All(observed)
	if err != nil {
		return nil, harnessFault(err)
	}
	files := map[string][]byte{}
	for _, p := range pictures {
		files[filepath.Join("pictures", p.Name+".svg")] = p.SVG
		if len(p.Text) > 0 {
			files[filepath.Join("pictures", p.Name+".md")] = p.Text
		}
	}
	for name, t := range observed {
		if files[filepath.Join("observed", name+".json")], err = t.Encode(); err != nil {
			return nil, harnessFault(err)
		}
	}
	return files, nil
}

func pictured() []string {
	var titles []string
	for _, s := range scenarios.List() {
		if s.Picture != "" {
			titles = append(titles, s.Title)
		}
	}
	return titles
}

// compare fails if a file is missing, differs, or is drawn from nothing.
func compare(dir string, files map[string][]byte) error {
	var wrong []error
	for name, content := range files {
		there, err := os.ReadFile(filepath.Join(dir, name))
		switch {
		case err != nil:
			wrong = append(wrong, err)
		case !bytes.Equal(there, content):
			wrong = append(wrong, fmt.Errorf("%s differs from what is observed now", filepath.Join(dir, name)))
		}
	}
	for _, folder := range []string{"pictures", "observed"} {
		entries, _ := os.ReadDir(filepath.Join(dir, folder))
		for _, e := range entries {
			if name := filepath.Join(folder, e.Name()); files[name] == nil {
				wrong = append(wrong, fmt.Errorf("%s is drawn from no story", filepath.Join(dir, name)))
			}
		}
	}
	if len(wrong) > 0 {
		return exitError{fmt.Errorf("%w\nportico diagrams draws them anew", errors.Join(wrong...)), verdict.ExitVerdict}
	}
	return nil
}

func write(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, content, 0o644)
}
