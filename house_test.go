package portico_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/portico-mcp/portico/"

// arrows are the imports that never exist, by folder: what the folder may not
// reach, and why. A folder that ends in "/..." has its whole tree in mind.
var arrows = []struct {
	from, never, except, because string
}{
	{"reference", "simulators", "", "the portal must not know that it is tested"},
	{"reference", "scenarios", "", "the portal must not know that it is tested"},
	{"reference", "fixtures", "", "the portal must not know the people of a test"},
	{"reference", "diagrams", "", "pictures are drawn from the wire, never from inside"},
	{"diagrams", "", "diagrams simulators/trace", "a picture knows a trace and nothing else"},
	{"simulators/client", "", "simulators/client", "the two ends of a wire never share code"},
	{"simulators/idp", "", "simulators/idp", "the two ends of a wire never share code"},
	{"simulators/upstream", "", "simulators/upstream", "the two ends of a wire never share code"},
	{"simulators/gateway", "", "simulators/gateway", "the two ends of a wire never share code"},
	{"simulators/trace", "", "simulators/trace", "a trace is what was seen, and nothing else"},
	{"simulators/network", "", "simulators/network simulators/trace", "the network carries and records, and knows nobody"},
	{"fixtures", "", "fixtures", "fixtures are data"},
	{"", "cmd", "cmd", "a command is the last to know"},
}

func TestArrowsThatNeverExist(t *testing.T) {
	for file, imports := range goFiles(t) {
		for _, imported := range imports {
			for _, a := range arrows {
				if !within(file, a.from) || !within(imported, a.never) || allowed(imported, a.except) {
					continue
				}
				if a.from == "" && within(file, "cmd") {
					continue
				}
				t.Errorf("%s imports %s: %s", file, imported, a.because)
			}
		}
	}
}

// within says whether a path is the folder or below it; everything is within
// the empty folder.
func within(path, folder string) bool {
	return folder == "" || path == folder || strings.HasPrefix(path, folder+"/")
}

func allowed(path, folders string) bool {
	for _, folder := range strings.Fields(folders) {
		if within(path, folder) {
			return true
		}
	}
	return false
}

// goFiles are the Go files of the module and which packages of the module each
// imports; tests too, since a test that crosses a wire hides the same bugs.
func goFiles(t *testing.T) map[string][]string {
	t.Helper()
	files := map[string][]string{}
	walk(t, func(path string, file *ast.File) {
		files[path] = nil
		for _, i := range file.Imports {
			name, _ := strconv.Unquote(i.Path.Value)
			if inside, ok := strings.CutPrefix(name, module); ok {
				files[path] = append(files[path], inside)
			}
		}
	})
	if len(files) < 50 {
		t.Fatalf("only %d Go files found: this test looks in the wrong place", len(files))
	}
	return files
}

func walk(t *testing.T, visit func(path string, file *ast.File)) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") {
			return err
		}
		file, err := parser.ParseFile(set, path, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		visit(filepath.ToSlash(path), file)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// set knows where what was parsed stands.
var set = token.NewFileSet()

// story is how many lines a scenario may have, its title and its end among them.
const story = 30

// screen is how many lines a function may have: what a reader sees at once.
const screen = 50

func TestFunctionsFitOnAScreen(t *testing.T) {
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(set, path, nil, 0)
		if err != nil {
			return err
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			if n := set.Position(f.End()).Line - set.Position(f.Pos()).Line + 1; n > screen {
				t.Errorf("%s: %s has %d lines", path, f.Name.Name, n)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestEveryPackageSaysWhatItIs(t *testing.T) {
	documented := map[string]bool{}
	walk(t, func(path string, file *ast.File) {
		if !strings.HasSuffix(path, "_test.go") {
			dir := filepath.Dir(path)
			documented[dir] = documented[dir] || file.Doc != nil
		}
	})
	for dir, ok := range documented {
		if !ok {
			t.Errorf("package %s has no comment that says what it is", dir)
		}
	}
}

func TestEveryPackageIsInTheArchitecture(t *testing.T) {
	text, err := os.ReadFile("ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	missing := map[string]bool{}
	walk(t, func(path string, _ *ast.File) {
		dir := filepath.ToSlash(filepath.Dir(path))
		if dir != "." && !strings.Contains(string(text), "| `"+dir+"` |") {
			missing[dir] = true
		}
	})
	for dir := range missing {
		t.Errorf("ARCHITECTURE.md has no sentence about %s", dir)
	}
}

func TestEveryExportedNameIsDocumented(t *testing.T) {
	walk(t, func(path string, file *ast.File) {
		if strings.HasSuffix(path, "_test.go") || strings.Contains(path, "/mocks/") {
			return
		}
		for _, d := range file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Name.IsExported() && d.Doc == nil && exportedReceiver(d) {
					t.Errorf("%s: %s is not documented", path, d.Name.Name)
				}
			case *ast.GenDecl:
				for _, s := range d.Specs {
					if spec, ok := s.(*ast.TypeSpec); ok && spec.Name.IsExported() && d.Doc == nil && spec.Doc == nil {
						t.Errorf("%s: type %s is not documented", path, spec.Name.Name)
					}
				}
			}
		}
	})
}

func exportedReceiver(f *ast.FuncDecl) bool {
	if f.Recv == nil {
		return true
	}
	kind := f.Recv.List[0].Type
	if star, ok := kind.(*ast.StarExpr); ok {
		kind = star.X
	}
	name, ok := kind.(*ast.Ident)
	return ok && name.IsExported()
}

// Stories are told in the words of the world: what would make one a script, or
// depend on luck, has no place in a chapter.
func TestChaptersAreStories(t *testing.T) {
	banned := map[string]bool{
		"BeforeEach": true, "AfterEach": true, "Eventually": true, "Consistently": true, "It": true, "By": true, "Sleep": true,
	}
	walk(t, func(path string, file *ast.File) {
		if filepath.Dir(path) != "scenarios" || !hasChapter(file) {
			return
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				if name, ok := n.Fun.(*ast.Ident); ok && name.Name == "Scenario" {
					if lines := set.Position(n.End()).Line - set.Position(n.Pos()).Line + 1; lines > story {
						t.Errorf("%s: a story of %d lines is a chapter", set.Position(n.Pos()), lines)
					}
				}
			case *ast.ForStmt, *ast.RangeStmt, *ast.IfStmt, *ast.SwitchStmt:
				t.Errorf("%s: a story has no branches and no loops: %T", path, n)
			case *ast.Ident:
				if banned[n.Name] {
					t.Errorf("%s: %s has no place in a story", path, n.Name)
				}
			}
			return true
		})
	})
}

func hasChapter(file *ast.File) bool {
	found := false
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if ok {
			if name, ok := call.Fun.(*ast.Ident); ok && name.Name == "Scenario" {
				found = true
			}
		}
		return !found
	})
	return found
}

// Revision dates live in one package of the portal, so that the next revision
// is one change.
func TestOnlyRPCKnowsRevisionDates(t *testing.T) {
	date := regexp.MustCompile(`"20\d\d-\d\d-\d\d"`)
	err := filepath.WalkDir("reference", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, "_test.go") || within(filepath.ToSlash(path), "reference/portal/rpc") {
			return err
		}
		source, err := os.ReadFile(path)
		if found := date.Find(source); found != nil {
			t.Errorf("%s knows the revision date %s", path, found)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
