package command_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/portico-mcp/portico/cmd/portico/command"
	"github.com/portico-mcp/portico/cmd/portico/live"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"portico": func() {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		os.Exit(command.Main(ctx, os.Args[1:], os.Stdout, os.Stderr))
	}})
}

// The scripts read like a manual: what is typed, what is said, how it ends.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":       exits,
			"occupy":      occupy,
			"interrupted": interrupted,
			"town":        town,
			"careless":    careless,
			"said":        said,
		},
	})
}

// exits runs a command and wants this exit code of it.
func exits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	code := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v: %v", args[1:], err)
		}
		code = exit.ExitCode()
	}
	if code != want {
		ts.Fatalf("%v ended with %d, want %d", args[1:], code, want)
	}
}

// interrupted runs a command, interrupts it once it has told its first story, and
// wants the exit code of that.
func interrupted(ts *testscript.TestScript, _ bool, args []string) {
	program, err := os.Executable()
	ts.Check(err)
	cmd := exec.Command(program, args[1:]...)
	cmd.Args[0], cmd.Dir, cmd.Stderr = args[0], ts.Getenv("WORK"), ts.Stderr()
	cmd.Env = append(os.Environ(), "TESTSCRIPT_COMMAND="+args[0])
	out, err := cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	said := bufio.NewScanner(out)
	sent := false
	for said.Scan() {
		fmt.Fprintln(ts.Stdout(), said.Text())
		if !sent && strings.HasPrefix(said.Text(), "✓") {
			sent = true
			ts.Check(cmd.Process.Signal(os.Interrupt))
		}
	}
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 130 {
		ts.Fatalf("%v ended with %d, want 130", args, code)
	}
}

// occupy takes a TCP port on loopback until the script ends, and sets $PORT.
func occupy(ts *testscript.TestScript, _ bool, _ []string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { _ = l.Close() })
	ts.Setenv("PORT", strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
}

// town runs `portico up` with these arguments until the script ends, and returns
// when its first line says that it stands. What it says goes to the file up.txt.
func town(ts *testscript.TestScript, _ bool, args []string) {
	program, err := os.Executable()
	ts.Check(err)
	out, err := os.Create(ts.MkAbs("up.txt"))
	ts.Check(err)
	cmd := exec.Command(program, append([]string{"up"}, args...)...)
	cmd.Args[0], cmd.Dir, cmd.Stdout, cmd.Stderr = "portico", ts.Getenv("WORK"), out, out
	cmd.Env = append(os.Environ(), "TESTSCRIPT_COMMAND=portico")
	ts.Check(cmd.Start())
	ts.Defer(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
		_ = out.Close()
	})
	said(ts, false, []string{"."})
}

// said waits until the town has said something like it.
func said(ts *testscript.TestScript, _ bool, args []string) {
	wanted, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); runtime.Gosched() {
		if b, err := os.ReadFile(ts.MkAbs("up.txt")); err == nil && wanted.Match(b) {
			return
		}
	}
	ts.Fatalf("the town never said %s:\n%s", args[0], ts.ReadFile("up.txt"))
}

// careless calls a tool as a client does that puts its token, which the command
// before has printed, in the address: careless FOLDER.
func careless(ts *testscript.TestScript, _ bool, args []string) {
	control, err := live.ReadAddress(ts.MkAbs(args[0]))
	ts.Check(err)
	req, err := http.NewRequest(http.MethodGet, control.URL+"/town", nil)
	ts.Check(err)
	req.Header.Set("Authorization", "Bearer "+control.Token)
	res, err := http.DefaultClient.Do(req)
	ts.Check(err)
	defer res.Body.Close()
	var ready live.Ready
	ts.Check(json.NewDecoder(res.Body).Decode(&ready))
	token := strings.TrimSpace(ts.ReadFile("stdout"))
	req, err = http.NewRequest(http.MethodPost, ready.Endpoint+"?access_token="+token, strings.NewReader(
		`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"careless","version":"1"}}}`))
	ts.Check(err)
	req.Header = http.Header{"Authorization": {"Bearer " + token}, "Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"}}
	called, err := http.DefaultClient.Do(req)
	ts.Check(err)
	_ = called.Body.Close()
	if called.StatusCode != http.StatusOK {
		ts.Fatalf("the portal answers %s", called.Status)
	}
}
