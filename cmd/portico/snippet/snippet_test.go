package snippet_test

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/portico-mcp/portico/cmd/portico/snippet"
)

// Each of these would end a string, start a command or be expanded somewhere.
var nasty = snippet.Endpoint{
	Name: `it's "x" $(id) ${HOME} \ {{.}} #` + "`id`",
	URL:  `https://portal.example/m"c'p?a=$HOME&b=$(id)&c={{.}}\u0041#'`,
	CA:   `C:\certs\it's "mine" $ca.pem`,
}

var endpoints = map[string]snippet.Endpoint{
	"plain http": {URL: "http://127.0.0.1:7801/mcp"},
	"own ca":     {Name: "town", URL: "https://portal.example/mcp?a=1&b=2", CA: "/tmp/ca.pem"},
	"nasty":      nasty,
	"nasty http": {Name: nasty.Name, URL: strings.Replace(nasty.URL, "https", "http", 1)},
}

// each renders every client of some formats for every endpoint.
func each(t *testing.T, check func(*testing.T, snippet.Client, snippet.Endpoint, string), formats ...snippet.Format) {
	t.Helper()
	seen := 0
	for _, c := range snippet.Clients() {
		if !slices.Contains(formats, c.Format) {
			continue
		}
		for name, e := range endpoints {
			seen++
			t.Run(c.ID+", "+name, func(t *testing.T) {
				text, err := c.Render(e)
				if err != nil {
					t.Fatal(err)
				}
				if e.Name == "" {
					e.Name = "portico"
				}
				check(t, c, e, text)
			})
		}
	}
	if seen == 0 {
		t.Fatalf("no client has a format of %v", formats)
	}
}

// holds says whether a string is somewhere in a decoded document, as a value or
// as a key.
func holds(document any, s string) bool {
	switch d := document.(type) {
	case string:
		return d == s
	case []any:
		return slices.ContainsFunc(d, func(v any) bool { return holds(v, s) })
	case map[string]any:
		for k, v := range d {
			if k == s || holds(v, s) {
				return true
			}
		}
	}
	return false
}

// wantHeld wants what the endpoint says in a document, unchanged.
func wantHeld(t *testing.T, c snippet.Client, e snippet.Endpoint, document any, text string) {
	t.Helper()
	want := []string{e.Name, e.URL}
	if c.Trust == snippet.TrustSnippet && e.CA != "" {
		want = append(want, e.CA)
	}
	for _, s := range want {
		if !holds(document, s) {
			t.Errorf("does not hold %s:\n%s", s, text)
		}
	}
	if c.Bridge != holds(document, "mcp-remote@latest") && c.ID != "mcp-remote" {
		t.Errorf("bridge %v, but:\n%s", c.Bridge, text)
	}
	if c.Bridge && strings.HasPrefix(e.URL, "http:") != holds(document, "--allow-http") {
		t.Errorf("mcp-remote refuses plain http without --allow-http, and needs it for nothing else:\n%s", text)
	}
}

func TestJSONIsRead(t *testing.T) {
	each(t, func(t *testing.T, c snippet.Client, e snippet.Endpoint, text string) {
		var document any
		if err := json.Unmarshal([]byte(text), &document); err != nil {
			t.Fatalf("%v:\n%s", err, text)
		}
		wantHeld(t, c, e, document, text)
	}, snippet.JSON)
}

func TestYAMLIsRead(t *testing.T) {
	each(t, func(t *testing.T, c snippet.Client, e snippet.Endpoint, text string) {
		var document map[string]any
		if err := yaml.UnmarshalWithOptions([]byte(text), &document, yaml.Strict()); err != nil {
			t.Fatalf("%v:\n%s", err, text)
		}
		wantHeld(t, c, e, document, text)
	}, snippet.YAML)
}

var (
	table = regexp.MustCompile(`^\[mcp_servers\.([A-Za-z0-9_-]+|".*")\]$`)
	pair  = regexp.MustCompile(`^[a-z_]+ = (".*")$`)
)

// No TOML parser is among the dependencies. A basic string without control
// characters has the escapes of JSON (TOML 1.0, "String"), and nothing but
// tables and such strings is written.
func TestTOMLHasTheShapeOfTOML(t *testing.T) {
	each(t, func(t *testing.T, c snippet.Client, e snippet.Endpoint, text string) {
		document := map[string]any{}
		for line := range strings.Lines(text) {
			line = strings.TrimSpace(line)
			m := table.FindStringSubmatch(line)
			if m == nil {
				m = pair.FindStringSubmatch(line)
			}
			if m == nil {
				t.Fatalf("%q is neither a table nor a string", line)
			}
			word := m[1]
			if strings.HasPrefix(word, `"`) {
				if err := json.Unmarshal([]byte(m[1]), &word); err != nil {
					t.Fatalf("%s: %v", m[1], err)
				}
			}
			document[word] = true
		}
		wantHeld(t, c, e, document, text)
	}, snippet.TOML)
}

// The shell itself says which words it reads: the commands are functions that
// print what they were given.
func TestTheShellReadsOneWord(t *testing.T) {
	sh := program(t, "sh")
	each(t, func(t *testing.T, c snippet.Client, e snippet.Endpoint, text string) {
		if out, err := command(sh, text, "-n").CombinedOutput(); err != nil {
			t.Fatalf("%v: %s\n%s", err, out, text)
		}
		script := text
		if c.ID == "curl" { // the rest of it wants a server
			script, _, _ = strings.Cut(text, "\n\n")
			script += "\nprintf '%s\\n' \"$MCP\" \"$CURL_CA_BUNDLE\""
		}
		show := "claude() { printf '%s\\n' \"$@\"; }\nnpx() { printf '%s\\n' \"$@\" \"$NODE_EXTRA_CA_CERTS\"; }\n"
		out, err := command(sh, show+script).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s\n%s", err, out, text)
		}
		words := strings.Split(string(out), "\n")
		want := []string{e.URL}
		if c.ID == "claude-code" {
			want = append(want, e.Name)
		}
		if c.Trust == snippet.TrustSnippet && e.CA != "" {
			want = append(want, e.CA)
		}
		for _, w := range want {
			if !slices.Contains(words, w) {
				t.Errorf("the shell read %q, without %s", words, w)
			}
		}
	}, snippet.Shell)
}

// The Go snippet is checked against the SDK this module is tested with.
func TestGoIsCompiled(t *testing.T) {
	goes := program(t, "go")
	each(t, func(t *testing.T, _ snippet.Client, e snippet.Endpoint, text string) {
		t.Parallel()
		parsed, err := parser.ParseFile(token.NewFileSet(), "main.go", text, 0)
		if err != nil {
			t.Fatalf("%v:\n%s", err, text)
		}
		var all []any
		ast.Inspect(parsed, func(n ast.Node) bool {
			if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
				s, _ := strconv.Unquote(l.Value)
				all = append(all, s)
			}
			return true
		})
		if !holds(all, e.Name) || !holds(all, e.URL) || e.CA != "" && !holds(all, e.CA) {
			t.Errorf("its strings are %q", all)
		}
		file := filepath.Join(t.TempDir(), "main.go")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command(goes, "vet", file).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s\n%s", err, out, text)
		}
		if formatted, err := format.Source([]byte(text)); err != nil || string(formatted) != text {
			t.Errorf("not formatted, %v:\n%s", err, text)
		}
	}, snippet.Go)
}

func TestPythonIsRead(t *testing.T) {
	python := program(t, "python3")
	each(t, func(t *testing.T, _ snippet.Client, e snippet.Endpoint, text string) {
		const read = "import ast, json, sys; print(json.dumps([n.value for n in ast.walk(ast.parse(sys.stdin.read())) if isinstance(n, ast.Constant)]))"
		out, err := command(python, text, "-c", read).Output()
		if err != nil {
			t.Fatalf("%v:\n%s", err, text)
		}
		var constants []any
		if err := json.Unmarshal(out, &constants); err != nil {
			t.Fatal(err)
		}
		for _, s := range []string{e.Name, e.URL, e.CA} {
			if s != "" && !holds(constants, s) {
				t.Errorf("does not hold %s:\n%s", s, text)
			}
		}
	}, snippet.Python)
}

// A string of JSON is one of ECMAScript; what is around it is read by people.
func TestTypeScriptHoldsStringsOfJSON(t *testing.T) {
	literal := regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)
	each(t, func(t *testing.T, _ snippet.Client, e snippet.Endpoint, text string) {
		var all []any
		for _, quoted := range literal.FindAllString(text, -1) {
			var s string
			if err := json.Unmarshal([]byte(quoted), &s); err != nil {
				t.Fatalf("%s: %v", quoted, err)
			}
			all = append(all, s)
		}
		if !holds(all, e.Name) || !holds(all, e.URL) {
			t.Errorf("its strings are %q", all)
		}
	}, snippet.TypeScript)
}

func program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("no %s here: its snippets are not tested", name)
	}
	return path
}

func command(program, input string, args ...string) *exec.Cmd {
	cmd := exec.Command(program, args...)
	cmd.Stdin = strings.NewReader(input)
	return cmd
}

func TestEveryClientIsTold(t *testing.T) {
	want := strings.Fields(`claude-code claude-desktop cline codex continue curl cursor gemini-cli go-sdk goose lm-studio
		mcp-inspector mcp-remote opencode python-sdk typescript-sdk vscode windsurf zed`)
	date := regexp.MustCompile(`^(20\d\d-\d\d-\d\d)?$`)
	var ids []string
	for _, c := range snippet.Clients() {
		ids = append(ids, c.ID)
		if c.Name == "" || !strings.HasSuffix(c.Is, ".") || len(c.Where) == 0 || c.Source == "" || !date.MatchString(c.Checked) {
			t.Errorf("%s is not described: %+v", c.ID, c)
		}
		if c.OAuth && c.Bridge {
			t.Errorf("%s signs in by itself and needs no bridge", c.ID)
		}
		for _, p := range c.Where {
			if p.For == "" || p.Put == "" {
				t.Errorf("%s: %+v", c.ID, p)
			}
		}
		switch c.Trust {
		case snippet.TrustSnippet, snippet.TrustNode, snippet.TrustSystem:
		default:
			t.Errorf("%s trusts %q", c.ID, c.Trust)
		}
	}
	if !slices.Equal(ids, want) {
		t.Errorf("there are %v, want %v", ids, want)
	}
}

func TestWhatIsLeftToTrust(t *testing.T) {
	for _, c := range snippet.Clients() {
		if s := c.ToTrust(snippet.Endpoint{URL: "http://127.0.0.1/mcp"}); s != "" {
			t.Errorf("%s without a certificate authority: %s", c.ID, s)
		}
		text, err := c.Render(endpoints["own ca"])
		if err != nil {
			t.Fatal(err)
		}
		left := c.ToTrust(endpoints["own ca"])
		if strings.Contains(text, "/tmp/ca.pem") == strings.Contains(left, "/tmp/ca.pem") {
			t.Errorf("%s names the file in the snippet and beside it, or nowhere: %q\n%s", c.ID, left, text)
		}
	}
}

func TestFind(t *testing.T) {
	for asked, want := range map[string]string{"vscode": "vscode", "VS Code": "vscode", "Claude_Code": "claude-code", "LM Studio": "lm-studio"} {
		if c, err := snippet.Find(asked); err != nil || c.ID != want {
			t.Errorf("%q is %q, %v", asked, c.ID, err)
		}
	}
	_, err := snippet.Find("claude")
	if !errors.Is(err, snippet.ErrUnknown) || !strings.HasSuffix(err.Error(), "there are claude-code, claude-desktop") {
		t.Errorf("claude: %v", err)
	}
	_, err = snippet.Find("emacs")
	if !errors.Is(err, snippet.ErrUnknown) || !strings.Contains(err.Error(), "claude-code, ") || !strings.Contains(err.Error(), ", zed") {
		t.Errorf("emacs: %v", err)
	}
}

func TestNoEndpoint(t *testing.T) {
	c := snippet.Clients()[0]
	for _, e := range []snippet.Endpoint{
		{}, {URL: "portal.example/mcp"}, {URL: "ftp://portal.example"}, {URL: "https:///mcp"}, {URL: "http://a/\nrm"},
		{URL: "http://a/\xff"}, {URL: "http://a/", Name: "a\x1bb"}, {URL: "http://a/", CA: "a\nb"}, {URL: "http://a/", Name: "--scope"},
	} {
		if text, err := c.Render(e); !errors.Is(err, snippet.ErrEndpoint) {
			t.Errorf("%+v: %v, %q", e, err, text)
		}
	}
	if _, err := (snippet.Client{ID: "x", Format: "xml"}).Render(snippet.Endpoint{URL: "http://a/"}); err == nil {
		t.Error("an unknown format is written")
	}
}
