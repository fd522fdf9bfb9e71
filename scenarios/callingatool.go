package scenarios

import (
	"encoding/json"

	. "github.com/onsi/gomega"

	. "github.com/portico-mcp/portico/scenarios/matchers"
	. "github.com/portico-mcp/portico/scenarios/world"
)

// Steps 4 and 5. A call finds its server, and the answer its way back.
var _ = chapter(4, "Calling a tool", func() {
	Scenario("reaches the one server that owns it, by its own name", Checks("TC-01", "NS-01", "NS-03"), func(w *World) {
		wiki, tickets := w.Upstream("wiki"), w.Upstream("tickets")
		session := w.Person("alice").Connect()

		tools := session.Tools()
		_, err := session.TryCall("wiki_search", Args{"query": "badgers"})

		Expect(tools).To(ContainElement("wiki_search"), "NS-01")
		Expect(err).NotTo(HaveOccurred(), "TC-01")
		Expect(wiki.Heard()).To(BeAskedFor("search", Args{"query": "badgers"}), "TC-01 NS-03")
		Expect(tickets.Heard()).NotTo(BeCalled(), "TC-01 NS-03")
		Expect(w.Trace()).To(Pass("tools/call", "alice", "access", "portal", "wiki"), "TC-01")
	})

	Scenario("hands over the arguments as they are", Checks("TC-01", "MCP-IX-06"), func(w *World) {
		big := json.Number("9007199254740993")
		args := Args{"text": "Grüße, <b>&</b>", "deep": Args{"list": []any{1.5, nil, true, "", big}}, "empty": Args{}}

		_, err := w.Person("alice").Connect().TryCall("wiki_echo", args)

		Expect(err).NotTo(HaveOccurred())
		Expect(w.Upstream("wiki").Heard()).To(BeAskedFor("echo", args))
	})

	Scenario("hands on what the portal does not understand", In("peculiar"), Checks("MCP-IX-06"), func(w *World) {
		session := w.Person("alice").Connect()
		call := session.RequestWith("tools/call",
			`"name":"attic_trunk","arguments":{"count":12345678901234567890,"text":"","none":null},"x-unknown":{"deep":[[],{}],"n":0.10}`,
			`"attic.example/dust":"","attic.example/weight":9007199254740993`)

		session.Post(call, nil)

		Expect(w.Trace()).To(HandOn("alice", "attic"))
	})

	Scenario("hands on where the call belongs in a longer story", In("peculiar"), Checks("MCP-IX-13"), func(w *World) {
		attic, session := w.Upstream("attic"), w.Person("alice").Connect()
		call := session.RequestWith("tools/call", `"name":"attic_trunk","arguments":{}`,
			`"traceparent":"00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01","tracestate":"town=badger","baggage":"who=alice"`)

		session.Post(call, nil)

		Expect(TraceOf(attic.Heard(), "traceparent")).To(MatchRegexp("^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-[0-9a-f]{2}$"))
		Expect(TraceOf(attic.Heard(), "tracestate")).To(HaveSuffix("town=badger"))
		Expect(TraceOf(attic.Heard(), "baggage")).To(Equal("who=alice"))
	})

	Scenario("begins with its definition, which is the server's but for the name", In("peculiar"), Checks("MCP-IX-06"), func(w *World) {
		session := w.Person("alice").Connect()

		w.Portal().Sync("attic")

		Expect(session.Listed("attic_trunk")).To(EqualWhatWasListedBy(w.Upstream("attic")))
		Expect(session.Listed("attic_lock")).To(EqualWhatWasListedBy(w.Upstream("attic")))
	})

	Scenario("brings the server's answer back as it was", Checks("TC-02", "MCP-IX-06"), func(w *World) {
		wiki, alice := w.Upstream("wiki"), w.Person("alice")

		answer, err := alice.Connect().TryCall("wiki_echo", Args{"n": json.Number("12345678901234567890")})

		Expect(err).NotTo(HaveOccurred())
		Expect(answer).To(HaveTheContentToldBy(wiki), "TC-02")
		Expect(answer).To(EqualWhatWasToldBy(wiki), "MCP-IX-06")
	})

	Scenario("brings back even what the portal does not understand", In("peculiar"), Checks("TC-02", "TC-03", "MCP-IX-06"), func(w *World) {
		attic, session := w.Upstream("attic"), w.Person("alice").Connect()

		trunk, err := session.TryCall("attic_trunk", nil)
		Expect(err).NotTo(HaveOccurred(), "TC-02 MCP-IX-06")
		Expect(trunk).To(HaveTheContentToldBy(attic), "TC-02")
		Expect(trunk).To(EqualWhatWasToldBy(attic), "MCP-IX-06")

		lock, err := session.TryCall("attic_lock", nil)
		Expect(err).NotTo(HaveOccurred(), "TC-03 MCP-IX-06")
		Expect(lock.Error).NotTo(BeNil(), "TC-03")
		Expect(lock).To(EqualWhatWasToldBy(attic), "MCP-IX-06")
	})

	Scenario("brings progress back in order, before the answer, to who asked for it", Checks("MCP-FS-39"), func(w *World) {
		session := w.Person("alice").Connect()

		followed, plain := session.Follow("wiki_count", Args{"to": 4}), session.Call("wiki_count", Args{"to": 2})

		Expect(followed.Progress).To(Equal([]float64{1, 2, 3, 4}))
		Expect(plain.Progress).To(BeEmpty())
		Expect(w.Upstream("wiki").Heard()).To(BeCalled())
	})

	Scenario("brings a tool's failure back as the tool's", Checks("TC-02"), func(w *World) {
		alice := w.Person("alice")

		answer, err := alice.Connect().TryCall("wiki_fail", nil)

		Expect(err).NotTo(HaveOccurred())
		Expect(answer).To(BeAToolError())
		Expect(answer).To(HaveTheContentToldBy(w.Upstream("wiki")))
	})

	Scenario("brings a server's refusal back as an error", Checks("TC-03"), func(w *World) {
		alice := w.Person("alice")

		answer, err := alice.Connect().TryCall("wiki_refuse", nil)

		Expect(err).NotTo(HaveOccurred())
		Expect(w.Upstream("wiki").Heard()).To(BeCalled())
		Expect(answer.Error).NotTo(BeNil())
	})

	Scenario("works for prompts in the same way", Checks("TC-04", "NS-02", "MCP-IX-06"), func(w *World) {
		wiki, session := w.Upstream("wiki"), w.Person("alice").Connect()

		text, err := session.TryPrompt("wiki_summary", map[string]string{"page": "Badger"})

		Expect(session.Prompts()).To(ContainElement("wiki_summary"), "NS-02")
		Expect(wiki.Heard()).To(BeAskedFor("summary", Args{"page": "Badger"}), "TC-04")
		Expect(err).NotTo(HaveOccurred(), "TC-04")
		Expect(text).To(Equal("Summarise the page Badger."), "MCP-IX-06")
	})

	Scenario("that no server has reaches no server", Checks("NS-11", "MCP-IX-05", "MCP-FS-41"), func(w *World) {
		session := w.Person("alice").Connect()

		answer, err := session.TryCall("wiki_forget", nil)

		Expect(err).NotTo(HaveOccurred())
		Expect(answer).To(BeRefused(-32602))
		Expect(w.Trace().Into("wiki", "tickets")).To(BeSilent())
		Expect(w.Trace().From("portal")).NotTo(BeCalled())
	})

	Scenario("of a server that is not there reaches no server", Checks("NS-11", "MCP-IX-05", "MCP-FS-41"), func(w *World) {
		session := w.Person("alice").Connect()

		answer, err := session.TryCall("library_search", Args{"query": "badgers"})

		Expect(err).NotTo(HaveOccurred())
		Expect(answer).To(BeRefused(-32602))
		Expect(w.Trace().Into("wiki", "tickets")).To(BeSilent())
		Expect(w.Trace().From("portal")).NotTo(BeCalled())
	})

	Scenario("by the server's own name, without the server's id, is refused", Checks("NS-11", "MCP-IX-05", "MCP-FS-41"), func(w *World) {
		session := w.Person("alice").Connect()

		answer, err := session.TryCall("search", Args{"query": "badgers"})

		Expect(err).NotTo(HaveOccurred())
		Expect(answer).To(BeRefused(-32602))
		Expect(w.Trace().Into("wiki", "tickets")).To(BeSilent())
		Expect(w.Trace().From("portal")).NotTo(BeCalled())
	})

	Scenario("with arguments that do not fit fails as a tool does", Checks("MCP-FS-41"), func(w *World) {
		session := w.Person("alice").Connect()

		answer, err := session.TryCall("wiki_search", Args{"query": 7})

		Expect(err).NotTo(HaveOccurred())
		Expect(answer).To(BeAToolError())
	})
})
