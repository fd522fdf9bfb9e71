package command_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/portico-mcp/portico/cmd/portico/command"
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
