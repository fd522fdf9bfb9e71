package scenarios

import (
	"net/http"
	"strings"

	. "github.com/onsi/gomega"

	. "github.com/portico-mcp/portico/scenarios/matchers"
	. "github.com/portico-mcp/portico/scenarios/world"
)

// What comes through the door and should not have.
var _ = chapter(10, "Bad input", func() {
	Scenario("that is nearly JSON is refused and goes nowhere", Checks("SEC-J-08"), func(w *World) {
		session := w.Person("alice").Connect()
		echo := func(arguments string) string {
			return session.Request("tools/call", `"name":"wiki_echo","arguments":`+arguments)
		}

		replies := session.PostEach(naming("wiki_echo"),
			echo(`{"x":1/* a comment */}`), echo(`{"x":1,}`), echo(`{'x':1}`), echo(`{"x":NaN}`), echo(`{"x":0x10}`), echo("{\"x\":\v1}"),
			strings.TrimSuffix(echo(`{"x":1}`), "}"))

		Expect(replies).To(HaveEach(HaveStatus(400)))
		Expect(w.Upstream("wiki").Heard()).NotTo(BeCalled())
		Expect(session.PostEach(naming("wiki_echo"), echo(`{"x":1}`))).To(HaveEach(HaveStatus(200)))
	})

	Scenario("that says a key twice is no riddle for a server", Checks("SEC-J-01"), func(w *World) {
		session := w.Person("alice").Connect()
		call := func(members string) string { return session.Request("tools/call", members) }

		replies := session.PostEach(naming("wiki_search"),
			call(`"name":"wiki_search","name":"wiki_echo","arguments":{}`), call(`"name":"wiki_echo","name":"wiki_search","arguments":{"query":"foxes"}`),
			call(`"name":"wiki_search","arguments":{"query":"badgers","query":"foxes"}`),
			call(`"name":"wiki_search","arguments":{"query":"badgers","more":[{"deep":{"x":1,"x":2}}]}`),
			strings.Replace(call(`"name":"wiki_search","arguments":{"query":"badgers"}`), `"method":`, `"method":"ping","method":`, 1))

		Expect(replies).To(HaveEach(Or(HaveStatus(400), HaveStatus(200))))
		Expect(w.Upstream("wiki").Heard()).NotTo(SayAKeyTwice())
	})

	Scenario("that spells a key in other letters is not taken for that key", Checks("SEC-J-02"), func(w *World) {
		session := w.Person("alice").Connect()
		call := func(members string) string { return session.Request("tools/call", members) }

		session.PostEach(naming("wiki_echo"),
			call(`"NAME":"wiki_echo","arguments":{}`), call(`"Name":"wiki_echo","arguments":{}`),
			strings.Replace(call(`"name":"wiki_echo","arguments":{}`), `"params"`, `"Params"`, 1))
		session.PostEach(naming("wiki_search"), call(`"name":"wiki_search","NAME":"wiki_echo","arguments":{"query":"badgers"}`))

		Expect(w.Upstream("wiki").Heard().Filter(CallsOf("echo"))).To(BeSilent())
	})

	Scenario("that spells a key in letters that only look the same is not taken for that key", Checks("SEC-J-03"), func(w *World) {
		session := w.Person("alice").Connect()
		echo := session.Request("tools/call", `"name":"wiki_echo","arguments":{"x":"folded"}`)

		session.PostEach(naming("wiki_echo"), strings.Replace(echo, `"params"`, `"paramſ"`, 1), strings.Replace(echo, `"arguments"`, `"argumentſ"`, 1))

		Expect(w.Upstream("wiki").Heard().Filter(CallsWith("echo", Args{"x": "folded"}))).To(BeSilent())
	})

	Scenario("of another content type is refused, and no tool runs", Checks("SEC-H-05"), func(w *World) {
		session := w.Person("alice").Connect()
		call := session.Request("tools/call", `"name":"wiki_search","arguments":{"query":"badgers"}`)

		replies := session.PostUnder(call, http.Header{"Content-Type": {"text/plain"}},
			http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, http.Header{"Content-Type": nil})

		Expect(replies).To(HaveEach(Or(HaveStatus(415), HaveStatus(400))))
		Expect(w.Upstream("wiki").Heard()).NotTo(BeCalled())
	})

	Scenario("that asks for a method there is none of, or none any more, is told so", Only("2026-07-28"), Checks("MCP-FS-13", "SEC-H-23"), func(w *World) {
		session := w.Person("alice").Connect()
		unknown, removed := session.Request("tools/imagine", ""), session.Request("logging/setLevel", `"level":"info"`)

		Expect(session.Post(unknown, nil)).To(And(HaveStatus(404), BeARefusal(-32601)))
		Expect(session.Post(removed, nil)).To(And(HaveStatus(404), BeARefusal(-32601)), "MCP-FS-13")
		Expect(session.Post(unknown, nil)).To(AnswerTheIDOf(unknown), "MCP-FS-13")
		Expect(w.Trace().From("portal")).NotTo(BeCalled())
	})

	Scenario("is answered under its own id, as good input is", Checks("MCP-FS-27"), func(w *World) {
		session := w.Person("alice").Connect()
		named := func(id, request string) string {
			return strings.Replace(request, `"id":`, `"id":"`+id+`","was":`, 1)
		}
		good := named("good", session.Request("tools/list", ""))
		unknown := named("unknown", session.Request("tools/imagine", ""))
		nowhere := session.Request("tools/call", `"name":"wiki_dream","arguments":{}`)

		Expect(session.Post(good, nil)).To(AnswerTheIDOf(good))
		Expect(session.Post(unknown, nil)).To(AnswerTheIDOf(unknown))
		Expect(session.Post(nowhere, nil)).To(AnswerTheIDOf(nowhere))
		Expect(w.Trace().From("portal")).NotTo(BeCalled())
	})

	Scenario("with a forged token is a stranger's", Checks("MCP-FA-05"), func(w *World) {
		alice := w.Person("alice")

		reply := alice.Knock("POST", bearer("portico_at_forged"), listTools)

		Expect(reply).To(HaveStatus(401))
		Expect(Challenged(reply, "error")).To(Equal("invalid_token"))
		Expect(w.Trace().Into("portal")).To(BeSilent())
		Expect(w.Trace().Into("idp")).To(BeSilent())
	})

	Scenario("with a token that is meant for somebody else is a stranger's", Checks("MCP-FA-05"), func(w *World) {
		alice := w.Person("alice")
		alice.Connect().Call("mail_whoami", nil)
		servers, providers, portals := Credential(w.Upstream("mail").Heard().Asking("tools/call")), Issued(w.Trace(), "idp", "id_token"), ApplicationToken(w.Trace())

		replies := []Reply{
			alice.Knock("POST", bearer(servers), callWiki), alice.Knock("POST", bearer(providers), callWiki), alice.Knock("POST", bearer(portals), callWiki),
		}

		Expect(replies).To(HaveEach(HaveStatus(401)))
		Expect(w.Upstream("wiki").Heard()).NotTo(BeCalled())
	})

	Scenario("with a token that nobody signed is a stranger's", Checks("MCP-FA-05", "SEC-E-01"), func(w *World) {
		alice := w.Person("alice")
		Expect(alice.Knock("POST", bearer(homemade), callWiki)).To(HaveStatus(401))
		Expect(w.Trace().Into("portal")).To(BeSilent())
		alice.Connect().Call("mail_whoami", nil)
		genuine := ApplicationToken(w.Trace())

		replies := []Reply{
			alice.Knock("POST", bearer(Unsigned(genuine)), callWiki), alice.Knock("POST", bearer(Relabelled(genuine, "none")), callWiki),
			alice.Knock("POST", bearer(Relabelled(genuine, "nOnE")), callWiki), alice.Knock("POST", bearer(Relabelled(genuine, "")), callWiki),
		}

		Expect(replies).To(HaveEach(HaveStatus(401)))
		Expect(w.Upstream("wiki").Heard()).NotTo(BeCalled())
	})

	Scenario("with an application token that nobody signed is a stranger's behind the door too", Checks("SEC-E-01"), func(w *World) {
		alice := w.Person("alice")
		alice.Connect().Call("mail_whoami", nil)
		genuine := ApplicationToken(w.Trace())
		inside := func(token string) Reply { return alice.Send("POST", w.Inside(), vouched(token), callWiki) }

		replies := []Reply{
			inside(Unsigned(genuine)), inside(Relabelled(genuine, "none")), inside(Relabelled(genuine, "nOnE")), inside(Relabelled(genuine, "")),
		}

		Expect(replies).To(HaveEach(HaveStatus(401)))
		Expect(w.Upstream("wiki").Heard()).NotTo(BeCalled())
		Expect(inside(genuine)).NotTo(HaveStatus(401))
	})

	Scenario("that says itself who sends it is not believed", Checks("SEC-E-20"), func(w *World) {
		alice, bob := w.Person("alice"), w.Person("bob")
		alice.Connect().Call("mail_whoami", nil)
		genuine := ApplicationToken(w.Trace())
		session := bob.Connect()

		strange := bob.Send("POST", "/mcp", claiming(genuine), callWiki)
		Expect(strange).To(HaveStatus(401))
		Expect(w.Upstream("wiki").Heard()).NotTo(BeCalled())

		reply := session.Post(session.Request("tools/call", `"name":"mail_whoami","arguments":{}`), claiming(genuine))
		Expect(reply).NotTo(Say(`"alice"`))
		Expect(w.Upstream("mail").Heard()).NotTo(Carry(genuine))
		Expect(w.Upstream("mail").Heard()).NotTo(Carry("alice@claimed.example"))
	})

	Scenario("without a header that says who sends it is a stranger's, whatever else it holds", Checks("MCP-FA-06"), func(w *World) {
		alice := w.Person("alice")
		session := alice.Connect()
		header := jsonHeader()
		header.Set("Mcp-Session-Id", session.ID())
		header.Set("Last-Event-ID", "1")

		replies := []Reply{
			alice.Knock("POST", header, callWiki), alice.Knock("GET", header, ""), alice.Knock("DELETE", header, ""), alice.Knock("POST", header, listen),
		}

		Expect(replies).To(HaveEach(HaveStatus(401)))
		Expect(alice.Send("POST", "/mcp?access_token="+alice.AccessToken(), jsonHeader(), callWiki)).To(HaveStatus(401))
		Expect(w.Upstream("wiki").Heard()).NotTo(BeCalled())
		Expect(session.Tools()).NotTo(BeEmpty())
	})

	Scenario("from another website's page is refused", Checks("MCP-FS-02", "SEC-H-01"), func(w *World) {
		alice := w.Person("alice")
		session := alice.Connect()
		evil := jsonHeader()
		evil.Set("Origin", "https://evil.example")

		replies := []Reply{
			session.Post(session.Request("tools/call", `"name":"wiki_search","arguments":{"query":"badgers"}`), evil), alice.Knock("POST", evil, callWiki),
		}

		Expect(replies).To(HaveEach(HaveStatus(403)))
		Expect(w.Upstream("wiki").Heard()).NotTo(BeCalled())
	})

	Scenario("from a page whose address looks like the portal's is refused", Checks("SEC-H-02"), func(w *World) {
		session := w.Person("alice").Connect()
		own := w.Origin()
		call := session.Request("tools/call", `"name":"wiki_search","arguments":{"query":"badgers"}`)

		replies := session.PostUnder(call, http.Header{"Origin": {"null"}}, http.Header{"Origin": {own + ".evil.example"}}, http.Header{"Origin": {own + ":8443"}},
			http.Header{"Origin": {strings.ToUpper(own)}}, http.Header{"Origin": {own + "."}}, http.Header{"Origin": {own, "https://evil.example"}})

		Expect(replies).To(HaveEach(HaveStatus(403)))
		Expect(w.Upstream("wiki").Heard()).NotTo(BeCalled())
		Expect(session.PostUnder(call, http.Header{"Origin": {own}})).To(HaveEach(HaveStatus(200)))
	})
})

// callWiki is a call of a client that has no manners.
const callWiki = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"wiki_search","arguments":{"query":"badgers"}}}`

// homemade is a JSON Web Token without a signature that calls its bearer alice
// (RFC 7519 §6.1).
const homemade = "eyJhbGciOiJub25lIn0.eyJlbWFpbCI6ImFsaWNlQHRvd24uZXhhbXBsZSJ9."

// listen is how a client of 2026-07-28 asks to be told of changes.
const listen = `{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{"notifications":{"toolsListChanged":true}}}`

// naming is the headers that repeat a call of the tool (MCP 2026-07-28 Streamable
// HTTP), for bodies of which a client cannot tell them.
func naming(tool string) http.Header {
	return http.Header{"Mcp-Method": {"tools/call"}, "Mcp-Name": {tool}}
}

// vouched is jsonHeader with an application token.
func vouched(token string) http.Header {
	h := jsonHeader()
	h.Set("Cf-Access-Jwt-Assertion", token)
	return h
}

// claiming is vouched with the other headers by which a sender could say who it is.
func claiming(token string) http.Header {
	alice := []string{"alice@claimed.example"}
	return http.Header{
		"Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"},
		"Cf-Access-Jwt-Assertion": {token}, "Cf_Access_Jwt_Assertion": {token}, "Cf-Access-Authenticated-User-Email": alice,
		"X-Forwarded-User": alice, "X_Forwarded_User": alice, "X-Forwarded-Email": alice,
	}
}
