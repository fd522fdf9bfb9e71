package symptom

import (
	"context"
	"fmt"

	"github.com/portico-mcp/portico/fixtures"
	"github.com/portico-mcp/portico/simulators/client"
	"github.com/portico-mcp/portico/simulators/trace"
)

// all is the registry.
var all = []Symptom{
	{
		Name:    "no-policy",
		Meets:   "a person signs in, and is told that the account has no access",
		Because: "no policy of the portal admits the person; the identity provider knows them, which is not enough",
		Cure:    "add a policy that admits the person (in a town: people in the world's file)",
		world: func(*stage) (fixtures.World, error) {
			w, err := fixtures.LoadWorld("everyday")
			w.People, w.Admin = []string{"bob"}, "alice"
			return w, err
		},
		ail:  nothing,
		look: func(ctx context.Context, st *stage) (string, error) { return st.connects(ctx, "alice") },
		mend: func(ctx context.Context, st *stage) error {
			st.town.Close()
			return st.open(ctx, Symptom{})
		},
	},
	{
		Name:    "browser-on-mcp",
		Meets:   "somebody opens the address of the MCP endpoint in a browser and sees an error",
		Because: "/mcp is for MCP clients, which bring a token; a browser brings none",
		Cure:    "give the address to an MCP client: portico connect CLIENT; people open the origin without /mcp",
		ail:     nothing,
		look: func(ctx context.Context, st *stage) (string, error) {
			if st.knows {
				return st.connects(ctx, "alice")
			}
			return st.opens(ctx, st.town.Endpoint)
		},
		mend: func(_ context.Context, st *stage) error { st.knows = true; return nil },
	},
	{
		Name:    "stale-client",
		Meets:   "a client that was connected before loops at the sign-in: the portal does not know it",
		Because: "the client kept a registration that the portal has lost, as mcp-remote does in its folder",
		Cure:    "forget what the client kept (mcp-remote: the folder ~/.mcp-auth), so that it registers anew",
		ail:     nothing,
		look: func(ctx context.Context, st *stage) (string, error) {
			if st.knows {
				return st.connects(ctx, "alice")
			}
			return st.connectsAs(ctx, "alice", &client.Registration{
				Issuer: st.town.Origins["access"], ClientID: "registered-in-another-town-4f1d",
			})
		},
		mend: func(_ context.Context, st *stage) error { st.knows = true; return nil },
	},
	{
		Name:    "identity-provider-down",
		Meets:   "nobody can sign in, and who has signed in notices nothing",
		Because: "the identity provider answers with errors; tokens that the portal issued need it no more",
		Cure:    "mend the identity provider; nothing is to be done at the portal",
		ail:     func(ctx context.Context, st *stage) error { return st.do(ctx, "fail", "idp", "503") },
		look:    func(ctx context.Context, st *stage) (string, error) { return st.connects(ctx, "alice") },
		mend:    func(ctx context.Context, st *stage) error { return st.do(ctx, "clear", "idp") },
	},
	{
		Name:    "unreachable-server",
		Meets:   "a server's status is error, and its tools are missing or their calls fail",
		Because: "nothing answers at the server's URL: it is wrong, or the server is down",
		Cure:    "start the server or mend its URL, then let the portal sync it: portico do sync wiki",
		ail: func(ctx context.Context, st *stage) error {
			if err := st.do(ctx, "drop", "wiki"); err != nil {
				return err
			}
			return st.do(ctx, "sync", "wiki")
		},
		look: func(ctx context.Context, st *stage) (string, error) { return st.status(ctx, "wiki") },
		mend: func(ctx context.Context, st *stage) error {
			if err := st.do(ctx, "clear", "wiki"); err != nil {
				return err
			}
			return st.do(ctx, "sync", "wiki")
		},
	},
	{
		Name:    "old-transport",
		Meets:   "a server works with a client directly, and its status at the portal is error",
		Because: "the server speaks only HTTP+SSE of 2024-11-05; the portal speaks Streamable HTTP",
		Cure:    "let the server speak Streamable HTTP (MCP 2025-03-26 and later); most have a flag for it",
		world:   withOldServer,
		ail:     func(ctx context.Context, st *stage) error { return st.do(ctx, "sync", "old") },
		look:    func(ctx context.Context, st *stage) (string, error) { return st.status(ctx, "old") },
		mend:    modernize,
	},
	{
		Name:    "wrong-static-token",
		Meets:   "a server's status is error, with HTTP 401, and everybody's calls of it fail",
		Because: "the static token in the portal's configuration is not the server's",
		Cure:    "put the right token into the configuration of the portal",
		ail: func(ctx context.Context, st *stage) error {
			if err := st.do(ctx, "fail", "tickets", "401"); err != nil {
				return err
			}
			return st.do(ctx, "sync", "tickets")
		},
		look: func(ctx context.Context, st *stage) (string, error) { return st.status(ctx, "tickets") },
		mend: func(ctx context.Context, st *stage) error {
			if err := st.do(ctx, "clear", "tickets"); err != nil {
				return err
			}
			return st.do(ctx, "sync", "tickets")
		},
	},
	{
		Name:     "stale-credential",
		Meets:    "a server's status is stale, while people who have signed in there go on calling it",
		Because:  "the admin's credential, with which the portal syncs, has been withdrawn; people's own are their own",
		Cure:     "the admin authorizes the portal at the server again: portico do authorize mail",
		signedIn: true,
		ail: func(ctx context.Context, st *stage) error {
			if err := st.do(ctx, "revoke", st.town.World.Admin, "mail"); err != nil {
				return err
			}
			return st.do(ctx, "sync", "mail")
		},
		look: func(ctx context.Context, st *stage) (string, error) {
			status, err := st.status(ctx, "mail")
			if err != nil {
				return "", err
			}
			who, err := st.call(ctx, "mail_whoami")
			return fmt.Sprintf("%s; a call of alice's is answered %q", status, who), err
		},
		mend: func(ctx context.Context, st *stage) error { return st.do(ctx, "authorize", "mail") },
	},
	{
		Name:     "unauthorized-call",
		Meets:    "a call says unauthorized, with an address to open",
		Because:  "what the person granted at the server has been withdrawn, and the portal cannot refresh it",
		Cure:     "the person opens the address and connects the server again: portico do connect alice",
		signedIn: true,
		ail:      func(ctx context.Context, st *stage) error { return st.do(ctx, "revoke", "alice", "mail") },
		look:     func(ctx context.Context, st *stage) (string, error) { return st.call(ctx, "mail_whoami") },
		mend:     func(ctx context.Context, st *stage) error { return st.do(ctx, "connect", "alice") },
	},
	{
		Name:    "wrong-callback",
		Meets:   "connecting a server ends at its authorization server: redirect URI not allowed",
		Because: "the portal's callback is not among the redirect URIs of the client that was registered by hand",
		Cure:    "add the portal's callback, its origin with /servers-callback, to that client",
		world:   withOwnAuthorizationServer(byHand("https://elsewhere.example/servers-callback")),
		ail:     nothing,
		look:    connectsByHand,
		mend:    allowCallback,
	},
	{
		Name:    "no-registration",
		Meets:   "connecting a server fails before any sign-in: the server does not register the portal",
		Because: "its authorization server answers dynamic registration with 403: it takes only clients it knows",
		Cure:    "register a client by hand there, and give the portal its id and secret",
		world:   withOwnAuthorizationServer(closed),
		ail:     nothing,
		look:    connectsByHand,
		mend:    openRegistration,
	},
	{
		Name:     "gateway-down",
		Meets:    "every call fails, while statuses stay ready",
		Because:  "calls are routed through the gateway, which is down, and fail closed; sync does not go through it",
		Cure:     "mend the gateway; or route calls past it, if that is allowed: portico do gateway off",
		signedIn: true,
		ail: func(ctx context.Context, st *stage) error {
			if err := st.do(ctx, "gateway", "on"); err != nil {
				return err
			}
			return st.do(ctx, "gateway", "down")
		},
		look: func(ctx context.Context, st *stage) (string, error) { return st.call(ctx, "wiki_search") },
		mend: func(ctx context.Context, st *stage) error { return st.do(ctx, "gateway", "up") },
	},
	{
		Name:     "renamed-tool",
		Meets:    "a tool that is listed cannot be called",
		Because:  "the server has renamed it, and the portal lists what it learned at its last sync",
		Cure:     "let the portal sync the server: portico do sync wiki; clients list again",
		signedIn: true,
		ail:      func(ctx context.Context, st *stage) error { return st.do(ctx, "rename-tool", "wiki", "search", "find") },
		look: func(ctx context.Context, st *stage) (string, error) {
			if st.knows {
				return st.call(ctx, "wiki_find")
			}
			return st.call(ctx, "wiki_search")
		},
		mend: func(ctx context.Context, st *stage) error {
			st.knows = true
			return st.do(ctx, "sync", "wiki")
		},
	},
}

// nothing is brought about: the town is as it is, and that is the trouble.
func nothing(context.Context, *stage) error { return nil }

// connects is somebody's client going through the whole door.
func (st *stage) connects(ctx context.Context, person string) (string, error) {
	return st.connectsAs(ctx, person, nil)
}

// connectsAs is connects with a client that was registered before; nil: it
// registers.
func (st *stage) connectsAs(ctx context.Context, person string, registered *client.Registration) (string, error) {
	dial, err := st.town.Client(trace.Party(person), trace.Client)
	if err != nil {
		return "", err
	}
	browser, err := st.town.Browser(person)
	if err != nil {
		return "", err
	}
	c := client.New(client.Config{Endpoint: st.town.Endpoint, Name: person + "'s client", HTTP: dial, Browser: browser, Registration: registered})
	s, err := c.Connect(ctx)
	if err != nil {
		return err.Error(), nil
	}
	defer func() { _ = s.Close(context.WithoutCancel(ctx)) }()
	tools, err := s.ListTools(ctx)
	return fmt.Sprintf("connected, %d tools", len(tools)), err
}

// opens is somebody's browser at an address.
func (st *stage) opens(ctx context.Context, address string) (string, error) {
	browser, err := st.town.Browser("alice")
	if err != nil {
		return "", err
	}
	page, err := browser.Get(ctx, address)
	return fmt.Sprintf("HTTP %d: %s", page.Status, page.Text), err
}
