package live

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/portico-mcp/portico/fixtures"
	"github.com/portico-mcp/portico/simulators/faults"
	"github.com/portico-mcp/portico/simulators/trace"
	"github.com/portico-mcp/portico/simulators/upstream"
)

// deeds are the verbs that are no faults.
var deeds = []Verb{
	{Name: "expire", Takes: []Argument{{Name: "person", Kind: APerson}}, act: expire,
		Sentence: "the person's access tokens end now, at the front door and at the servers; what can refresh does"},
	{Name: "revoke", Takes: []Argument{{Name: "person", Kind: APerson}, {"server", AServer, true}}, act: revoke,
		Sentence: "what the person granted is withdrawn: by the portal's admin for the portal, or at one server"},
	{Name: "connect", Takes: []Argument{{Name: "person", Kind: APerson}}, act: connect,
		Sentence: "the person's browser opens the portal's page of servers and connects what is not connected"},
	{Name: "authorize", Takes: []Argument{{Name: "server", Kind: AServer}}, act: authorize,
		Sentence: "the admin signs in at the server, so that the portal may ask it for its tools"},
	{Name: "restart", Takes: []Argument{{Name: "server", Kind: AServer}}, act: restart,
		Sentence: "the server forgets its sessions, cuts what is under way, and is well again"},
	{Name: "rename-tool", Takes: []Argument{{Name: "server", Kind: AServer}, {Name: "tool", Kind: ATool}, {Name: "name", Kind: AWord}}, act: renameTool,
		Sentence: "the server renames a tool and says that its list has changed"},
	{Name: "sync", Takes: []Argument{{Name: "server", Kind: AServer}}, act: synchronize,
		Sentence: "the portal asks the server for its tools now"},
	{Name: "gateway", Takes: []Argument{{Name: "switch", Kind: ASwitch}}, act: turnGateway,
		Sentence: "on or off: calls go through the gateway or not; down or up: the gateway itself"},
	{Name: "rotate-keys", Takes: []Argument{}, act: rotateKeys,
		Sentence: "the identity provider and the front door sign with new keys from now on"},
	{Name: "clock", Takes: []Argument{{Name: "ahead", Kind: ADuration}}, act: clock,
		Sentence: "what the identity provider and the authorization servers issued is so much older; the portal's clock is the machine's"},
	{Name: "clear", Takes: []Argument{{"party", AParty, true}, {"fault", AWord, true}}, act: clearFaults,
		Sentence: "faults end: those of a party, of one kind, or all"},
}

func expire(ctx context.Context, t *Town, o Order) (string, error) {
	p, err := t.person(o.arg(0))
	if err != nil {
		return "", err
	}
	if err := t.admin.Do(ctx, http.MethodPost, "/people/"+url.PathEscape(p.Email)+"/expire", nil, nil); err != nil {
		return "", err
	}
	for _, as := range t.AuthorizationServers {
		as.Expire(p.ID)
	}
	return p.ID + "'s access tokens have ended, at the front door and at every server; refresh tokens are as good as before", nil
}

func revoke(ctx context.Context, t *Town, o Order) (string, error) {
	p, err := t.person(o.arg(0))
	if err != nil {
		return "", err
	}
	id := o.arg(1)
	if id == "" {
		if err := t.admin.Do(ctx, http.MethodPost, "/people/"+url.PathEscape(p.Email)+"/revoke", nil, nil); err != nil {
			return "", err
		}
		t.forgetClients(p.ID)
		return p.ID + "'s grants and browser sessions at the portal have ended; clients must sign in anew", nil
	}
	as := t.AuthorizationServers[id]
	if as == nil {
		return "", fmt.Errorf("%w: %q has no authorization server of ours; %s", ErrUsage, id, t.haveOne())
	}
	as.Revoke(p.ID)
	return fmt.Sprintf("what %s granted at %s is withdrawn; the portal learns of it at the next call", p.ID, id), nil
}

// haveOne says which servers have an authorization server of ours.
func (t *Town) haveOne() string {
	if len(t.AuthorizationServers) == 0 {
		return "none has"
	}
	return "of those that have one there are " + strings.Join(slices.Sorted(maps.Keys(t.AuthorizationServers)), ", ")
}

func connect(ctx context.Context, t *Town, o Order) (string, error) {
	p, err := t.person(o.arg(0))
	if err != nil {
		return "", err
	}
	browser, err := t.Browser(p.ID)
	if err != nil {
		return "", err
	}
	if _, err := browser.Visit(ctx, t.Origins["access"]+"/servers", nil); err != nil {
		return "", err
	}
	pages := browser.Pages()
	return fmt.Sprintf("%s's browser is on the page %q: %s", p.ID, pages[len(pages)-1].Title, pages[len(pages)-1].Text), nil
}

func authorize(ctx context.Context, t *Town, o Order) (string, error) {
	if err := t.behind(o.arg(0)); err != nil {
		return "", err
	}
	if i := slices.IndexFunc(t.World.Servers, func(s fixtures.Server) bool { return s.ID == o.arg(0) }); t.World.Servers[i].Auth != fixtures.OAuth {
		return "", fmt.Errorf("%w: %q wants no sign-in: its auth is %s", ErrUsage, o.arg(0), t.World.Servers[i].Auth)
	}
	if err := t.AuthorizeAdmin(ctx, o.arg(0)); err != nil {
		return "", err
	}
	return synchronize(ctx, t, o)
}

// server is one of the town's own servers.
func (t *Town) server(id string) (*upstream.Server, error) {
	if s := t.Servers[id]; s != nil {
		return s, nil
	}
	var known []string
	for _, s := range t.World.Servers {
		if t.Servers[s.ID] != nil {
			known = append(known, s.ID)
		}
	}
	return nil, fmt.Errorf("%w: %q is no server of ours; there are %s", ErrUsage, id, strings.Join(known, ", "))
}

func restart(_ context.Context, t *Town, o Order) (string, error) {
	s, err := t.server(o.arg(0))
	if err != nil {
		return "", err
	}
	cleared := t.Faults[trace.Party(o.arg(0))].Clear("")
	s.Restart()
	return fmt.Sprintf("%s has begun anew: no session of before, %d faults fewer", o.arg(0), cleared), nil
}

func renameTool(_ context.Context, t *Town, o Order) (string, error) {
	s, err := t.server(o.arg(0))
	if err != nil {
		return "", err
	}
	if err := s.RenameTool(o.arg(1), o.arg(2)); err != nil {
		return "", fmt.Errorf("%w: %w", ErrUsage, err)
	}
	return fmt.Sprintf("%s calls it %s now; the portal lists the old name until its next sync: portico do sync %s", o.arg(0), o.arg(2), o.arg(0)), nil
}

// behind wants a server to be one that the portal has taken.
func (t *Town) behind(id string) error {
	var taken []string
	for _, s := range t.World.Servers {
		if t.Refused[s.ID] == "" {
			taken = append(taken, s.ID)
		}
	}
	if slices.Contains(taken, id) {
		return nil
	}
	return fmt.Errorf("%w: the portal has no server %q; there are %s", ErrUsage, id, strings.Join(taken, ", "))
}

func synchronize(ctx context.Context, t *Town, o Order) (string, error) {
	if err := t.behind(o.arg(0)); err != nil {
		return "", err
	}
	status, err := t.admin.Sync(ctx, o.arg(0))
	if err != nil {
		return "", err
	}
	said := fmt.Sprintf("%s is %s, %d tools", status.ID, status.Status, status.Tools)
	if status.Error != "" {
		said += ": " + status.Error
	}
	return said, nil
}

func turnGateway(ctx context.Context, t *Town, o Order) (string, error) {
	layer := t.Faults["gateway"]
	switch o.arg(0) {
	case "on", "off":
		on := o.arg(0) == "on"
		if err := t.admin.Do(ctx, http.MethodPatch, "/portal", map[string]bool{"secure_web_gateway": on}, nil); err != nil {
			return "", err
		}
		if on {
			return "calls go through the gateway from now on; background sync does not", nil
		}
		return "calls go straight to the servers from now on", nil
	case "down":
		layer.Clear("drop")
		if _, err := layer.Set(faults.Fault{Kind: "drop"}); err != nil {
			return "", err
		}
		return "the gateway closes every connection; calls fail if they are routed through it: portico do gateway on", nil
	case "up":
		layer.Clear("")
		return "the gateway is well", nil
	default:
		return "", fmt.Errorf("%w: the gateway can be on, off, down or up, not %q", ErrUsage, o.arg(0))
	}
}

func rotateKeys(ctx context.Context, t *Town, _ Order) (string, error) {
	if err := t.IdentityProvider.Rotate(); err != nil {
		return "", err
	}
	if err := t.admin.Do(ctx, http.MethodPost, "/keys/rotate", nil, nil); err != nil {
		return "", err
	}
	return "both sign with new keys; what the old ones signed is good until it ends", nil
}

func clock(_ context.Context, t *Town, o Order) (string, error) {
	const year = 365 * 24 * time.Hour
	d, err := time.ParseDuration(strings.TrimPrefix(o.arg(0), "+"))
	if err != nil || d <= 0 || d > year {
		return "", fmt.Errorf("%w: %q is no time to go ahead; write 2h, and at most %s", ErrUsage, o.arg(0), year)
	}
	t.IdentityProvider.Age(d)
	for _, as := range t.AuthorizationServers {
		as.Age(d)
	}
	return fmt.Sprintf("what the identity provider and the authorization servers issued is %s older", d), nil
}

func clearFaults(_ context.Context, t *Town, o Order) (string, error) {
	cleared, kind := 0, o.arg(1)
	if _, err := faults.Find(kind); kind != "" && err != nil {
		return "", fmt.Errorf("%w: %w", ErrUsage, err)
	}
	if party := o.arg(0); party != "" {
		layer, err := t.layer(trace.Party(party))
		if err != nil {
			return "", err
		}
		cleared = layer.Clear(kind)
		if as := t.Faults[trace.Party(party+"-as")]; as != nil {
			cleared += as.Clear(kind)
		}
	} else {
		for _, layer := range t.Faults {
			cleared += layer.Clear(kind)
		}
	}
	return fmt.Sprintf("%d faults have ended", cleared), nil
}
