package town

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/portico-mcp/portico/fixtures"
	"github.com/portico-mcp/portico/simulators/faults"
	"github.com/portico-mcp/portico/simulators/upstream"
)

// offers is what a catalogue is as a simulator: its tools and its prompts.
func offers(catalogue fixtures.Catalogue) (upstream.Config, error) {
	var c upstream.Config
	for _, t := range catalogue.Tools {
		schema, err := t.InputSchema()
		if err != nil {
			return upstream.Config{}, err
		}
		c.Tools = append(c.Tools, upstream.Tool{
			Name: t.Name, Title: t.Title, Description: t.Description,
			InputSchema: schema, Does: upstream.Behaviour(t.Does), Answer: t.Answer,
		})
	}
	for _, p := range catalogue.Prompts {
		c.Prompts = append(c.Prompts, upstream.Prompt{
			Name: p.Name, Description: p.Description, Arguments: p.Arguments, Text: p.Text,
		})
	}
	return c, nil
}

// verbatim is tools in a server's own words as a simulator: what it says of them,
// and what it answers to their calls.
func verbatim(tools []fixtures.Verbatim) upstream.RawConfig {
	var listed []string
	answers := map[string]upstream.RawAnswer{}
	for _, t := range tools {
		listed = append(listed, t.Tool)
		answer := upstream.RawAnswer{Result: json.RawMessage(t.Result)}
		if t.Result == "" {
			answer = upstream.RawAnswer{Error: json.RawMessage(t.Error)}
		}
		answers[t.Name()] = answer
	}
	return upstream.RawConfig{
		Tools: json.RawMessage("[" + strings.Join(listed, ",") + "]"),
		Answer: func(params, _ json.RawMessage) upstream.RawAnswer {
			var called struct{ Name string }
			_ = json.Unmarshal(params, &called) // what names nothing is answered with nothing
			return answers[called.Name]
		},
	}
}

// sends puts headers on every answer of a server.
func sends(headers map[string]string, server http.Handler) http.Handler {
	if len(headers) == 0 {
		return server
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range headers {
			w.Header().Set(name, value)
		}
		server.ServeHTTP(w, r)
	})
}

// ails lets what is wrong with a server of the fixtures strike.
func ails(layer *faults.Layer, f *fixtures.Fault) error {
	if f == nil {
		return nil
	}
	_, err := layer.Set(faults.Fault{
		Kind: f.Is, Status: f.Status, Delay: faults.Duration(f.Delay), On: f.On, Spares: f.Spares, Times: f.Times,
	})
	return err
}

// staticGuard reads a static credential as the portal does: a token, or a set
// of headers as JSON.
func staticGuard(credential string) (upstream.Guard, error) {
	if !strings.HasPrefix(credential, "{") {
		return upstream.Bearer(credential), nil
	}
	var c struct {
		Headers map[string]string `json:"headers"`
	}
	if err := json.Unmarshal([]byte(credential), &c); err != nil {
		return nil, fmt.Errorf("static credential: %w", err)
	}
	return upstream.Headers(c.Headers), nil
}
