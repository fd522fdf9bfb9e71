package process

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"slices"
	"sync"
	"syscall"

	"github.com/portico-mcp/portico/fixtures"
	"github.com/portico-mcp/portico/scenarios/target"
	"github.com/portico-mcp/portico/scenarios/verdict"
	"github.com/portico-mcp/portico/simulators/gateway"
	"github.com/portico-mcp/portico/simulators/network"
	"github.com/portico-mcp/portico/simulators/trace"
)

// Launch starts a town of a world whose every leg speaks the revision, and
// returns what it said when it stood and what ends it.
type Launch func(world, revision string) (Ready, func() error, error)

// Target is a town elsewhere: launched once for each world and revision;
// stories that share a world share its town, and are told apart by what each of
// them forgets at its beginning.
type Target struct {
	Launch Launch // Program, or a container
	Title  string // empty: "portico up"

	mu    sync.Mutex
	towns map[string]*running
}

// Name of the target.
func (t *Target) Name() string { return cmp.Or(t.Title, "portico up") }

// Has tells that real time is real, that stories share worlds, and that what
// the portal logs stays there.
func (t *Target) Has(f target.Feature) bool {
	return f != target.VirtualTime && f != target.FreshWorld && f != target.Logs
}

// Claims are everything: what stands there is the reference portal.
func (t *Target) Claims() verdict.Terms {
	return verdict.Terms{Everything: true, Derived: true, Profiles: []string{"cloudflare"}}
}

// Open gives the world's town, which it starts if there is none yet.
func (t *Target) Open(ctx context.Context, w fixtures.World, revision string) (*target.Town, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := w.Name + " " + revision
	r := t.towns[key]
	if r == nil {
		ready, stop, err := t.Launch(w.Name, revision)
		if err != nil {
			return nil, fmt.Errorf("%s, world %q: %w", t.Name(), w.Name, err)
		}
		r = &running{ready: ready, stop: stop}
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
	var all []error
	for key, r := range t.towns {
		if err := r.stop(); err != nil {
			all = append(all, fmt.Errorf("end town %q: %w", key, err))
		}
	}
	t.towns = nil
	return errors.Join(all...)
}

// running is one town elsewhere.
type running struct {
	ready Ready
	stop  func() error
}

// Program launches the portico program at a path; complaints gets its standard
// error, nil: nobody does.
func Program(path string, complaints io.Writer) Launch {
	return func(world, revision string) (Ready, func() error, error) {
		cmd := exec.Command(path, Arguments(world, revision)...)
		cmd.Stderr = complaints
		out, err := cmd.StdoutPipe()
		if err != nil {
			return Ready{}, nil, err
		}
		if err := cmd.Start(); err != nil {
			return Ready{}, nil, err
		}
		ready, err := ReadReady(out)
		if err != nil {
			_ = cmd.Process.Kill()
			return Ready{}, nil, errors.Join(err, cmd.Wait())
		}
		return ready, func() error {
			if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
				return err
			}
			return cmd.Wait()
		}, nil
	}
}

// Arguments make portico stand up a world on free ports and say so in JSON.
func Arguments(world, revision string) []string {
	return []string{"up", "--json", "--quiet", "--port", "0", "--world", world, "--revision", revision}
}

// ReadReady reads the line that a town says when it stands.
func ReadReady(out io.Reader) (Ready, error) {
	var ready Ready
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &ready)
	}
	if err != nil {
		return Ready{}, fmt.Errorf("the town did not stand: %w", err)
	}
	return ready, nil
}

// visitors leaves the first loopback addresses to the town.
const visitors = 200

// town is the town for one story: its own clients on a network of their own,
// and the journal of the other process.
func (r *running) town(ctx context.Context) (*target.Town, error) {
	if err := r.control(ctx, http.MethodPost, "/forget", nil); err != nil {
		return nil, err
	}
	here := network.Loopback(network.LoopbackConfig{Skip: visitors, Reach: r.stands})
	v := &visit{running: r, network: here, hosts: map[trace.Party]*network.Host{}, origins: map[trace.Party]string{}}
	return &target.Town{
		Endpoint:  r.ready.Endpoint,
		Origins:   r.ready.Origins,
		Addresses: r.ready.Addresses,
		Refused:   r.ready.Refused,
		Admin:     r.ready.Admin,
		Client:    v.client,
		Serve:     v.serve,
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

// stands says whether an address is one of the town's.
func (r *running) stands(address string) bool {
	for _, origin := range append(slices.Collect(maps.Values(r.ready.Origins)), r.ready.Endpoint, r.ready.Admin.Origin) {
		u, err := url.Parse(origin)
		if err != nil {
			continue
		}
		host := u.Host
		if u.Port() == "" {
			host = net.JoinHostPort(u.Hostname(), map[string]string{"http": "80", "https": "443"}[u.Scheme])
		}
		if host == address {
			return true
		}
	}
	return false
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
