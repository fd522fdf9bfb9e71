package interop_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/portico-mcp/portico/scenarios/target/process"
	"github.com/portico-mcp/portico/simulators/trace"
)

// built is the folder of the program that was built for these tests; empty if
// it was given, or not built yet.
var built string

func TestMain(m *testing.M) {
	code := m.Run()
	if built != "" {
		_ = os.RemoveAll(built)
	}
	os.Exit(code)
}

// portico gives the path of the program: $PORTICO, else one that is built once.
var portico = sync.OnceValues(func() (string, error) {
	if given := os.Getenv("PORTICO"); given != "" {
		return filepath.Abs(given)
	}
	dir, err := os.MkdirTemp("", "portico-interop")
	if err != nil {
		return "", err
	}
	built = dir
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "portico"), "./cmd/portico")
	build.Dir = "../.."
	build.Stderr = os.Stderr
	return filepath.Join(dir, "portico"), build.Run()
})

func program(t *testing.T) string {
	t.Helper()
	path, err := portico()
	if err != nil {
		t.Fatalf("build portico: %v", err)
	}
	return path
}

// has says whether the program knows a command; an unknown one is answered
// with the help of the program itself.
func has(t *testing.T, command string) bool {
	t.Helper()
	out, err := exec.Command(program(t), command, "--help").CombinedOutput()
	return err == nil && bytes.Contains(out, []byte("portico "+command))
}

// knows says whether a command of the program knows a flag.
func knows(t *testing.T, command, flag string) bool {
	t.Helper()
	out, err := exec.Command(program(t), command, "--help").CombinedOutput()
	return err == nil && bytes.Contains(out, []byte(flag))
}

// town is `portico up` in another process.
type town struct {
	process.Ready
	cmd *exec.Cmd
}

// up starts a town and waits until it stands.
func up(t *testing.T, args ...string) *town {
	t.Helper()
	o := &town{cmd: exec.Command(program(t), append([]string{"up", "--json"}, args...)...)}
	var complaints bytes.Buffer
	o.cmd.Stderr = &complaints
	out, err := o.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := o.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { o.down(t) })
	if err := json.NewDecoder(out).Decode(&o.Ready); err != nil {
		_ = o.cmd.Wait()
		t.Fatalf("portico up %v: %v\n%s", args, err, &complaints)
	}
	go func() { _, _ = io.Copy(io.Discard, out) }() // a line for every exchange
	return o
}

// down stops the town as Ctrl-C does; a town that is down stays so.
func (o *town) down(t *testing.T) {
	t.Helper()
	if o.cmd.ProcessState != nil {
		return
	}
	_ = o.cmd.Process.Signal(syscall.SIGINT)
	if err := o.cmd.Wait(); err != nil {
		t.Errorf("portico up ended with %v", err)
	}
}

// journal is what the town saw so far, as it was on the wire.
func (o *town) journal(t *testing.T) trace.Trace {
	t.Helper()
	status, body := o.ask(t, "/trace")
	if status != http.StatusOK {
		t.Fatalf("the control port answers %d: %s", status, body)
	}
	var seen struct{ Trace trace.Trace }
	if err := json.Unmarshal(body, &seen); err != nil {
		t.Fatal(err)
	}
	return seen.Trace
}

// ask asks the town's control port.
func (o *town) ask(t *testing.T, path string) (status int, body []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, o.Control.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+o.Control.Token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err = io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, body
}

// togetherFree is how many TCP ports in a row a town of the everyday world
// takes, with room for more parties.
const togetherFree = 24

// freePorts gives a TCP port from which on many are free, and the one before it
// for the control port; below those that the system gives to others.
func freePorts(t *testing.T) string {
	t.Helper()
	for first := 12000 + os.Getpid()%8000; first < 32000; first += togetherFree {
		if allFree(first) {
			return strconv.Itoa(first + 1)
		}
	}
	t.Fatal("no free ports in a row")
	return ""
}

func allFree(first int) bool {
	for port := first; port < first+togetherFree; port++ {
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			return false
		}
		_ = l.Close()
	}
	return true
}

// listening waits until something listens on the address.
func listening(t *testing.T, address string) {
	t.Helper()
	for range 200 {
		if c, err := net.Dial("tcp", address); err == nil {
			_ = c.Close()
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("nothing listens on %s", address)
}
