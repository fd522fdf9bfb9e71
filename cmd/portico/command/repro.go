package command

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portico-mcp/portico/diagrams/sequence"
	"github.com/portico-mcp/portico/fixtures"
	"github.com/portico-mcp/portico/scenarios"
	"github.com/portico-mcp/portico/scenarios/target/inprocess"
	"github.com/portico-mcp/portico/scenarios/verdict"
)

func reproCommand() *cobra.Command {
	var f runFlags
	c := &cobra.Command{
		Use:   "repro CHECK",
		Short: "Pack what shows one check into an archive: its worlds, both wires, the verdict and the command",
		Long: `Run one check and pack what somebody else needs to see it: the worlds its
stories happen in, everything that was seen on every wire (with names in the
place of secrets), a picture of it, the verdict and the command to type.`,
		Example: "  portico repro CR-07\n  portico repro CD-02 --mutant allow-all --out cd-02.zip",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			id := strings.ToUpper(args[0])
			if len(scenarios.Checked()[id]) == 0 {
				return usage("nothing checks %q%s", id, didYouMean(nearest(id, checkedIDs())))
			}
			return f.repro(c, id)
		},
	}
	c.Flags().StringVar(&f.out, "out", "", "the archive; empty: CHECK.zip")
	c.Flags().StringVar(&f.mutant, "mutant", "", "judge a faulty portal instead (portico mutants --list)")
	return c
}

func (f runFlags) repro(c *cobra.Command, id string) error {
	q, err := requirement(id)
	if err != nil {
		return err
	}
	portal, terms, err := f.target()
	if err != nil {
		return err
	}
	if err := inprocess.Warm(); err != nil {
		return notRun(err)
	}
	results, err := scenarios.RunAlone(portal, scenarios.Options{Select: selection([]string{id}, scenarios.List()), Terms: &terms, NoPreflight: true})
	if err != nil {
		return harnessFault(err)
	}
	results = slices.DeleteFunc(results, func(r verdict.Result) bool {
		return !slices.ContainsFunc(r.Checks, func(c verdict.Check) bool { return c.ID == id })
	})
	archive, err := packed(q, f.command(id), portal.Name(), results)
	if err != nil {
		return harnessFault(err)
	}
	path := f.out
	if path == "" {
		path = id + ".zip"
	}
	if err := os.WriteFile(path, archive, 0o644); err != nil {
		return notRun(err)
	}
	for _, r := range results {
		verdict.Line(c.OutOrStdout(), r)
	}
	_, err = fmt.Fprintf(c.OutOrStdout(), "\n%s\n", path)
	return err
}

// command is what to type to see the check again.
func (f runFlags) command(id string) string {
	if f.mutant != "" {
		return "portico run " + id + " --mutant " + f.mutant
	}
	return "portico run " + id
}

// packed is the archive. Equal runs give equal bytes, but for how long each story
// took.
func packed(q fixtures.Requirement, command, portal string, results []verdict.Result) ([]byte, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	var wrong []error
	put := func(name string, content []byte, err error) {
		w, failed := z.Create(name)
		if failed == nil {
			_, failed = w.Write(content)
		}
		wrong = append(wrong, err, failed)
	}
	var said bytes.Buffer
	fmt.Fprintf(&said, "# %s against %s\n\n%s\n\n%s, %s  \n%s\n\nAgain: `%s`\n\n```\n", q.ID, portal, q.Says, q.Level, q.Source, q.Link, command)
	worlds := map[string]bool{"": true} // the rules are judged in all of them
	for i, r := range results {
		verdict.Line(&said, r)
		if !worlds[r.World] {
			worlds[r.World] = true
			text, err := fixtures.WorldText(r.World)
			put("worlds/"+r.World+".yaml", text, err)
		}
		if len(r.Trace.Exchanges) > 0 {
			name := fmt.Sprintf("%d-%s", i+1, r.Revision)
			encoded, err := r.Trace.Encode()
			put(name+".json", encoded, err)
			put(name+".svg", sequence.Draw(r.Trace, r.Title()), nil)
			put(name+".md", sequence.Markdown(r.Trace, r.Title()), nil)
		}
	}
	said.WriteString("```\n\nEach `.json` is a trace: `portico judge FILE`, `portico draw FILE`. Names such as token-1 stand in the place of secrets.\n")
	put("README.md", said.Bytes(), nil)
	wrong = append(wrong, z.Close())
	return b.Bytes(), errors.Join(wrong...)
}
