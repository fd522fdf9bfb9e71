package client_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Where the challenge does not say, the client looks itself, in this order.
func TestDiscoveryOrder(t *testing.T) {
	const prm, as, oidc = "/.well-known/oauth-protected-resource", "/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"
	for _, test := range []struct {
		name      string
		challenge func(origin string) string
		issuer    string // path
		resource  string // where the one document is
		server    string
		want      []string
	}{
		{"the challenge says where", func(o string) string { return `Bearer resource_metadata="` + o + `/elsewhere"` }, "", "/elsewhere", as, []string{"/elsewhere", as}},
		{"among other challenges", func(o string) string {
			return `Negotiate abc==, Basic realm="a, Bearer b\"", bearer error="x", Resource_Metadata = "` + o + `/elsewhere"`
		}, "", "/elsewhere", as, []string{"/elsewhere", as}},
		{"with the path", func(string) string { return "Bearer" }, "", prm + "/mcp", as, []string{prm + "/mcp", as}},
		{"without a challenge, at the root", func(string) string { return "" }, "", prm, as, []string{prm + "/mcp", prm, as}},
		{"a provider of OpenID Connect", func(string) string { return "" }, "", prm + "/mcp", oidc, []string{prm + "/mcp", as, oidc}},
		{"an issuer with a path", func(string) string { return "" }, "/t", prm + "/mcp", as + "/t", []string{prm + "/mcp", as + "/t"}},
		{"inserted", func(string) string { return "" }, "/t", prm + "/mcp", oidc + "/t", []string{prm + "/mcp", as + "/t", oidc + "/t"}},
		{"appended", func(string) string { return "" }, "/t", prm + "/mcp", "/t" + oidc, []string{prm + "/mcp", as + "/t", oidc + "/t", "/t" + oidc}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := openTown(t)
			resource, server := w.resource(), w.server()
			resource["authorization_servers"] = []string{w.origin + test.issuer}
			server["issuer"] = w.origin + test.issuer
			w.documents = map[string]map[string]any{test.resource: resource, test.server: server}
			w.challenge = test.challenge(w.origin)
			w.bend = func(v url.Values) { v.Set("iss", w.origin+test.issuer) }
			if _, err := w.alice().Connect(t.Context()); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, w.paths()[1:1+len(test.want)]); diff != "" {
				t.Errorf("discovery (-want +got):\n%s", diff)
			}
		})
	}
}

// What the client must not believe ends before the browser leaves.
func TestMetadataThatIsRefused(t *testing.T) {
	for _, test := range []struct {
		name string
		bend func(*town)
		rule string
	}{
		{"another resource", func(w *town) { w.resource()["resource"] = w.origin + "/other" }, "resource is identical"},
		{"resource with a slash more", func(w *town) { w.resource()["resource"] = w.origin + "/mcp/" }, "resource is identical"},
		{"resource that is only the origin", func(w *town) { w.resource()["resource"] = w.origin }, "resource is identical"},
		{"no resource", func(w *town) { delete(w.resource(), "resource") }, "resource is identical"},
		{"no authorization server", func(w *town) { w.resource()["authorization_servers"] = []string{} }, "names at least one"},
		{"another issuer", func(w *town) { w.server()["issuer"] = "https://honest.example" }, "issuer is identical"},
		{"issuer with a slash more", func(w *town) { w.server()["issuer"] = w.origin + "/" }, "issuer is identical"},
		{"no challenge methods", func(w *town) { delete(w.server(), "code_challenge_methods_supported") }, "code_challenge_methods_supported"},
		{"plain only", func(w *town) { w.server()["code_challenge_methods_supported"] = []string{"plain"} }, "code_challenge_methods_supported"},
		{"token endpoint in the clear", func(w *town) { w.server()["token_endpoint"] = "http://as.example/token" }, "https"},
		{"no authorization endpoint", func(w *town) { delete(w.server(), "authorization_endpoint") }, "https"},
		{"authorization server in the clear", func(w *town) { w.resource()["authorization_servers"] = []string{"http://as.example"} }, "https"},
		{"registration endpoint of another scheme", func(w *town) { w.server()["registration_endpoint"] = "file:///etc/passwd" }, "https"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := openTown(t)
			test.bend(w)
			_, err := w.alice().Connect(t.Context())
			wantViolation(t, err, test.rule)
			if len(w.at("/authorize")) != 0 {
				t.Error("the browser was sent to the authorization endpoint")
			}
		})
	}
}

func TestMetadataThatIsMissing(t *testing.T) {
	for _, test := range []struct {
		name string
		bend func(*town)
		want string
	}{
		{"where the challenge says, and nowhere else is looked", func(w *town) { w.challenge = `Bearer resource_metadata="` + w.origin + `/gone"` }, "/gone is HTTP 404"},
		{"everywhere", func(w *town) { w.challenge, w.documents = "", nil }, "/.well-known/oauth-protected-resource is HTTP 404"},
		{"a page in its place", func(w *town) {
			w.routes = map[string]http.HandlerFunc{"/.well-known/oauth-protected-resource/mcp": func(out http.ResponseWriter, _ *http.Request) { page(out, 200, "Home", "") }}
		}, "is no JSON"},
		{"of the authorization server", func(w *town) { delete(w.documents, "/.well-known/oauth-authorization-server") }, "openid-configuration is HTTP 404"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := openTown(t)
			test.bend(w)
			if _, err := w.alice().Connect(t.Context()); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}
