package world

import (
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"github.com/portico-mcp/portico/fixtures"
	"github.com/portico-mcp/portico/scenarios/target/town"
	"github.com/portico-mcp/portico/simulators/trace"
)

// Status is what the admin API says of a server.
type Status struct {
	Status             string         `json:"status"` // waiting, ready, stale or error
	Error              string         `json:"error"`  // empty: nothing is wrong
	Details            map[string]any `json:"error_details"`
	Tools              int            `json:"tools"`
	LastSynced         time.Time      `json:"last_synced"`          // the last attempt; zero: none
	LastSuccessfulSync time.Time      `json:"last_successful_sync"` // zero: none
}

// Status is what the admin API says of a server now.
func (p *Portal) Status(server string) Status {
	var s Status
	p.ask("asks for the status of "+server, http.MethodGet, "/servers/"+url.PathEscape(server), nil, &s)
	return s
}

// Sync asks for a synchronization now and returns what that is answered with.
func (p *Portal) Sync(server string) Status {
	var s Status
	p.ask("synchronizes "+server, http.MethodPost, "/servers/"+url.PathEscape(server)+"/sync", nil, &s)
	return s
}

// gatewaySwitch is the portal's setting as the admin API has it.
type gatewaySwitch struct {
	On bool `json:"secure_web_gateway"`
}

// Routed says whether the calls to every server go through the gateway, as the
// admin API has it.
func (p *Portal) Routed() bool {
	var is gatewaySwitch
	p.ask("asks whether calls are routed", http.MethodGet, "/portal", nil, &is)
	return is.On
}

// Route sends the calls to every server through the gateway from now on, or past
// it.
func (p *Portal) Route(on bool) {
	p.ask("switches the routing", http.MethodPatch, "/portal", gatewaySwitch{on}, nil)
}

// ask is one request to the admin API, which must succeed. To read is a look, to
// change something an act.
func (p *Portal) ask(what, method, path string, body, result any) {
	admin := trace.Party(p.world.fixture.Admin)
	ended := func(bool) { p.world.looked(fixtures.AtAdmin) }
	if method != http.MethodGet {
		ended = p.world.acts(string(admin)+" "+what, []trace.Party{admin}, fixtures.AtAdmin)
	}
	var raw json.RawMessage
	err := p.admin().Do(p.world.ctx, method, path, body, &raw)
	ended(err != nil)
	must(err)
	if result != nil {
		must(json.Unmarshal(raw, result))
	}
}

func (p *Portal) admin() town.Administrator {
	dial, err := p.world.town.Client(trace.Party(p.world.fixture.Admin), trace.Client)
	must(err)
	return town.Administrator{Admin: p.world.town.Admin, HTTP: dial}
}
