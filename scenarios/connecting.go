package scenarios

import (
	"net/http"

	. "github.com/onsi/gomega"

	. "github.com/portico-mcp/portico/scenarios/matchers"
	. "github.com/portico-mcp/portico/scenarios/world"
)

// Step 1. A client that has nothing is told where to go.
var _ = chapter(1, "Connecting", func() {
	Scenario("without a credential is refused with the way to the metadata", Checks("CD-02", "CD-03", "MCP-FA-02", "MCP-FA-03"), func(w *World) {
		alice := w.Person("alice")

		reply := alice.Knock("POST", jsonHeader(), listTools)
		told := alice.Fetch(Challenged(reply, "resource_metadata"))
		path, root := alice.Fetch(resourceMetadata+"/mcp"), alice.Fetch(resourceMetadata)

		Expect(reply).To(HaveStatus(401), "CD-02 CD-03 MCP-FA-03")
		Expect(reply.Header.Get("Location")).To(BeEmpty(), "CD-02")
		Expect(w.Trace().Into("wiki", "tickets", "mail")).To(BeSilent(), "CD-02")
		Expect(Object(told)).To(Or(HaveKey("authorization_servers"), HaveKey("authorization_endpoint")), "CD-03")
		Expect([]map[string]any{Object(told), Object(path), Object(root)}).To(ContainElement(HaveKey("resource")), "MCP-FA-02")
	})

	Scenario("finds the authorization server by what the portal says of itself", Checks("CD-04", "CD-05", "MCP-FA-01"), func(w *World) {
		alice := w.Person("alice")

		alice.Connect()
		alice.Send("GET", resourceMetadata, jsonHeader(), "")
		resource := alice.Fetch(resourceMetadata + "/mcp")
		server := alice.Send("GET", "/.well-known/oauth-authorization-server", jsonHeader(), "")

		Expect(w.Trace().From("alice").Into("access")).To(DescribeTheResource(w.Endpoint()), "MCP-FA-01")
		Expect(resource).To(HaveStatus(200), "CD-05")
		Expect(Object(resource)).To(HaveKeyWithValue("resource", w.Endpoint()), "CD-05")
		Expect(server).To(HaveStatus(200), "CD-04")
		Expect(Object(server)).To(And( // RFC 8414 §2
			HaveKey("issuer"), HaveKey("authorization_endpoint"), HaveKey("token_endpoint"), HaveKey("response_types_supported")), "CD-04")
	})

	Scenario("with what is no token is refused, and so is asking for one amiss", Checks("MCP-FA-03"), func(w *World) {
		alice := w.Person("alice")
		alice.Connect()

		reply := alice.Knock("POST", bearer("badgers"), listTools)
		page := alice.Visit(AuthorizationURL(w.Trace(), "alice.browser", "access", map[string]string{"client_id": ""}))

		Expect(reply).To(HaveStatus(401))
		Expect(page.Status).To(Equal(http.StatusBadRequest))
		Expect(w.Trace().From("portal")).NotTo(BeCalled())
	})

	Scenario("takes a client by the document at its id, and says where it leads", Checks("MCP-AS-07"), func(w *World) {
		alice := w.Person("alice").DescribedAt("editor")

		answer := alice.Connect().Call("wiki_search", Args{"query": "badgers"})

		Expect(answer).To(HaveText("3 pages about badgers"))
		Expect(alice.Shown()).To(ContainElement(And(ContainSubstring("alice's client"), ContainSubstring(alice.RedirectHost()))))
		Expect(Paths(w.Trace().From("access").Into("editor"))).To(Equal([]string{"/client.json"}))
		Expect(Paths(w.Trace().From("alice").Into("access"))).NotTo(ContainElement("/oauth/register"))
	})

	Scenario("takes no client whose document is another's", Checks("MCP-AS-07"), func(w *World) {
		alice := w.Person("alice").DescribedAt("editor", Args{"client_id": "https://other.example/client.json"})

		_, err := alice.TryConnect()

		Expect(err).To(HaveOccurred())
		Expect(Paths(w.Trace().From("access").Into("editor"))).To(ContainElement("/client.json"))
		Expect(w.Trace().Into("idp")).To(BeSilent())
	})

	Scenario("takes no client whose document cannot be read", Checks("MCP-AS-07"), func(w *World) {
		alice := w.Person("alice").DescribedAt("editor", Args{"redirect_uris": "everywhere"})

		_, err := alice.TryConnect()

		Expect(err).To(HaveOccurred())
		Expect(Paths(w.Trace().From("access").Into("editor"))).To(ContainElement("/client.json"))
		Expect(w.Trace().Into("idp")).To(BeSilent())
	})

	Scenario("leads nobody to an address that the document does not list", Checks("MCP-AS-07"), func(w *World) {
		trap := w.Trap("elsewhere")
		alice := w.Person("alice").DescribedAt("editor")
		alice.Connect()

		page := alice.Visit(AuthorizationURL(w.Trace(), "alice.browser", "access", map[string]string{"redirect_uri": trap.Origin() + "/elsewhere"}))

		Expect(page.URL).NotTo(HavePrefix(trap.Origin()))
		Expect(trap.Heard()).To(BeSilent())
	})

	Scenario("with a browser shows an error and no login page", Checks("CD-07"), func(w *World) {
		alice := w.Person("alice")

		page := alice.Visit("/mcp")

		Expect(page.URL).To(Equal(w.Endpoint()))
		Expect(page.Title + page.Text).To(ContainSubstring("invalid token"))
		Expect(page.Labels).To(BeEmpty())
		Expect(w.Trace().Into("idp", "wiki", "tickets", "mail")).To(BeSilent())
	})
})

// resourceMetadata is where a protected resource describes itself (RFC 9728
// §3.1), before the path of the endpoint.
const resourceMetadata = "/.well-known/oauth-protected-resource"

// listTools is what a client asks first that has no manners.
const listTools = `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`

// jsonHeader is what a client of any revision sends with a request.
func jsonHeader() http.Header {
	return http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"}}
}

// bearer is jsonHeader with a token.
func bearer(token string) http.Header {
	h := jsonHeader()
	h.Set("Authorization", "Bearer "+token)
	return h
}
