package command

import (
	"bytes"
	"errors"
	"fmt"
	"go/format"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"text/template"

	"github.com/spf13/cobra"

	"github.com/portico-mcp/portico/fixtures"
)

func newCommand() *cobra.Command {
	c := &cobra.Command{Use: "new", Short: "Begin something new in this repository"}
	c.AddCommand(newScenarioCommand())
	return c
}

// draft is a scenario that is begun.
type draft struct {
	Name        string // in kebab case
	Requirement string
	Says        string // of a requirement that has no row yet
	Source      string
	Link        string
	Level       string

	Chapter int
	Title   string
}

func newScenarioCommand() *cobra.Command {
	var d draft
	c := &cobra.Command{
		Use:   "scenario NAME --requirement ID",
		Short: "Write the beginnings of a story, of the mutant that proves it, and of the requirement's row",
		Long: `Write a story and a mutant for a requirement, each in a file of its own, in the
repository that this is called in. The story holds as it is, and says nothing
yet about the requirement; the mutant breaks nothing yet, and says so.

A requirement that has no row yet needs --says, --source and --link as well.`,
		Example: `  portico new scenario arguments-in-order --requirement MCP-IX-06
  portico new scenario polite-refusals --requirement OWN-01 --says "A refusal says why." --source "our own" --link https://example.com/#why`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			d.Name = args[0]
			written, err := d.write()
			if err != nil {
				return err
			}
			return d.next(c, written)
		},
	}
	c.Flags().StringVar(&d.Requirement, "requirement", "", "id of the requirement that the story checks")
	c.Flags().StringVar(&d.Says, "says", "", "for a new requirement: its sentence")
	c.Flags().StringVar(&d.Source, "source", "", "for a new requirement: who says so, as one would cite it")
	c.Flags().StringVar(&d.Link, "link", "", "for a new requirement: where it can be read, https with an anchor")
	c.Flags().StringVar(&d.Level, "level", "must", "for a new requirement: must, should or may")
	_ = c.MarkFlagRequired("requirement")
	return c
}

var scenarioName = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// reserved are names whose file Go would not compile everywhere.
var reserved = regexp.MustCompile(`(^|-)(test|linux|darwin|windows|freebsd|netbsd|openbsd|solaris|android|ios|js|wasm|amd64|arm64|arm|386)$`)

// write writes the files, none of them if one cannot be, and says which.
func (d *draft) write() ([]string, error) {
	if !scenarioName.MatchString(d.Name) || reserved.MatchString(d.Name) {
		return nil, usage("%q is no name: write lower-case-words, the last of which is no test and no system", d.Name)
	}
	if mod, err := os.ReadFile("go.mod"); err != nil || !bytes.Contains(mod, []byte("module github.com/portico-mcp/portico\n")) {
		return nil, usage("this is not the root of Portico's repository: stories are written there")
	}
	words := strings.ReplaceAll(d.Name, "-", " ")
	d.Title = strings.ToUpper(words[:1]) + words[1:]
	var err error
	if d.Chapter, err = nextChapter("scenarios"); err != nil {
		return nil, notRun(err)
	}
	files := []struct {
		path string
		text *template.Template
	}{
		{filepath.Join("scenarios", strings.ReplaceAll(d.Name, "-", "")+".go"), storyTemplate},
		{filepath.Join("scenarios", "mutants", strings.ReplaceAll(d.Name, "-", "_")+".go"), mutantTemplate},
	}
	for _, f := range files {
		if _, err := os.Stat(f.path); err == nil {
			return nil, usage("%s is there already", f.path)
		}
	}
	row, err := d.row()
	if err != nil {
		return nil, err
	}
	var written []string
	for _, f := range files {
		var b bytes.Buffer
		if err := f.text.Execute(&b, d); err != nil {
			return written, harnessFault(err)
		}
		formatted, err := format.Source(b.Bytes())
		if err != nil {
			return written, harnessFault(err)
		}
		if err := os.WriteFile(f.path, formatted, 0o644); err != nil {
			return written, notRun(err)
		}
		written = append(written, f.path)
	}
	if row != "" {
		err = appendRow(row)
		written = append(written, ownRows)
	}
	return written, err
}

// ownRows is where requirements go that no document of others has.
const ownRows = "fixtures/requirements/own.yaml"

// row is the requirement's row, empty if it has one.
func (d *draft) row() (string, error) {
	q, err := fixtures.FindRequirement(d.Requirement)
	switch {
	case err == nil && q.Excluded != "":
		return "", usage("%s is excluded: %s", q.ID, q.Excluded)
	case err == nil:
		return "", nil
	case !errors.Is(err, fixtures.ErrUnknown):
		return "", harnessFault(err)
	}
	if d.Says == "" || d.Source == "" || d.Link == "" {
		_, err := requirement(d.Requirement)
		return "", usage("%w\na new one needs --says, --source and --link", err)
	}
	return fmt.Sprintf("- id: %s\n  says: %s\n  level: %s\n  authority: derived\n  source: %s\n  link: %s\n  seats: [client, upstream]\n",
		d.Requirement, strconv.Quote(d.Says), d.Level, strconv.Quote(d.Source), d.Link), nil
}

func appendRow(row string) error {
	text, err := os.ReadFile(ownRows)
	if errors.Is(err, os.ErrNotExist) {
		text, err = []byte("area: Of our own\nrows:\n"), nil
	}
	if err == nil {
		err = os.WriteFile(ownRows, append(text, row...), 0o644)
	}
	if err != nil {
		return notRun(err)
	}
	return nil
}

var chapterNumber = regexp.MustCompile(`(?m)^var _ = chapter\((\d+),`)

// nextChapter is the number after the last chapter's.
func nextChapter(folder string) (int, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return 0, err
	}
	last := 0
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			return 0, err
		}
		for _, m := range chapterNumber.FindAllSubmatch(b, -1) {
			n, err := strconv.Atoi(string(m[1]))
			if err != nil {
				return 0, err
			}
			last = max(last, n)
		}
	}
	return last + 1, nil
}

// next says what to do now.
func (d *draft) next(c *cobra.Command, written []string) error {
	out := c.OutOrStdout()
	fmt.Fprintf(out, "%s\n\nNow, with portico as go run ./cmd/portico:\n", strings.Join(written, "\n"))
	for i, step := range [][2]string{
		{"portico explain " + d.Requirement, "what it asks for, and from which seats it is seen"},
		{written[0], "tell it: world, act, observation"},
		{"portico run " + d.Requirement, "does it hold?"},
		{written[1], "break it, and nothing else"},
		{"portico mutants " + d.Name, "is it found out?"},
		{"portico coverage --write", "the table of what is checked"},
		{"portico mutants " + d.Name + " --write scenarios/mutants/matrix.txt", "the matrix of who breaks what"},
		{"go test ./scenarios/... .", ""},
	} {
		fmt.Fprintf(out, "  %d. %s\n", i+1, strings.TrimSpace(fmt.Sprintf("%-36s  %s", step[0], step[1])))
	}
	return nil
}

var storyTemplate = template.Must(template.New("story").Parse(`package scenarios

import (
	. "github.com/onsi/gomega"

	. "github.com/portico-mcp/portico/scenarios/matchers"
	. "github.com/portico-mcp/portico/scenarios/world"
)

// Say here what a reader of this chapter should know.
var _ = chapter({{.Chapter}}, "{{.Title}}", func() {
	Scenario("goes as it should", Checks("{{.Requirement}}"), func(w *World) {
		wiki := w.Upstream("wiki")
		alice := w.Person("alice")

		answer := alice.Connect().Call("wiki_search", Args{"query": "badgers"})

		Expect(answer).To(HaveText("3 pages about badgers"))
		Expect(wiki.Heard()).To(BeAskedFor("search", Args{"query": "badgers"}))
	})
})
`))

var mutantTemplate = template.Must(template.New("mutant").Parse(`package mutants

import "github.com/portico-mcp/portico/scenarios/target/inprocess"

var _ = add(Mutant{
	ID: "{{.Name}}", Says: "Does what a portal must not.",
	Breaks:    []string{"{{.Requirement}}"},
	Tampering: inprocess.Tampering{}, // see tamper.go, and the mutants beside this one
})
`))
