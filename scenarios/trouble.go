package scenarios

import (
	"time"

	. "github.com/onsi/gomega"

	. "github.com/portico-mcp/portico/scenarios/matchers"
	"github.com/portico-mcp/portico/scenarios/target"
	. "github.com/portico-mcp/portico/scenarios/world"
)

// Servers that do not do as they should, and what the others notice of it.
var _ = chapter(9, "A server in trouble", func() {
	Scenario("does not spoil the others", In("failing"), Checks("TC-08"), func(w *World) {
		session := w.Person("alice").Connect()

		rude, err := session.TryCall("rude_search", Args{"query": "badgers"})

		Expect(err).NotTo(HaveOccurred())
		Expect(rude).NotTo(HaveText("7 documents about badgers"))
		Expect(w.Upstream("rude").Heard()).To(BeCalled())
		Expect(session.Call("wiki_search", Args{"query": "badgers"})).To(HaveText("3 pages about badgers"))
		Expect(session.Call("moody_search", Args{"query": "badgers"})).To(HaveText("7 documents about badgers"))
		Expect(session.Call("memo_whoami", nil)).To(HaveText("alice"))
	})

	Scenario("keeps nobody waiting but those who ask it", In("failing"), Checks("TC-08", "MCP-IX-08"), Needs(target.VirtualTime), func(w *World) {
		session := w.Person("alice").Connect()
		var tools []string
		var answer Answer

		w.Until(w.Portal().Status("mute").LastSynced.Add(2*time.Hour + time.Second))
		HeldUp(w.Upstream("mute").Heard())
		listing := w.Timed(func() { tools = session.Tools() })
		calling := w.Timed(func() { answer = session.Call("wiki_search", Args{"query": "badgers"}) })

		Expect(answer).To(HaveText("3 pages about badgers"), "TC-08 MCP-IX-08")
		Expect(calling).To(BeNumerically("<", time.Second), "TC-08")
		Expect(tools).To(And(ContainElements("wiki_search", "memo_whoami"), Not(ContainElement(HavePrefix("mute_")))), "MCP-IX-08")
		Expect(listing).To(BeNumerically("<", 5*time.Second), "MCP-IX-08")
	})

	Scenario("is shown to the admin with what is wrong", In("failing"), Checks("SY-09", "SY-18", "SY-19"), func(w *World) {
		dead, ill, mute := w.Portal().Status("dead"), w.Portal().Status("ill"), w.Portal().Status("mute")

		Expect(w.Portal().Status("wiki").Status).To(Equal("ready"), "SY-09")
		Expect([]string{dead.Status, ill.Status, mute.Status}).To(HaveEach("error"), "SY-09")
		Expect([]string{dead.Error, ill.Error, mute.Error}).NotTo(ContainElement(""), "SY-09")
		Expect([]map[string]any{dead.Details, ill.Details, mute.Details}).NotTo(ContainElement(BeEmpty()), "SY-09")
		Expect([]map[string]any{dead.Details, ill.Details, mute.Details}).To(HaveEach(BeErrorDetails()), "SY-18")
		Expect(ill.Details).To(HaveKeyWithValue("status_code", 500.0), "SY-18")
		Expect(ill.Details).To(HaveKeyWithValue("is_upstream", true), "SY-19")
		Expect([]map[string]any{dead.Details, mute.Details}).To(HaveEach(HaveKeyWithValue("is_upstream", false)), "SY-19")
	})

	Scenario("that refuses a call is heard in its own words", In("failing"), Checks("MCP-IX-17"), func(w *World) {
		session := w.Person("alice").Connect()

		answer, err := session.TryCall("wiki_refuse", nil)

		Expect(err).NotTo(HaveOccurred())
		Expect(answer).To(BeRefused(-32010))
		Expect(answer).To(EqualWhatWasToldBy(w.Upstream("wiki")))
	})

	Scenario("gives away nothing of the portal's inside", In("failing"), Checks("MCP-IX-17"), func(w *World) {
		session := w.Person("alice").Connect()

		refused := session.Post(session.Request("tools/call", `"name":"fussy_search","arguments":{"query":"badgers"}`), nil)
		hungUp := session.Post(session.Request("tools/call", `"name":"rude_search","arguments":{"query":"badgers"}`), nil)

		Expect(w.Upstream("rude").Heard()).To(BeCalled())
		Expect(w.Upstream("fussy").Heard()).To(BeCalled())
		Expect(hungUp).To(And(BeARefusal(-32603), Say("rude")))
		Expect(refused).To(Say("fussy"))
		Expect([]Reply{hungUp, refused}).NotTo(ContainElement(Say(w.Upstream("fussy").Credential())))
		Expect([]Reply{hungUp, refused}).NotTo(ContainElement(Or(Say(w.InsideHost()), Say(w.Upstream("rude").Host()), Say("EOF"), Say("goroutine"), Say(".go:"))))
	})

	Scenario("with a credential is not told as the portal's own refusal", In("failing"), Checks("TC-11", "MCP-IX-11"), func(w *World) {
		session := w.Person("alice").Connect()

		reply := session.Post(session.Request("tools/call", `"name":"fussy_search","arguments":{"query":"badgers"}`), nil)

		Expect(w.Upstream("fussy").Heard()).To(BeCalled())
		Expect(reply).To(Say("unauthorized"), "TC-11")
		Expect(reply).To(HaveStatus(200), "MCP-IX-11")
		Expect(reply.Header).NotTo(HaveKey("Www-Authenticate"), "MCP-IX-11")
	})

	Scenario("to whom a person's grant has ended asks for a new one, and no other does", In("failing"), Checks("TC-11", "MCP-IX-11", "UO-13"), Needs(target.VirtualTime), func(w *World) {
		session := w.Person("alice").Connect()
		Expect(session.Call("memo_whoami", nil)).To(HaveText("alice"))

		w.Pass(3 * time.Hour)
		session.Call("wiki_search", Args{"query": "badgers"})
		reply := session.Post(session.Request("tools/call", `"name":"memo_whoami","arguments":{}`), nil)

		Expect(w.Trace().Into("memo-as")).To(AskForTokens("refresh_token"), "UO-13")
		Expect(reply).To(Say("unauthorized"), "TC-11")
		Expect(reply).To(HaveStatus(200), "MCP-IX-11")
		Expect(reply.Header).NotTo(HaveKey("Www-Authenticate"), "MCP-IX-11")
		Expect(reply).To(Say(w.Origin()+"/servers"), "MCP-IX-11 UO-13")
		Expect(session.Call("wiki_search", Args{"query": "badgers"})).To(HaveText("3 pages about badgers"), "UO-13")
		Expect(session.Call("moody_search", Args{"query": "badgers"})).To(HaveText("7 documents about badgers"), "UO-13")
	})
})
