package scenarios

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	. "github.com/portico-mcp/portico/scenarios/matchers"
	. "github.com/portico-mcp/portico/scenarios/world"
)

// Servers that do not do as they should, and what the others notice of it.
func trouble() {
	Describe("A server in trouble", Chapter(9), func() {
		Scenario("does not spoil the others", In("failing"), Checks("TC-08", "MCP-IX-08"), func(w *World) {
			session := w.Person("alice").Connect()

			Expect(session.Tools()).To(ContainElement("wiki_search"))
			Expect(session.Call("wiki_search", Args{"query": "badgers"})).To(HaveText("3 pages about badgers"))
		})

		Scenario("is shown to the admin with what is wrong", In("failing"), Checks("SY-09", "SY-18"), func(w *World) {
			Expect(w.Portal().Status("wiki").Status).To(Equal("ready"))
			Expect(w.Portal().Status("dead").Status).To(Equal("error"))
			Expect(w.Portal().Status("ill")).To(And(HaveField("Status", "error"), HaveField("Error", Not(BeEmpty()))))
		})

		Scenario("that hangs up on a call gives an error that names it", In("failing"), Checks("TC-03", "TC-08", "MCP-IX-17"), func(w *World) {
			session := w.Person("alice").Connect()

			answer, err := session.TryCall("rude_search", Args{"query": "badgers"})

			Expect(err).NotTo(HaveOccurred())
			Expect(answer).To(Mention("rude"))
			Expect(w.Upstream("rude").Heard()).To(BeCalled())
			Expect(session.Call("wiki_search", Args{"query": "badgers"})).To(HaveText("3 pages about badgers"))
		})

		Scenario("with a person's credential is not told as the portal's own refusal", In("failing"), Checks("TC-11", "MCP-IX-11", "UO-13"), func(w *World) {
			session := w.Person("alice").Connect()

			answer := session.Call("fussy_search", Args{"query": "badgers"})

			Expect(answer).To(BeAToolError())
			Expect(answer).To(Mention("unauthorized"))
			Expect(session.Call("wiki_search", Args{"query": "badgers"})).To(HaveText("3 pages about badgers"))
		})
	})
}
