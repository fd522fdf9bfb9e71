package scenarios

import (
	"net/http"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	. "github.com/portico-mcp/portico/scenarios/matchers"
	. "github.com/portico-mcp/portico/scenarios/world"
)

// What comes through the door and should not have.
func badInput() {
	Describe("Bad input", Chapter(10), func() {
		Scenario("that is no JSON is refused and goes nowhere", Checks("SEC-J-01", "MCP-FS-27"), func(w *World) {
			session := w.Person("alice").Connect()

			reply := session.Post(`{"jsonrpc":"2.0","id":1,"method":"tools/call"`, nil)

			Expect(reply).To(And(HaveStatus(400), BeARefusal(-32700)))
			Expect(w.Trace().From("portal")).NotTo(BeCalled())
		})

		Scenario("that names a tool twice is refused and goes nowhere", Checks("SEC-J-02"), func(w *World) {
			session := w.Person("alice").Connect()

			reply := session.Post(session.Request("tools/call", `"name":"wiki_search","name":"wiki_echo","arguments":{}`), nil)

			Expect(reply).To(And(HaveStatus(400), BeARefusal(-32600)))
			Expect(w.Upstream("wiki").Heard()).To(BeSilent())
		})

		Scenario("that names a tool in two spellings is refused and goes nowhere", Checks("SEC-J-03"), func(w *World) {
			session := w.Person("alice").Connect()

			reply := session.Post(session.Request("tools/call", `"name":"wiki_search","NAME":"wiki_echo","arguments":{}`), nil)

			Expect(reply).To(And(HaveStatus(400), BeARefusal(-32600)))
			Expect(w.Upstream("wiki").Heard()).To(BeSilent())
		})

		Scenario("of another content type is refused", Checks("SEC-H-01"), func(w *World) {
			session := w.Person("alice").Connect()

			reply := session.Post(session.Request("tools/list", ""), http.Header{"Content-Type": {"text/plain"}})

			Expect(reply).To(HaveStatus(415))
			Expect(w.Trace().From("portal")).NotTo(BeCalled())
		})

		Scenario("that asks for an unknown method is answered so", Checks("MCP-FS-13", "MCP-FS-41"), func(w *World) {
			session := w.Person("alice").Connect()

			Expect(session.Ask("tools/imagine", Args{})).To(BeError(-32601))
			Expect(w.Trace().From("portal")).NotTo(BeCalled())
		})

		Scenario("that is larger than the portal takes is refused", Checks("SEC-R-01"), func(w *World) {
			session := w.Person("alice").Connect()

			reply := session.Post(session.Request("tools/call", `"name":"wiki_echo","arguments":{"x":"`+strings.Repeat("x", 5<<20)+`"}`), nil)

			Expect(reply).To(HaveStatus(413))
			Expect(w.Upstream("wiki").Heard()).To(BeSilent())
		})

		Scenario("with a forged token is a stranger's", Checks("MCP-FA-05"), func(w *World) {
			alice := w.Person("alice")
			header := jsonHeader()
			header.Set("Authorization", "Bearer portico_at_forged")

			reply := alice.Knock("POST", header, `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`)

			Expect(reply).To(HaveStatus(401))
			Expect(reply.Header.Get("WWW-Authenticate")).To(ContainSubstring(`error="invalid_token"`))
			Expect(w.Trace().Into("portal")).To(BeSilent())
		})

		Scenario("with the token in the address is a stranger's", Checks("MCP-FA-06"), func(w *World) {
			alice := w.Person("alice")
			alice.Connect()

			reply := alice.Send("POST", "/mcp?access_token="+alice.AccessToken(), jsonHeader(), `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`)

			Expect(reply).To(HaveStatus(401))
		})

		Scenario("from another website's page is refused", Checks("MCP-FS-02"), func(w *World) {
			session := w.Person("alice").Connect()

			reply := session.Post(session.Request("tools/list", ""), http.Header{"Origin": {"https://evil.example"}})

			Expect(reply).To(HaveStatus(403))
		})

		Scenario("with an application token of one's own making is a stranger's", Checks("JW-06", "SEC-E-01"), func(w *World) {
			alice := w.Person("alice")
			header := jsonHeader()
			header.Set("Cf-Access-Jwt-Assertion", "eyJhbGciOiJub25lIn0.eyJlbWFpbCI6ImFsaWNlQHRvd24uZXhhbXBsZSJ9.")

			reply := alice.Knock("POST", header, `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`)

			Expect(reply).To(HaveStatus(401))
			Expect(w.Trace().Into("portal")).To(BeSilent())
		})
	})
}
