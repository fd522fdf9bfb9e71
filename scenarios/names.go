package scenarios

import (
	. "github.com/onsi/gomega"

	. "github.com/portico-mcp/portico/scenarios/matchers"
	. "github.com/portico-mcp/portico/scenarios/world"
)

// Names that could be mistaken for one another.
var _ = chapter(6, "A name", func() {
	Scenario("that two servers share reaches the one that was meant", In("namesakes"), Checks("NS-05", "MCP-IX-01", "MCP-IX-02"), func(w *World) {
		wiki, docs := w.Upstream("wiki"), w.Upstream("docs")
		session := w.Person("alice").Connect()

		_, first := session.TryCall("wiki_search", Args{"query": "badgers"})
		_, second := session.TryCall("docs_search", Args{"query": "herons"})

		Expect(first).NotTo(HaveOccurred())
		Expect(second).NotTo(HaveOccurred())
		Expect(wiki.Heard()).To(BeAskedFor("search", Args{"query": "badgers"}))
		Expect(docs.Heard()).To(BeAskedFor("search", Args{"query": "herons"}))
	})

	Scenario("that two servers share is listed twice, once for each", In("namesakes"), Checks("NS-05", "MCP-IX-01", "MCP-IX-02"), func(w *World) {
		session := w.Person("alice").Connect()

		tools := session.Tools()

		Expect(tools).To(ContainElements("wiki_search", "docs_search"), "NS-05 MCP-IX-01")
		Expect(tools).To(HaveNoDoubles(), "MCP-IX-02")
	})

	Scenario("is the server's id and not what it calls itself, which two may do alike", In("namesakes"), Checks("MCP-IX-01"), func(w *World) {
		wiki, docs := w.Upstream("wiki"), w.Upstream("docs")
		session := w.Person("alice").Connect()

		_, first := session.TryCall("wiki_search", Args{"query": "badgers"})
		_, second := session.TryCall("docs_search", Args{"query": "herons"})

		Expect(wiki.Introduces()).To(Equal(docs.Introduces()))
		Expect(session.Tools()).NotTo(ContainElement(HavePrefix(wiki.Introduces())))
		Expect(first).NotTo(HaveOccurred())
		Expect(second).NotTo(HaveOccurred())
		Expect(docs.Heard()).To(BeCalled())
	})

	Scenario("with two underscores belongs to the server before the first", In("namesakes"), Checks("NS-03", "MCP-IX-02"), func(w *World) {
		session := w.Person("alice").Connect()

		_, err := session.TryCall("a_b_echo", Args{"n": 1})

		Expect(err).NotTo(HaveOccurred())
		Expect(w.Upstream("a").Heard()).To(BeAskedFor("b_echo", Args{"n": 1}))
		Expect(w.Upstream("a_b").Heard()).NotTo(BeCalled())
	})

	Scenario("cannot be made ambiguous by a server's id", In("namesakes"), Checks("NS-04", "MCP-IX-02"), func(w *World) {
		session := w.Person("alice").Connect()

		tools := session.Tools()

		Expect(w.Portal().Refused("a_b")).To(ContainSubstring("underscore"), "NS-04")
		Expect(w.Upstream("a_b").Heard()).To(BeSilent(), "NS-04")
		Expect(w.Portal().Refused("how-to")).To(BeEmpty(), "NS-04")
		Expect(tools).To(ContainElement("how-to_echo"), "NS-04")
		Expect(tools).To(And(ContainElement("a_b_echo"), HaveNoDoubles()), "MCP-IX-02")
	})
})
