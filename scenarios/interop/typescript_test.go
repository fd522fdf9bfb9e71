package interop_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"testing"
)

// typeScript is a session of a client of an official TypeScript SDK, in
// clients/typescript.mjs.
type typeScript struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
	lines *json.Decoder
	said  *bytes.Buffer // on standard error
	door  door
}

// connectTypeScript starts the program with an SDK, "sdk" (1.x) or "client"
// (2.x). It connects when it is first asked something.
func connectTypeScript(sdk, revision string) connector {
	return func(t *testing.T, ctx context.Context, d door) (conversation, error) {
		cmd := exec.CommandContext(ctx, node(t), "clients/typescript.mjs", sdk, revision, d.endpoint, filepath.Join(d.kept, "credentials.json"))
		s := typeScript{cmd: cmd, said: &bytes.Buffer{}, door: d}
		cmd.Stderr = s.said
		stdin, stdout, err := pipes(cmd)
		if err != nil {
			return nil, err
		}
		s.stdin, s.lines = stdin, json.NewDecoder(stdout)
		return s, cmd.Start()
	}
}

// node gives the path of Node.js.
func node(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("node")
	if err != nil {
		t.Skip("node is not installed: what runs on it is not tested")
	}
	return path
}

// answer is a line the program writes.
type answer struct {
	Open, Text, Error string
	Tools             []string
}

// ask sends a command, opens what a person is asked to open, and gives the
// answer.
func (s typeScript) ask(command map[string]any) (answer, error) {
	if err := json.NewEncoder(s.stdin).Encode(command); err != nil {
		return answer{}, err
	}
	for {
		var a answer
		if err := s.lines.Decode(&a); err != nil {
			return answer{}, fmt.Errorf("typescript.mjs ended: %w\n%s", err, s.said)
		}
		if a.Open == "" {
			if a.Error != "" {
				return a, errors.New(a.Error)
			}
			return a, nil
		}
		s.door.open(a.Open)
	}
}

func (s typeScript) tools(context.Context) ([]string, error) {
	a, err := s.ask(map[string]any{"do": "list"})
	return a.Tools, err
}

func (s typeScript) call(_ context.Context, tool string, args map[string]any) (string, error) {
	a, err := s.ask(map[string]any{"do": "call", "name": tool, "arguments": args})
	return a.Text, err
}

func (s typeScript) close() error {
	_, err := s.ask(map[string]any{"do": "close"})
	_ = s.stdin.Close()
	return errors.Join(err, s.cmd.Wait())
}
