package scenarios

import (
	"net/http"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	. "github.com/portico-mcp/portico/scenarios/matchers"
	. "github.com/portico-mcp/portico/scenarios/world"
)

// Step 1. A client that has nothing is told where to go.
func connecting() {
	Describe("Connecting", Chapter(1), func() {
		Scenario("without a credential is refused with the way to the metadata", Checks("CD-02", "CD-03", "MCP-FA-02", "MCP-FA-03"), func(w *World) {
			alice := w.Person("alice")

			reply := alice.Knock("POST", jsonHeader(), `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`)

			Expect(reply).To(HaveStatus(401))
			Expect(reply.Header.Get("Location")).To(BeEmpty())
			Expect(reply.Header.Get("WWW-Authenticate")).To(MatchRegexp(`^Bearer .*resource_metadata="[^"]+/\.well-known/oauth-protected-resource/mcp"`))
			Expect(w.Trace().Into("portal")).To(BeSilent())
		})

		Scenario("finds the authorization server by following the challenge", Checks("CD-04", "CD-05", "CD-06", "MCP-FA-01"), func(w *World) {
			alice := w.Person("alice")

			alice.Connect()

			Expect(Paths(w.Trace().From("alice").Into("access"))).To(ContainElements(
				"/mcp", "/.well-known/oauth-protected-resource/mcp", "/.well-known/oauth-authorization-server", "/oauth/register",
			))
		})

		Scenario("finds the same metadata at the root, for clients that look there", Checks("CD-05", "MCP-FA-02"), func(w *World) {
			alice := w.Person("alice")

			root := alice.Fetch("/.well-known/oauth-protected-resource")
			path := alice.Fetch("/.well-known/oauth-protected-resource/mcp")

			Expect(root).To(HaveStatus(200))
			Expect(path).To(HaveStatus(200))
			Expect(path.Body).To(And(ContainSubstring(`"resource":"`+w.Endpoint()+`"`), ContainSubstring(`"authorization_servers"`)))
			Expect(root.Body).To(MatchJSON(path.Body))
		})

		Scenario("takes a client by the document at its id, without registration", Checks("MCP-AS-07", "MCP-UA-09"), func(w *World) {
			alice := w.Person("alice").DescribedAt("editor")

			answer := alice.Connect().Call("wiki_search", Args{"query": "badgers"})

			Expect(answer).To(HaveText("3 pages about badgers"))
			Expect(Paths(w.Trace().From("access").Into("editor"))).To(Equal([]string{"/client.json"}))
			Expect(Paths(w.Trace().From("alice").Into("access"))).NotTo(ContainElement("/oauth/register"))
		})

		Scenario("with a browser shows an error and no login page", Checks("CD-07"), func(w *World) {
			alice := w.Person("alice")

			page := alice.Knock("GET", http.Header{"Accept": {"text/html"}}, "")

			Expect(page).To(HaveStatus(401))
			Expect(page.Body).To(ContainSubstring("invalid token"))
			Expect(w.Trace().Into("idp")).To(BeSilent())
		})
	})
}

// jsonHeader is what a client of any revision sends with a request.
func jsonHeader() http.Header {
	return http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"}}
}
