package command

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/portico-mcp/portico/cmd/portico/snippet"
	"github.com/portico-mcp/portico/scenarios/verdict"
)

// connected runs `portico connect` beside a town, or beside what went wrong
// when one was looked for.
func connected(t *testing.T, town snippet.Endpoint, wrong error, args ...string) (string, error) {
	t.Helper()
	c := connectCommand(func(context.Context) (snippet.Endpoint, error) { return town, wrong })
	var out bytes.Buffer
	c.SetArgs(args)
	c.SetOut(&out)
	c.SetErr(&out)
	c.SilenceErrors, c.SilenceUsage = true, true
	err := c.ExecuteContext(t.Context())
	return out.String(), err
}

func TestConnectSpeaksOfTheRunningTown(t *testing.T) {
	town := snippet.Endpoint{Name: "town", URL: "https://127.0.0.1:7801/mcp", CA: "/tmp/town ca.pem"}
	for _, c := range snippet.Clients() {
		out, err := connected(t, town, nil, c.ID)
		if err != nil {
			t.Errorf("%s: %v", c.ID, err)
		}
		text, err := c.Render(town)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{c.Name, strings.TrimSpace(text), "town ca.pem", c.Where[0].Put} {
			if !strings.Contains(out, want) {
				t.Errorf("%s: does not say %q:\n%s", c.ID, want, out)
			}
		}
		if !strings.HasSuffix(out, "sign in as alice@town.example with alice-likes-badgers\n") {
			t.Errorf("%s: does not end with who signs in:\n%s", c.ID, out)
		}
	}
}

func TestConnectWithoutATownSaysHowToGetOne(t *testing.T) {
	nobody := errors.New("no town answers")
	out, err := connected(t, snippet.Endpoint{}, nobody, "cursor")
	var exit exitError
	if !errors.Is(err, nobody) || !errors.As(err, &exit) || exit.code != verdict.ExitNotRun {
		t.Errorf("ended with %v", err)
	}
	if err == nil || !strings.Contains(err.Error(), "start one with portico up, or give --url") || out != "" {
		t.Errorf("said %q and %v", out, err)
	}
	if out, err := connected(t, snippet.Endpoint{}, nobody, "cursor", "--url", "https://portal.example/mcp"); err != nil || strings.Contains(out, "alice") {
		t.Errorf("with an address: %v\n%s", err, out)
	}
}
