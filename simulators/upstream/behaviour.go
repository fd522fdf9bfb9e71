package upstream

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
)

// Behaviour is what a tool does when it is called. It is a plain name, as a
// catalogue of tools gives it.
type Behaviour string

// The behaviours of a tool.
const (
	DoesEcho   Behaviour = "echo"   // returns its arguments, as structured content and as JSON text
	DoesWhoami Behaviour = "whoami" // says whose credential it was called with: a subject, "static", or "nobody"
	DoesAnswer Behaviour = "answer" // says a sentence made of its arguments
	DoesCount  Behaviour = "count"  // sends the progress notifications 1 to n, n being the argument "to", at most 10,000
	DoesFail   Behaviour = "fail"   // fails as tools do: a result with isError
	DoesRefuse Behaviour = "refuse" // fails as servers do: a JSON-RPC error, RefusalCode, with data
	DoesBig    Behaviour = "big"    // returns the argument "kb" KB of text, 64 without it, at most 16,384
	DoesSlow   Behaviour = "slow"   // waits the argument "ms" milliseconds
)

// RefusalCode is the JSON-RPC error code of DoesRefuse. It lies in the part of
// the range for servers' own errors that MCP does not reserve (MCP 2026-07-28
// Basic, "Error Codes").
const RefusalCode = -32010

// act carries a call out.
type act func(context.Context, *call, invocation) (*mcp.CallToolResult, error)

func (b Behaviour) act() (act, error) {
	switch b {
	case DoesEcho:
		return echo, nil
	case DoesWhoami:
		return whoami, nil
	case DoesAnswer:
		return answer, nil
	case DoesCount:
		return count, nil
	case DoesFail:
		return fail, nil
	case DoesRefuse:
		return refuse, nil
	case DoesBig:
		return big, nil
	case DoesSlow:
		return slow, nil
	default:
		return nil, fmt.Errorf("no behaviour %q", b)
	}
}

// invocation is a tool and the arguments it was called with.
type invocation struct {
	tool Tool
	raw  json.RawMessage // nil: none
}

func (i invocation) arguments() json.RawMessage {
	if len(i.raw) == 0 {
		return json.RawMessage(`{}`)
	}
	return i.raw
}

// number is an integer argument, within bounds.
func (i invocation) number(name string, otherwise, most int) (int, bool) {
	var all map[string]json.RawMessage
	if json.Unmarshal(i.arguments(), &all) != nil || all[name] == nil {
		return otherwise, otherwise > 0
	}
	var n int
	if json.Unmarshal(all[name], &n) != nil || n < 1 || n > most {
		return 0, false
	}
	return n, true
}

func echo(_ context.Context, _ *call, i invocation) (*mcp.CallToolResult, error) {
	result := mcp.NewToolResultText(string(i.arguments()))
	result.RawStructuredContent = i.arguments()
	return result, nil
}

func whoami(_ context.Context, c *call, _ invocation) (*mcp.CallToolResult, error) {
	return mcp.NewToolResultText(c.caller.Subject), nil
}

func answer(_ context.Context, _ *call, i invocation) (*mcp.CallToolResult, error) {
	var arguments map[string]json.RawMessage
	if err := json.Unmarshal(i.arguments(), &arguments); err != nil {
		return mcp.NewToolResultError("the arguments are not an object"), nil
	}
	words := map[string]string{}
	for name, value := range arguments {
		words[name] = word(value)
	}
	return mcp.NewToolResultText(fill(cmp.Or(i.tool.Answer, "an answer about {query}"), words)), nil
}

// word is how a JSON value reads in a sentence: a string without its quotes,
// anything else as it came.
func word(value json.RawMessage) string {
	var s string
	if json.Unmarshal(value, &s) == nil && bytes.HasPrefix(bytes.TrimSpace(value), []byte(`"`)) {
		return s
	}
	return string(value)
}

// fill puts words where the template has their names in braces, in one pass: a
// word with braces in it stays as it is.
func fill(template string, words map[string]string) string {
	var pairs []string
	for name, w := range words {
		pairs = append(pairs, "{"+name+"}", w)
	}
	return strings.NewReplacer(pairs...).Replace(template)
}

func count(_ context.Context, c *call, i invocation) (*mcp.CallToolResult, error) {
	to, ok := i.number("to", 0, 10_000)
	if !ok {
		return mcp.NewToolResultError("to must be a number from 1 to 10000"), nil
	}
	for n := 1; n <= to; n++ {
		c.progress(n, to)
	}
	return mcp.NewToolResultText(fmt.Sprintf("counted to %d", to)), nil
}

func fail(context.Context, *call, invocation) (*mcp.CallToolResult, error) {
	return mcp.NewToolResultError("the tool failed"), nil
}

func refuse(_ context.Context, c *call, i invocation) (*mcp.CallToolResult, error) {
	return nil, c.refuse(RefusalCode, "the server refuses", map[string]any{"tool": i.tool.Name, "retry": false})
}

func big(_ context.Context, _ *call, i invocation) (*mcp.CallToolResult, error) {
	kb, ok := i.number("kb", 64, 16<<10)
	if !ok {
		return mcp.NewToolResultError("kb must be a number from 1 to 16384"), nil
	}
	const line = "All work and no play makes a portal a dull door, line after line.\n"
	text := strings.Repeat(line, kb<<10/len(line)+1)
	return mcp.NewToolResultText(text[:kb<<10]), nil
}

func slow(ctx context.Context, _ *call, i invocation) (*mcp.CallToolResult, error) {
	ms, ok := i.number("ms", 1000, 3_600_000)
	if !ok {
		return mcp.NewToolResultError("ms must be a number from 1 to 3600000"), nil
	}
	wait := time.NewTimer(time.Duration(ms) * time.Millisecond)
	defer wait.Stop()
	select {
	case <-wait.C:
		return mcp.NewToolResultText(fmt.Sprintf("waited %d ms", ms)), nil
	case <-ctx.Done():
		return nil, fmt.Errorf("wait %d ms: %w", ms, ctx.Err())
	}
}
