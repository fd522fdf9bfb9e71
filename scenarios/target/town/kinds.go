package town

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/portico-mcp/portico/fixtures"
	"github.com/portico-mcp/portico/simulators/faults"
	"github.com/portico-mcp/portico/simulators/upstream"
)

// offers is what a server of the fixtures is as a simulator: its tools and its
// prompts.
func offers(s fixtures.Server) (upstream.Config, error) {
	catalogue, err := s.Offers()
	if err != nil {
		return upstream.Config{}, err
	}
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
