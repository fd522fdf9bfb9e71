package scenarios

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	. "github.com/portico-mcp/portico/scenarios/matchers"
	. "github.com/portico-mcp/portico/scenarios/world"
)

// Names that could be mistaken for one another.
func names() {
	Describe("A name", Chapter(6), func() {
		Scenario("that two servers share reaches the one that was meant", In("namesakes"), Checks("NS-05", "MCP-IX-01"), func(w *World) {
			session := w.Person("alice").Connect()

			Expect(session.Call("wiki_search", Args{"query": "badgers"})).To(HaveText("3 pages about badgers"))
			Expect(session.Call("docs_search", Args{"query": "herons"})).To(HaveText("7 documents about herons"))

			Expect(w.Upstream("wiki").Heard()).To(BeAskedFor("search", Args{"query": "badgers"}))
			Expect(w.Upstream("docs").Heard()).To(BeAskedFor("search", Args{"query": "herons"}))
		})

		Scenario("that two servers share is listed twice, once for each", In("namesakes"), Checks("NS-05"), func(w *World) {
			session := w.Person("alice").Connect()

			Expect(session.Tools()).To(ContainElements("wiki_search", "docs_search"))
			Expect(session.Prompts()).To(ConsistOf("wiki_summary", "docs_summary"))
		})

		Scenario("with two underscores belongs to the server before the first", In("namesakes"), Checks("NS-03", "MCP-IX-02"), func(w *World) {
			session := w.Person("alice").Connect()

			session.Call("a_b_echo", Args{"n": 1})

			Expect(w.Upstream("a").Heard()).To(BeAskedFor("b_echo", Args{"n": 1}))
			Expect(w.Upstream("a_b").Heard()).NotTo(BeCalled())
		})

		Scenario("cannot be made ambiguous by a server's id", In("namesakes"), Checks("NS-04", "MCP-IX-02"), func(w *World) {
			session := w.Person("alice").Connect()

			Expect(w.Portal().Refused("a_b")).To(ContainSubstring("underscore"))
			Expect(session.Tools()).To(ContainElement("a_b_echo"))
			Expect(w.Upstream("a_b").Heard()).To(BeSilent())
		})
	})
}
