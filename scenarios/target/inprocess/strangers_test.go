package inprocess_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/modelcontextprotocol/go-sdk/oauthex"

	"github.com/portico-mcp/portico/fixtures"
	"github.com/portico-mcp/portico/scenarios/target"
	"github.com/portico-mcp/portico/scenarios/target/inprocess"
	"github.com/portico-mcp/portico/scenarios/target/town"
	"github.com/portico-mcp/portico/simulators/client"
	"github.com/portico-mcp/portico/simulators/network"
	"github.com/portico-mcp/portico/simulators/trace"
)

func TestMain(m *testing.M) {
	if err := inprocess.Warm(); err != nil {
		panic(err)
	}
	m.Run()
}

// everyday opens the everyday world on loopback.
func everyday(t *testing.T, revision string) *target.Town {
	t.Helper()
	w, err := fixtures.LoadWorld("everyday")
	if err != nil {
		t.Fatal(err)
	}
	built, err := inprocess.OpenOn(t.Context(), town.Config{Network: network.Loopback(network.LoopbackConfig{}), World: w, Revision: revision}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	town := &built.Town
	t.Cleanup(town.Close)
	return town
}

// dial is the HTTP client of a party of the town.
func dial(t *testing.T, town *target.Town, party trace.Party, role trace.Role) *http.Client {
	t.Helper()
	c, err := town.Client(party, role)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// signIn lets alice's browser go through the door, and gives what it was sent
// to the client with.
func signIn(t *testing.T, town *target.Town) auth.AuthorizationCodeFetcher {
	alice, err := fixtures.LoadPerson("alice")
	if err != nil {
		t.Fatal(err)
	}
	browser := client.NewBrowser(dial(t, town, "alice.browser", trace.Browser), client.Login{Username: alice.Email, Password: alice.Password})
	return func(ctx context.Context, args *auth.AuthorizationArgs) (*auth.AuthorizationResult, error) {
		at, err := browser.Visit(ctx, args.URL, func(u *url.URL) bool { return strings.HasPrefix(u.String(), redirectURI) })
		if err != nil {
			return nil, err
		}
		q := at.Query()
		return &auth.AuthorizationResult{Code: q.Get("code"), State: q.Get("state"), Iss: q.Get("iss")}, nil
	}
}

const redirectURI = "http://127.0.0.1:33418/callback"

// The official Go SDK's client knows nothing of this project: it finds the way
// from the portal's 401 by itself, in the revision it prefers, to servers of
// one revision or both.
func TestTheOfficialClientGoesThroughTheWholeDoor(t *testing.T) {
	for _, revision := range []string{"", "2025-11-25", "2026-07-28"} {
		t.Run("servers of "+revision, func(t *testing.T) {
			town := everyday(t, revision)
			http := dial(t, town, "alice", trace.Client)
			door, err := auth.NewAuthorizationCodeHandler(&auth.AuthorizationCodeHandlerConfig{
				RedirectURL:              redirectURI,
				AuthorizationCodeFetcher: signIn(t, town),
				Client:                   http,
				DynamicClientRegistrationConfig: &auth.DynamicClientRegistrationConfig{Metadata: &oauthex.ClientRegistrationMetadata{
					ClientName: "official client", RedirectURIs: []string{redirectURI},
				}},
			})
			if err != nil {
				t.Fatal(err)
			}
			sdk := mcp.NewClient(&mcp.Implementation{Name: "official", Version: "1"}, nil)
			session, err := sdk.Connect(t.Context(), &mcp.StreamableClientTransport{
				Endpoint: town.Endpoint, HTTPClient: http, OAuthHandler: door,
			}, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer session.Close()

			want := map[string]string{
				"wiki_search": "3 pages about badgers", "tickets_create": "ticket opened, badgers", "mail_whoami": "alice",
			}
			args := map[string]any{"query": "badgers", "title": "badgers"}
			got := map[string]string{}
			for tool := range want {
				got[tool] = call(t, session, tool, args)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("answers (-want +got):\n%s", diff)
			}
		})
	}
}

func call(t *testing.T, session *mcp.ClientSession, tool string, args map[string]any) string {
	t.Helper()
	result, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: tool, Arguments: args})
	if err != nil {
		t.Errorf("%s: %v", tool, err)
		return ""
	}
	if len(result.Content) != 1 {
		t.Errorf("%s: %d contents", tool, len(result.Content))
		return ""
	}
	text, err := json.Marshal(result.Content[0])
	if err != nil {
		t.Fatal(err)
	}
	var content struct{ Text string }
	if err := json.Unmarshal(text, &content); err != nil {
		t.Fatal(err)
	}
	return content.Text
}
