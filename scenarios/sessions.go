package scenarios

import (
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	. "github.com/portico-mcp/portico/scenarios/matchers"
	"github.com/portico-mcp/portico/scenarios/target"
	. "github.com/portico-mcp/portico/scenarios/world"
)

// Step 3. The portal says who it is and what it offers.
func sessions() {
	Describe("A session", Chapter(3), func() {
		Scenario("offers every server's tools under the server's name", Checks("NS-01", "CD-01", "CD-08"), func(w *World) {
			alice := w.Person("alice")

			tools := alice.Connect().Tools()

			Expect(tools).To(ContainElements("wiki_search", "wiki_echo", "tickets_create", "tickets_whoami", "mail_send", "mail_whoami"))
			Expect(tools).NotTo(ContainElement("search"))
		})

		Scenario("offers prompts under the same rule", Checks("NS-02"), func(w *World) {
			alice := w.Person("alice")

			Expect(alice.Connect().Prompts()).To(ConsistOf("wiki_summary"))
		})

		Scenario("lists the same tools in the same order every time", Checks("MCP-FS-32"), func(w *World) {
			session := w.Person("alice").Connect()

			Expect(session.Tools()).To(Equal(session.Tools()))
		})

		Scenario("lists from the catalogue and troubles no server", Checks("TC-07"), func(w *World) {
			session := w.Person("alice").Connect()

			Expect(session.Tools()).NotTo(BeEmpty())

			Expect(w.Upstream("wiki").Heard()).To(BeSilent())
			Expect(w.Upstream("tickets").Heard()).To(BeSilent())
		})

		Scenario("belongs to the person who began it", Checks("MCP-FS-23"), Only("2025-11-25"), func(w *World) {
			alices := w.Person("alice").Connect()
			bobs := w.Person("bob").Connect()

			stolen := http.Header{"Mcp-Session-Id": {alices.ID()}}
			call := `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"wiki_search","arguments":{"query":"x"}}}`

			Expect(bobs.Post(call, stolen)).To(HaveStatus(404))
			Expect(w.Upstream("wiki").Heard()).NotTo(BeCalled())
			Expect(alices.Call("wiki_search", Args{"query": "x"})).To(HaveText("3 pages about x"))
		})

		Scenario("ends after a day without activity, and not before", Checks("SE-01", "SE-07"), Only("2025-11-25"), Needs(target.VirtualTime), func(w *World) {
			session := w.Person("alice").Connect()

			w.Pass(23 * time.Hour)
			session.Tools()
			w.Pass(23 * time.Hour)
			session.Tools()
			w.Pass(24*time.Hour + time.Minute)

			_, err := session.TryTools()
			Expect(err).To(MatchError(ContainSubstring("404")))
		})

		Scenario("ends when the client says so", Checks("MCP-FS-22"), Only("2025-11-25"), func(w *World) {
			session := w.Person("alice").Connect()

			session.End()

			Expect(session.Post(`{"jsonrpc":"2.0","id":9,"method":"tools/list"}`, nil)).To(HaveStatus(404))
		})

		Scenario("does not exist for a client that needs none", Checks("SE-02", "MCP-FS-16"), Only("2026-07-28"), func(w *World) {
			alice := w.Person("alice")

			alice.Connect().Call("wiki_search", Args{"query": "badgers"})
			stream := alice.Send("GET", "/mcp", http.Header{"Authorization": {"Bearer " + alice.AccessToken()}, "Accept": {"text/event-stream"}}, "")

			Expect(w.Trace().Into("access")).NotTo(AnswerWith("Mcp-Session-Id"))
			Expect(stream).To(HaveStatus(405))
		})

		Scenario("is told what the portal is", Checks("MCP-FS-14", "MCP-FS-26"), func(w *World) {
			session := w.Person("alice").Connect()

			Expect(session.Capabilities()).To(And(HaveKey("tools"), HaveKey("prompts")))
		})
	})
}
