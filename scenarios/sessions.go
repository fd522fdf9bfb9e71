package scenarios

import (
	"maps"
	"net/http"
	"slices"
	"time"

	. "github.com/onsi/gomega"

	. "github.com/portico-mcp/portico/scenarios/matchers"
	"github.com/portico-mcp/portico/scenarios/target"
	. "github.com/portico-mcp/portico/scenarios/world"
)

// Step 3. The portal says who it is and what it offers.
var _ = chapter(3, "A session", func() {
	Scenario("offers every server's tools at one address, under the server's name", Checks("NS-01", "CD-01"), func(w *World) {
		alice := w.Person("alice")

		tools := alice.Connect().Tools()

		Expect(w.Endpoint()).To(MatchRegexp(`^https?://[^/]+/mcp$`), "CD-01")
		Expect(tools).To(ContainElements("wiki_search", "tickets_create", "mail_send"), "CD-01")
		Expect(tools).To(HaveEach(MatchRegexp(`^(wiki|tickets|mail)_.`)), "NS-01")
	})

	Scenario("offers prompts under the same rule", Checks("NS-02"), func(w *World) {
		alice := w.Person("alice")

		Expect(alice.Connect().Prompts()).To(ConsistOf("wiki_summary"))
	})

	Scenario("lists the same tools in the same order every time", Checks("MCP-FS-32"), Only("2026-07-28"), func(w *World) {
		session := w.Person("alice").Connect()

		first, second, third := session.Tools(), session.Tools(), session.Tools()

		Expect(first).NotTo(BeEmpty())
		Expect(second).To(Equal(first))
		Expect(third).To(Equal(first))
	})

	Scenario("lists from the catalogue and troubles no server", Checks("TC-07"), func(w *World) {
		session := w.Person("alice").Connect()
		heard := len(w.Trace().Into("wiki", "tickets", "mail").Exchanges)

		Expect(session.Tools()).NotTo(BeEmpty())
		Expect(session.Prompts()).NotTo(BeEmpty())

		Expect(w.Trace().Into("wiki", "tickets", "mail").Exchanges).To(HaveLen(heard))
	})

	Scenario("belongs to the person who began it", Checks("MCP-FS-23"), Only("2025-11-25"), func(w *World) {
		alices := w.Person("alice").Connect()
		bobs := w.Person("bob").Connect()

		stolen := http.Header{"Mcp-Session-Id": {alices.ID()}}
		reply := bobs.Post(bobs.Request("tools/call", `"name":"wiki_search","arguments":{"query":"x"}`), stolen)

		Expect(reply.Status).To(BeNumerically(">=", 400))
		Expect(w.Upstream("wiki").Heard()).NotTo(BeCalled())
		Expect(alices.Call("wiki_search", Args{"query": "x"})).To(HaveText("3 pages about x"))
	})

	Scenario("ends after a day without activity, and not before", Checks("SE-01"), Only("2025-11-25"), Needs(target.VirtualTime), func(w *World) {
		session := w.Person("alice").Connect()
		Expect(session.ID()).NotTo(BeEmpty())

		w.Pass(24*time.Hour - time.Minute)
		_, early := session.TryTools()
		w.Pass(24*time.Hour + time.Minute)
		_, late := session.TryCall("wiki_search", Args{"query": "badgers"})

		Expect(early).NotTo(HaveOccurred())
		Expect(late).To(MatchError(ContainSubstring("404")))
		Expect(w.Upstream("wiki").Heard()).NotTo(BeCalled())
	})

	Scenario("that is used every day does not end", Checks("SE-07"), Only("2025-11-25"), Needs(target.VirtualTime), func(w *World) {
		session := w.Person("alice").Connect()

		w.Pass(23 * time.Hour)
		_, second := session.TryTools()
		w.Pass(23 * time.Hour)
		_, third := session.TryTools()

		Expect(second).NotTo(HaveOccurred())
		Expect(third).NotTo(HaveOccurred())
		Expect(w.Trace().From("portal")).NotTo(BeCalled())
	})

	Scenario("has an id of its own, and ends when the client says so", Checks("SE-01", "MCP-FS-22"), Only("2025-11-25"), func(w *World) {
		session, other := w.Person("alice").Connect(), w.Person("bob").Connect()
		call := session.Request("tools/call", `"name":"wiki_search","arguments":{"query":"x"}`)

		unknown := session.Post(call, http.Header{"Mcp-Session-Id": {"never-was-8c41d07e"}})
		session.End()
		ended := session.Post(call, nil)

		Expect(session.ID()).To(And(MatchRegexp("^[!-~]{16,}$"), BeUnlike(other.ID())), "MCP-FS-22")
		Expect(unknown).To(HaveStatus(404), "MCP-FS-22")
		Expect(ended).To(HaveStatus(404))
		Expect(w.Upstream("wiki").Heard()).NotTo(BeCalled(), "MCP-FS-22")
	})

	Scenario("does not exist for a client that needs none", Checks("SE-02", "MCP-FS-16"), Only("2026-07-28"), func(w *World) {
		alice := w.Person("alice")
		session := alice.Connect()
		now := bearer(alice.AccessToken())
		now.Set("Mcp-Protocol-Version", w.Revision())

		call := session.Request("tools/call", `"name":"wiki_search","arguments":{"query":"badgers"}`)
		reply := session.Post(call, http.Header{"Mcp-Session-Id": {"of-old"}, "Last-Event-Id": {"7"}})
		stream, farewell := alice.Send("GET", "/mcp", now, ""), alice.Send("DELETE", "/mcp", now, "")

		Expect(w.Trace().Into("access")).NotTo(AnswerWith("Mcp-Session-Id"))
		Expect(reply).To(HaveStatus(200), "MCP-FS-16")
		Expect(stream).To(HaveStatus(405), "MCP-FS-16")
		Expect(farewell).To(HaveStatus(405), "MCP-FS-16")
	})

	Scenario("is told which revisions the portal speaks and what it serves", Checks("MCP-FS-14"), Only("2026-07-28"), func(w *World) {
		session := w.Person("alice").Connect()

		Expect(w.Trace().Into("wiki", "tickets")).To(BeSilent())
		Expect(session.Greeting()["supportedVersions"]).To(And(Not(BeEmpty()), HaveEach(Satisfy(session.Speaks))))
		Expect(session.Capabilities()).To(And(HaveKey("tools"), HaveKey("prompts")))
		Expect(slices.Collect(maps.Keys(session.Capabilities()))).To(HaveEach(Satisfy(session.Serves)))
	})

	Scenario("is begun in a revision that both sides speak", Checks("MCP-FS-26"), Only("2025-11-25"), func(w *World) {
		session := w.Person("alice").Connect()

		same, other := session.Negotiate(w.Revision()), session.Negotiate("2019-01-01")

		Expect(same).To(Equal(w.Revision()))
		Expect(other).NotTo(Or(BeEmpty(), Equal("2019-01-01")))
		Expect(other).To(Satisfy(session.Speaks))
	})
})
