package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/portico-mcp/portico/fixtures"
	"github.com/portico-mcp/portico/reference/portal"
	"github.com/portico-mcp/portico/scenarios"
	"github.com/portico-mcp/portico/scenarios/mutants"
	"github.com/portico-mcp/portico/scenarios/target/inprocess"
	"github.com/portico-mcp/portico/scenarios/verdict"
	"github.com/portico-mcp/portico/scenarios/verdict/report"
)

// runFlags are what a run is told beside the patterns.
type runFlags struct {
	out    string // folder of the reports; empty: none are written
	known  string // file of declared failures; empty: none
	set    string // of checks that count; empty: all
	mutant string // faulty portal to judge; empty: the reference
	strict bool
	json   bool
}

func runCommand() *cobra.Command {
	var f runFlags
	c := &cobra.Command{
		Use:   "run [ID|GLOB|WORDS ...]",
		Short: "Tell the stories to the reference portal, in this process, and judge it",
		Long: `Tell the stories to the reference portal, in this process and in memory, and
judge it requirement by requirement.

Without arguments all stories are told; otherwise those that check one of the
requirements (NS-01, "CR-*") or whose sentence has the words in it.

Exit codes: 0 good, 1 a verdict, 2 usage or nothing selected, 3 the target could
not be run, 4 the harness itself failed, 130 interrupted, with a partial report.
(go run turns them all into 1.)`,
		Example: "  portico run\n  portico run 'CR-*' --out out\n  portico run 'two underscores'\n  portico run --mutant deny-all",
		RunE: func(c *cobra.Command, patterns []string) error {
			stories := scenarios.List()
			if err := checkPatterns(patterns, slices.Concat(stories, scenarios.Invariants())); err != nil {
				return err
			}
			return f.run(c, patterns, stories)
		},
	}
	c.Flags().StringVar(&f.out, "out", "", "folder for the reports: results.json, events.jsonl, junit.xml, summary.md, report.html")
	c.Flags().StringVar(&f.known, "known", "", "YAML file of failures that are declared, each with its reason")
	c.Flags().StringVar(&f.set, "set", "", "check set that counts, others are provisional: "+strings.Join(fixtures.CheckSets(), ", ")+"; empty: all count")
	c.Flags().StringVar(&f.mutant, "mutant", "", "judge a faulty portal instead (portico mutants --list)")
	c.Flags().BoolVar(&f.strict, "strict", false, "let warnings count as failures")
	c.Flags().BoolVar(&f.json, "json", false, "print results.json to standard output, and progress to standard error")
	return c
}

func (f runFlags) run(c *cobra.Command, patterns []string, stories []scenarios.Story) error {
	portal, terms, err := f.target()
	if err != nil {
		return err
	}
	out := c.OutOrStdout()
	if f.json {
		out = c.ErrOrStderr()
	}
	if err := inprocess.Warm(); err != nil {
		return notRun(err)
	}
	fmt.Fprintf(out, "target  %s, in memory   revisions %s\n\n", portal.Name(), strings.Join(scenarios.Revisions, ", "))
	began, p := time.Now(), newProgress(out)
	defer p.stop()
	results, err := scenarios.RunAlone(portal, scenarios.Options{
		Select: selection(patterns, stories), Context: c.Context(), Terms: &terms, Begin: p.begin, Report: p.result,
	})
	p.stop()
	if errors.Is(err, scenarios.ErrNotRun) {
		return notRun(fmt.Errorf("%w\nnothing was judged: 0 passed", err))
	}
	if err != nil {
		return harnessFault(err)
	}
	r := verdict.Made(portal.Name(), terms, results, verdict.Run{
		Began: began, Took: time.Since(began), Command: strings.Join(append([]string{"portico", "run"}, patterns...), " "), Program: program(),
	}, c.Context().Err() != nil)
	return f.conclude(c, out, r)
}

// selection is the patterns, or none of them if one fits no story: what it fits
// is judged on every story there is.
func selection(patterns []string, stories []scenarios.Story) []string {
	if checkPatterns(patterns, stories) != nil {
		return nil
	}
	return patterns
}

// target is the portal to judge, and what it answers for.
func (f runFlags) target() (inprocess.Memory, verdict.Terms, error) {
	var m inprocess.Memory
	if f.mutant != "" {
		mutant, err := mutants.Find(f.mutant)
		if err != nil {
			return m, verdict.Terms{}, usage("%w", err)
		}
		m.Tampering = mutant.Tampering
	}
	terms := m.Claims()
	terms.Strict = f.strict
	if f.known != "" {
		known, err := verdict.ReadKnown(f.known, checkedIDs())
		if err != nil {
			return m, terms, usage("%w", err)
		}
		terms.Known = known
	}
	if f.set != "" {
		set, err := fixtures.LoadCheckSet(f.set)
		if err != nil {
			return m, terms, usage("%w", err)
		}
		terms.Set = set.Checks
	}
	return m, terms, nil
}

// checkedIDs is every requirement that something checks.
func checkedIDs() []string {
	var all []string
	for id := range scenarios.Checked() {
		all = append(all, id)
	}
	slices.Sort(all)
	return all
}

// conclude writes the reports, says what the run came to, and ends with its exit
// code.
func (f runFlags) conclude(c *cobra.Command, out io.Writer, r verdict.Report) error {
	if f.out != "" {
		if err := report.Write(f.out, r); err != nil {
			return notRun(err)
		}
	}
	if f.json {
		if err := printJSON(c.OutOrStdout(), r); err != nil {
			return err
		}
	}
	for _, q := range r.Summaries {
		if q.Verdict == verdict.Fixed {
			fmt.Fprintf(out, "\n✗ %s is declared as failing, and passes: remove the entry from %s", q.ID, f.known)
		}
	}
	if r.Partial {
		fmt.Fprint(out, "\ninterrupted: this is a part of the run")
	}
	fmt.Fprintf(out, "\n%s\n", verdict.Summary(r.Results))
	if f.out != "" {
		fmt.Fprintf(out, "report  %s/%s\n", f.out, report.PageFile)
	}
	fmt.Fprintln(out, next(r.Results))
	switch code := verdict.Exit(r.Results); {
	case r.Partial:
		return exitError{code: verdict.ExitInterrupted}
	case code != verdict.ExitGood:
		return exitError{code: code}
	}
	return nil
}

func printJSON(out io.Writer, v any) error {
	enc := json.NewEncoder(out)
	enc.SetIndent("", " ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// program says what ran the stories.
func program() string {
	return fmt.Sprintf("portico %s, %s, %s/%s", portal.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// next is the command to type now.
func next(results []verdict.Result) string {
	for _, r := range results {
		for _, c := range r.Checks {
			if c.Verdict.Bad() {
				return fmt.Sprintf("next    portico explain %s", c.ID)
			}
		}
	}
	return "next    portico up    to walk around in the town these stories happen in"
}

// terminal says whether a writer is a terminal.
func terminal(out io.Writer) bool {
	f, ok := out.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
