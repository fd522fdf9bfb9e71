package town

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/portico-mcp/portico/fixtures"
	"github.com/portico-mcp/portico/simulators/upstream"
)

// offers is what a server of the fixtures is as a simulator: its tools, its
// prompts, and what is wrong with it.
func offers(s fixtures.Server) (upstream.Config, error) {
	catalogue, err := fixtures.LoadCatalogue(s.Catalogue)
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
	c.Fault, err = fault(s.Fault)
	return c, err
}

func fault(f fixtures.Fault) (upstream.Fault, error) {
	if f.Is == "" {
		return nil, nil
	}
	wrong, ok := faults[f.Is]
	if !ok {
		return nil, fmt.Errorf("unknown fault %q", f.Is)
	}
	if f.On != "" {
		return upstream.On(f.On, f.Spares, wrong), nil
	}
	return wrong, nil
}

var faults = map[string]upstream.Fault{
	"dead":     upstream.Dead,
	"failing":  upstream.Failing(http.StatusInternalServerError),
	"refusing": upstream.Failing(http.StatusUnauthorized),
	"hanging":  upstream.Hangs,
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
