package live

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/portico-mcp/portico/scenarios/target"
	"github.com/portico-mcp/portico/scenarios/target/town"
	"github.com/portico-mcp/portico/simulators/faults"
	"github.com/portico-mcp/portico/simulators/trace"
)

// Ready is what a town says when it stands: one line of JSON on standard
// output.
type Ready struct {
	Portal    string                     `json:"portal"`             // implementation and version
	Revision  string                     `json:"revision,omitempty"` // the only one servers speak; empty: both
	Endpoint  string                     `json:"endpoint"`           // the portal's MCP endpoint
	Origins   map[trace.Party]string     `json:"origins"`
	Addresses map[trace.Party]string     `json:"addresses"` // that parties dial from
	Roles     map[trace.Party]trace.Role `json:"roles"`
	Refused   map[string]string          `json:"refused"` // servers that the portal would not take, and why
	Admin     target.Admin               `json:"admin"`
	Control   Address                    `json:"control"`
	CA        string                     `json:"ca,omitempty"` // file with the certificate to trust; empty: plain http
	Folder    string                     `json:"folder,omitempty"`
	Broken    int                        `json:"broken"` // rules over traces that are broken so far; GET /findings tells where
}

// Resident is somebody of the town, and where they have signed in.
type Resident struct {
	ID       string       `json:"id"`
	Name     string       `json:"name"`
	Email    string       `json:"email"`
	Password string       `json:"password"`
	Admin    bool         `json:"admin"`
	SignedIn bool         `json:"signed_in"` // at the identity provider
	Clients  []Allowed    `json:"clients"`   // allowed at the portal
	Servers  []Connection `json:"servers"`   // that were allowed to the portal
}

// Allowed is a client that somebody allowed at the portal.
type Allowed struct {
	Client  string    `json:"client"`
	Expires time.Time `json:"access_token_expires,omitzero"`
	Ends    time.Time `json:"ends"`
}

// Connection is a server that the portal may use for somebody.
type Connection struct {
	Server  string    `json:"server"`
	Expires time.Time `json:"access_token_expires,omitzero"`
	Revoked bool      `json:"revoked,omitempty"`
}

// ServerState is what the portal says of a server, and what ails it.
type ServerState struct {
	town.Status
	URL    string         `json:"url"`
	Auth   string         `json:"auth"`
	Names  []string       `json:"tool_names"`
	Faults []faults.Fault `json:"faults,omitempty"`
}

// Residents are the town's people, as far as they have signed in anywhere.
func (t *Town) Residents(ctx context.Context) ([]Resident, error) {
	var grants []struct {
		Identity   struct{ Email string } `json:"identity"`
		ClientName string                 `json:"client_name"`
		ClientID   string                 `json:"client_id"`
		Ends       time.Time              `json:"ends"`
		Expires    time.Time              `json:"access_token_expires"`
	}
	if err := t.aside.Do(ctx, http.MethodGet, "/grants", nil, &grants); err != nil {
		return nil, err
	}
	signedIn := t.IdentityProvider.SignedIn()
	all := []Resident{}
	for _, p := range t.People {
		r := Resident{
			ID: p.ID, Name: p.Name, Email: p.Email, Password: p.Password, Admin: p.ID == t.World.Admin,
			SignedIn: slices.Contains(signedIn, p.Subject), Clients: []Allowed{}, Servers: t.connections(p.ID),
		}
		for _, g := range grants {
			if g.Identity.Email == p.Email {
				r.Clients = append(r.Clients, Allowed{cmp.Or(g.ClientName, g.ClientID), g.Expires, g.Ends})
			}
		}
		all = append(all, r)
	}
	return all, nil
}

// connections are the servers of ours whose authorization server has a grant of
// the person's.
func (t *Town) connections(person string) []Connection {
	all := []Connection{}
	for _, s := range t.World.Servers {
		as := t.AuthorizationServers[s.ID]
		if as == nil {
			continue
		}
		for _, g := range slices.Backward(as.Grants()) { // the latest counts
			if g.Subject == person {
				all = append(all, Connection{s.ID, g.AccessExpires, g.Revoked})
				break
			}
		}
	}
	return all
}

// ServerStates are the portal's servers, as it sees them and as they are.
func (t *Town) ServerStates(ctx context.Context) ([]ServerState, error) {
	statuses, err := t.aside.Statuses(ctx)
	if err != nil {
		return nil, err
	}
	all := []ServerState{}
	for _, s := range t.World.Servers {
		state := ServerState{Status: town.Status{ID: s.ID, Status: "not taken", Error: t.Refused[s.ID]}, Auth: string(s.Auth), Names: []string{}}
		if i := slices.IndexFunc(statuses, func(status town.Status) bool { return status.ID == s.ID }); i >= 0 {
			state.Status = statuses[i]
		}
		state.URL = s.URL
		if own := t.Servers[s.ID]; own != nil {
			state.URL = t.Origins[trace.Party(s.ID)] + "/mcp"
			for _, tool := range own.Tools() {
				state.Names = append(state.Names, tool.Name)
			}
		}
		if state.Skipped == nil {
			state.Skipped = []string{}
		}
		for _, party := range []trace.Party{trace.Party(s.ID), trace.Party(s.ID + "-as")} {
			if layer := t.Faults[party]; layer != nil {
				state.Faults = append(state.Faults, layer.List()...)
			}
		}
		all = append(all, state)
	}
	return all, nil
}

// Ailing is the faults that are set, by party.
func (t *Town) Ailing() map[trace.Party][]faults.Fault {
	all := map[trace.Party][]faults.Fault{}
	for party, layer := range t.Faults {
		if set := layer.List(); len(set) > 0 {
			all[party] = set
		}
	}
	return all
}
