package scenarios

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	. "github.com/portico-mcp/portico/scenarios/matchers"
	. "github.com/portico-mcp/portico/scenarios/world"
)

// Steps 4 and 5. A call finds its server, and the answer its way back.
func callingATool() {
	Describe("Calling a tool", Chapter(4), func() {
		Scenario("reaches the one server that owns it, by its own name", Checks("TC-01", "NS-01", "NS-03"), func(w *World) {
			wiki, tickets := w.Upstream("wiki"), w.Upstream("tickets")
			alice := w.Person("alice")

			answer := alice.Connect().Call("wiki_search", Args{"query": "badgers"})

			Expect(answer).To(HaveText("3 pages about badgers"))
			Expect(wiki.Heard()).To(BeAskedFor("search", Args{"query": "badgers"}))
			Expect(tickets.Heard()).NotTo(BeCalled())
			Expect(w.Trace()).To(Pass("tools/call", "alice", "access", "portal", "wiki"))
		})

		Scenario("hands over the arguments as they are", Checks("TC-01", "MCP-IX-06"), func(w *World) {
			wiki := w.Upstream("wiki")
			args := Args{"text": "Grüße, <b>&</b>", "deep": Args{"list": []any{1.5, nil, true, ""}}, "empty": Args{}}

			answer := w.Person("alice").Connect().Call("wiki_echo", args)

			Expect(wiki.Heard()).To(BeAskedFor("echo", args))
			Expect(answer.Structured).To(MatchJSON(JSON(args)))
		})

		Scenario("brings the server's answer back as it was", Checks("TC-02"), func(w *World) {
			alice := w.Person("alice")

			answer := alice.Connect().Call("wiki_echo", Args{"n": 12345678901234567890.0})

			Expect(answer).To(EqualWhatWasToldBy(w.Upstream("wiki")))
		})

		Scenario("brings progress back in order, before the answer", Checks("MCP-FS-39"), func(w *World) {
			alice := w.Person("alice")

			answer := alice.Connect().Follow("wiki_count", Args{"to": 5})

			Expect(answer.Progress).To(Equal([]float64{1, 2, 3, 4, 5}))
		})

		Scenario("brings a tool's failure back as the tool's", Checks("TC-02", "TC-03"), func(w *World) {
			alice := w.Person("alice")

			answer := alice.Connect().Call("wiki_fail", nil)

			Expect(answer).To(BeAToolError())
			Expect(answer).To(EqualWhatWasToldBy(w.Upstream("wiki")))
		})

		Scenario("brings a server's refusal back as an error", Checks("TC-03"), func(w *World) {
			alice := w.Person("alice")

			answer, err := alice.Connect().TryCall("wiki_refuse", nil)

			Expect(err).NotTo(HaveOccurred())
			Expect(answer).To(EqualWhatWasToldBy(w.Upstream("wiki")))
			Expect(w.Upstream("wiki").Heard()).To(BeCalled())
		})

		Scenario("works for prompts in the same way", Checks("TC-04", "NS-02"), func(w *World) {
			wiki := w.Upstream("wiki")

			text := w.Person("alice").Connect().Prompt("wiki_summary", map[string]string{"page": "Badger"})

			Expect(text).To(Equal("Summarise the page Badger."))
			Expect(wiki.Heard()).To(BeAskedFor("summary", Args{"page": "Badger"}))
		})

		Scenario("that no server has reaches no server", Checks("NS-11", "MCP-IX-05", "MCP-FS-41"), func(w *World) {
			session := w.Person("alice").Connect()

			answer, err := session.TryCall("wiki_forget", nil)

			Expect(err).NotTo(HaveOccurred())
			Expect(answer).To(BeRefused(-32602))
			Expect(w.Upstream("wiki").Heard()).To(BeSilent())
		})

		Scenario("of a server that is not there reaches no server", Checks("NS-11", "MCP-IX-05"), func(w *World) {
			session := w.Person("alice").Connect()

			answer, err := session.TryCall("library_search", Args{"query": "badgers"})

			Expect(err).NotTo(HaveOccurred())
			Expect(answer).To(BeRefused(-32602))
			Expect(w.Trace().From("portal")).NotTo(BeCalled())
		})

		Scenario("by the server's own name, without the server's id, is refused", Checks("NS-11"), func(w *World) {
			session := w.Person("alice").Connect()

			answer, err := session.TryCall("search", Args{"query": "badgers"})

			Expect(err).NotTo(HaveOccurred())
			Expect(answer).To(BeRefused(-32602))
			Expect(w.Upstream("wiki").Heard()).To(BeSilent())
		})
	})
}
