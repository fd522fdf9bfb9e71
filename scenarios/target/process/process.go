package process

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"syscall"

	"github.com/portico-mcp/portico/fixtures"
	"github.com/portico-mcp/portico/scenarios/target"
	"github.com/portico-mcp/portico/simulators/gateway"
	"github.com/portico-mcp/portico/simulators/network"
	"github.com/portico-mcp/portico/simulators/trace"
)

// Target runs a program that is `portico up`, once for each world and
// revision; stories that share a world share its town, and are told apart by
// what each of them forgets at its beginning.
type Target struct {
	Program    string    // path of the portico program
	Args       []string  // put before the ones that choose the world
	Complaints io.Writer // gets its standard error; nil: nobody does

	mu    sync.Mutex
	towns map[string]*running
}

// Name of the target.
func (t *Target) Name() string { return "portico up" }

// Has tells that real time is real, and that stories share worlds.
func (t *Target) Has(f target.Feature) bool {
	return f != target.VirtualTime && f != target.FreshWorld
}

// Open gives the world's town, which it starts if there is none yet.
func (t *Target) Open(ctx context.Context, w fixtures.World, revision string) (*target.Town, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := w.Name + " " + revision
	r := t.towns[key]
	if r == nil {
		var err error
		if r, err = t.start(w.Name, revision); err != nil {
			return nil, fmt.Errorf("portico up, world %q: %w", w.Name, err)
		}
		if t.towns == nil {
			t.towns = map[string]*running{}
		}
		t.towns[key] = r
	}
	return r.town(ctx)
}

// Close ends every town that was started.
func (t *Target) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	var last error
	for key, r := range t.towns {
		if err := r.stop(); err != nil {
			last = fmt.Errorf("end town %q: %w", key, err)
		}
	}
	t.towns = nil
	return last
}

// running is one town in another process.
type running struct {
	command *exec.Cmd
	ready   Ready
}

func (t *Target) start(world, revision string) (*running, error) {
	args := append(append([]string{}, t.Args...), "up", "--json", "--port", "0", "--world", world, "--revision", revision)
	cmd := exec.Command(t.Program, args...)
	var complaints strings.Builder
	cmd.Stderr = &complaints
	if t.Complaints != nil {
		cmd.Stderr = io.MultiWriter(&complaints, t.Complaints)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	r := &running{command: cmd}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &r.ready)
	}
	if err != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		return nil, fmt.Errorf("%w: %s", err, complaints.String())
	}
	return r, nil
}

func (r *running) stop() error {
	if err := r.command.Process.Signal(syscall.SIGINT); err != nil {
		return err
	}
	return r.command.Wait()
}

// visitors leaves the first loopback addresses to the town.
const visitors = 200

// town is the town for one story: its own clients on a network of their own,
// and the journal of the other process.
func (r *running) town(ctx context.Context) (*target.Town, error) {
	if err := r.control(ctx, http.MethodPost, "/forget", nil); err != nil {
		return nil, err
	}
	here := network.Loopback(network.LoopbackConfig{Skip: visitors})
	v := &visit{running: r, network: here, hosts: map[trace.Party]*network.Host{}}
	return &target.Town{
		Endpoint:  r.ready.Endpoint,
		Origins:   r.ready.Origins,
		Addresses: r.ready.Addresses,
		Refused:   r.ready.Refused,
		Admin:     r.ready.Admin,
		Client:    v.client,
		Trace:     func() trace.Trace { return v.trace(ctx) },
		Forget: func() {
			here.Forget()
			_ = r.control(ctx, http.MethodPost, "/forget", nil)
		},
		GatewayLog: func() []gateway.Record {
			var log []gateway.Record
			if err := r.control(ctx, http.MethodGet, "/gateway", &log); err != nil {
				panic(err) // the town has gone
			}
			return log
		},
		Close: here.Close,
	}, nil
}

// control asks the town's control port.
func (r *running) control(ctx context.Context, method, path string, into any) error {
	req, err := http.NewRequestWithContext(ctx, method, r.ready.Control.URL+path, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+r.ready.Control.Token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("control port: %w", err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return fmt.Errorf("control port: %w", err)
	}
	if res.StatusCode >= 300 {
		return fmt.Errorf("control port: %s: %s", res.Status, body)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(body, into)
}
