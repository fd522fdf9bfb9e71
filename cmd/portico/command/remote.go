package command

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/portico-mcp/portico/cmd/portico/live"
	"github.com/portico-mcp/portico/cmd/portico/snippet"
)

// remote is the town of a folder, at its control port.
type remote struct{ state string }

// flag lets a command say which town is meant.
func (r *remote) flag(c *cobra.Command) {
	c.PersistentFlags().StringVar(&r.state, "state", stateName, "folder of the town that is meant, as given to portico up")
}

// ask sends a request to the control port and reads the answer into what into
// points to, unless that is nil. That no town is open ends with 3, what it did
// not understand with 2, what it could not do with 1.
func (r remote) ask(ctx context.Context, method, path string, body, into any) error {
	here, err := live.ReadAddress(r.state)
	if err != nil {
		return notRun(fmt.Errorf("%w\nstart one: portico up", err))
	}
	sent, err := json.Marshal(body)
	if err != nil {
		return harnessFault(err)
	}
	req, err := http.NewRequestWithContext(ctx, method, here.URL+path, bytes.NewReader(sent))
	if err != nil {
		return harnessFault(err)
	}
	req.Header.Set("Authorization", "Bearer "+here.Token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return notRun(fmt.Errorf("the town of %s does not answer at %s\nstart it anew: portico up", r.state, here.URL))
	}
	defer res.Body.Close()
	said, err := io.ReadAll(res.Body)
	if err != nil {
		return notRun(err)
	}
	return understand(res, said, into)
}

// understand reads an answer of the control port.
func understand(res *http.Response, said []byte, into any) error {
	var refused struct {
		Error string `json:"error"`
	}
	if res.StatusCode >= 300 && json.Unmarshal(said, &refused) == nil && refused.Error != "" {
		if res.StatusCode == http.StatusBadRequest {
			return usage("%s", refused.Error)
		}
		return failed(refused.Error)
	}
	if into == nil || len(said) == 0 {
		return nil
	}
	if err := json.Unmarshal(said, into); err != nil {
		return harnessFault(fmt.Errorf("the control port said what cannot be read: %w", err))
	}
	if res.StatusCode >= 300 {
		return failed("")
	}
	return nil
}

// ready asks where everything is.
func (r remote) ready(ctx context.Context) (live.Ready, error) {
	var ready live.Ready
	return ready, r.ask(ctx, http.MethodGet, "/town", nil, &ready)
}

// endpoint is the town's, as clients are told of it.
func (r remote) endpoint(ctx context.Context) (snippet.Endpoint, error) {
	ready, err := r.ready(ctx)
	return snippet.Endpoint{URL: ready.Endpoint, CA: ready.CA}, err
}
