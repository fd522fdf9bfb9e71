package inprocess_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/portico-mcp/portico/fixtures"
	"github.com/portico-mcp/portico/scenarios"
	"github.com/portico-mcp/portico/simulators/client"
	"github.com/portico-mcp/portico/simulators/trace"
)

// The revision of the client and that of the servers are independent: each of
// the four combinations lists, calls, relays progress and errors alike.
func TestEveryCombinationOfRevisions(t *testing.T) {
	for _, servers := range scenarios.Revisions {
		for _, clients := range scenarios.Revisions {
			t.Run("clients "+clients+", servers "+servers, func(t *testing.T) {
				session := alice(t, clients, servers)

				tools, err := session.ListTools(t.Context())
				if err != nil || !slices.ContainsFunc(tools, func(tool client.Tool) bool { return tool.Name == "wiki_count" }) {
					t.Errorf("tools %v, error %v", tools, err)
				}
				result, err := session.Call(t.Context(), "wiki_count", map[string]any{"to": 3}, client.WithProgress())
				if err != nil || len(result.Progress) != 3 {
					t.Errorf("counted %+v, error %v", result, err)
				}
				if result, err = session.Call(t.Context(), "mail_whoami", nil); err != nil || result.Text() != "alice" {
					t.Errorf("whoami %+v, error %v", result, err)
				}
				if result, err = session.Call(t.Context(), "wiki_fail", nil); err != nil || !result.IsError {
					t.Errorf("fail %+v, error %v", result, err)
				}
				var refused *client.RPCError
				if _, err = session.Call(t.Context(), "wiki_refuse", nil); !errors.As(err, &refused) || refused.Code != -32010 || len(refused.Data) == 0 {
					t.Errorf("refuse: %v", err)
				}
				if _, err = session.GetPrompt(t.Context(), "wiki_summary", map[string]string{"page": "Badger"}); err != nil {
					t.Errorf("prompt: %v", err)
				}
			})
		}
	}
}

// alice is connected, with a client of one revision, to a portal whose servers
// speak another.
func alice(t *testing.T, clients, servers string) *client.Session {
	t.Helper()
	town := everyday(t, servers)
	person, err := fixtures.LoadPerson("alice")
	if err != nil {
		t.Fatal(err)
	}
	c := client.New(client.Config{
		Endpoint: town.Endpoint, Revision: clients, Name: "alice", HTTP: dial(t, town, "alice", trace.Client),
		Browser: client.NewBrowser(dial(t, town, "alice.browser", trace.Browser), client.Login{Username: person.Email, Password: person.Password}),
	})
	session, err := c.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return session
}
