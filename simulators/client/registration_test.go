package client_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/portico-mcp/portico/simulators/client"
)

func TestHowTheClientIsKnown(t *testing.T) {
	byHand := func(c *client.Config) {
		c.Registration = &client.Registration{Issuer: strings.TrimSuffix(c.Endpoint, "/mcp"), ClientID: "by hand", ClientSecret: "s/e c"}
	}
	document := func(c *client.Config) { c.MetadataURL = "https://alice.example/client.json" }
	for _, test := range []struct {
		name  string
		bend  func(*town)
		setup []func(*client.Config)
		known client.Known
		id    string
		basic bool
	}{
		{"by hand, before all else", func(w *town) { w.server()["client_id_metadata_document_supported"] = true },
			[]func(*client.Config){byHand, document}, client.PreRegistered, "by hand", true},
		{"by its document", func(w *town) { w.server()["client_id_metadata_document_supported"] = true },
			[]func(*client.Config){document}, client.MetadataDocument, "https://alice.example/client.json", false},
		{"by registering, where documents are not taken", func(*town) {}, []func(*client.Config){document}, client.Registered, "registered-1", false},
		{"by registering, with a secret", func(w *town) {
			w.server()["token_endpoint_auth_methods_supported"] = []string{"client_secret_post", "client_secret_basic"}
			w.routes = map[string]http.HandlerFunc{"/register": func(out http.ResponseWriter, _ *http.Request) {
				writeJSON(out, 201, map[string]any{"client_id": "registered-1", "client_secret": "s", "token_endpoint_auth_method": "client_secret_basic"})
			}}
		}, nil, client.Registered, "registered-1", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := openTown(t)
			test.bend(w)
			alice := w.alice(test.setup...)
			if _, err := alice.Connect(t.Context()); err != nil {
				t.Fatal(err)
			}
			if held := alice.Credentials(); held.Known != test.known || held.ClientID != test.id {
				t.Errorf("known as %q by %s", held.ClientID, held.Known)
			}
			if registrations := len(w.at("/register")); (registrations == 1) != (test.known == client.Registered) {
				t.Errorf("registered %d times", registrations)
			}
			token := w.at("/token")[0]
			basic := strings.HasPrefix(token.header.Get("Authorization"), "Basic ")
			if basic != test.basic || form(t, token).Has("client_secret") || form(t, token).Has("client_id") == basic {
				t.Errorf("the client authenticates with %q and %v", token.header.Get("Authorization"), form(t, token))
			}
		})
	}
}

func TestAClientRegisteredElsewhereIsNotUsed(t *testing.T) {
	w := openTown(t)
	alice := w.alice(func(c *client.Config) {
		c.Registration = &client.Registration{Issuer: "https://other.example", ClientID: "x"}
	})
	_, err := alice.Connect(t.Context())
	wantViolation(t, err, "where they were registered")
}

func TestAnAuthorizationServerThatRegistersNobody(t *testing.T) {
	w := openTown(t)
	delete(w.server(), "registration_endpoint")
	if _, err := w.alice().Connect(t.Context()); err == nil || !strings.Contains(err.Error(), "registers none") {
		t.Errorf("got %v", err)
	}
}

// Credentials of one authorization server are nothing at the next.
func TestAnotherAuthorizationServerMeansAnotherClient(t *testing.T) {
	w, next := openTown(t), openTown(t)
	alice := w.alice()
	if _, err := alice.Connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.resource()["authorization_servers"] = []string{next.origin}
	w.expire()
	w.refresh = ""
	next.bend = func(url.Values) { w.access = "access-1" }
	if _, err := alice.Connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	if alice.Credentials().Issuer != next.origin || len(next.at("/register")) != 1 {
		t.Errorf("the issuer is %s, registered there %d times", alice.Credentials().Issuer, len(next.at("/register")))
	}
	if form(t, next.at("/token")[0]).Has("refresh_token") {
		t.Error("the next server got a refresh token of the one before")
	}
}

// A redirect URI out on the web is a web application's.
func TestApplicationType(t *testing.T) {
	w := openTown(t)
	alice := w.alice(func(c *client.Config) { c.RedirectURI = "https://app.example/callback" })
	if _, err := alice.Connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	if body := w.at("/register")[0].body; !strings.Contains(body, `"application_type":"web"`) {
		t.Errorf("the registration is %s", body)
	}
}
