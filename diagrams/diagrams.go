// Package diagrams makes the pictures of the documentation from traces: what
// no story observed is not drawn.
package diagrams

import (
	"fmt"
	"maps"
	"slices"

	"github.com/portico-mcp/portico/diagrams/flow"
	"github.com/portico-mcp/portico/diagrams/sequence"
	"github.com/portico-mcp/portico/simulators/trace"
)

// Picture is a drawing and the same in words.
type Picture struct {
	Name string // file name without its ending
	SVG  []byte
	Text []byte // Markdown; nil for a picture whose description says it all
}

// The traces that the pictures are drawn from, by the name a story gives.
const (
	WholeFlow   = "connect-to-call"
	Sync        = "sync"
	Inspected   = "gateway"
	Credentials = "credentials"
)

// All draws every picture. A trace that is missing is an error.
func All(observed map[string]trace.Trace) ([]Picture, error) {
	for _, name := range []string{WholeFlow, Sync, Inspected, Credentials} {
		if len(observed[name].Exchanges) == 0 {
			return nil, fmt.Errorf("draw pictures: no story gave the trace %q", name)
		}
	}
	whole, err := flow.Draw(sorted(observed), "MCP server portal: who talks to whom")
	if err != nil {
		return nil, fmt.Errorf("draw the flow: %w", err)
	}
	pictures := []Picture{{Name: "flow", SVG: whole}}
	for _, s := range []struct {
		name, title string
		of          trace.Trace
	}{
		{"whole-flow", "From the first request to a tool's answer", observed[WholeFlow]},
		{"connect", "Connect: a challenge, and where it leads", steps(observed[WholeFlow], trace.Connect)},
		{"authenticate", "Authenticate: a person signs in", steps(observed[WholeFlow], trace.Authenticate)},
		{"call", "A session, and a call through the portal", steps(observed[WholeFlow], trace.SessionCreated, trace.ToolCallProxied, trace.UpstreamRequest)},
		{"sync", "Background sync of three servers", steps(observed[Sync], trace.BackgroundSync)},
		{"gateway", "A call through the gateway, and a sync that is not", steps(observed[Inspected], trace.ToolCallProxied, trace.UpstreamRequest, trace.BackgroundSync)},
	} {
		pictures = append(pictures, Picture{Name: s.name, SVG: sequence.Draw(s.of, s.title), Text: sequence.Markdown(s.of, s.title)})
	}
	return pictures, nil
}

func sorted(observed map[string]trace.Trace) []trace.Trace {
	var all []trace.Trace
	for _, name := range slices.Sorted(maps.Keys(observed)) {
		all = append(all, observed[name])
	}
	return all
}

// steps keeps what belongs to some steps.
func steps(t trace.Trace, kept ...trace.Step) trace.Trace {
	out := t
	out.Exchanges = nil
	for i, e := range t.Exchanges {
		if slices.Contains(kept, t.StepOf(i)) {
			out.Exchanges = append(out.Exchanges, e)
		}
	}
	return out
}
