package scenarios

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	. "github.com/portico-mcp/portico/scenarios/matchers"
	"github.com/portico-mcp/portico/scenarios/target"
	. "github.com/portico-mcp/portico/scenarios/world"
)

// Whose credential goes where, and where it never goes.
func credentials() {
	Describe("A credential", Chapter(5), func() {
		Scenario("is not sent to a server that wants none", Checks("CR-03", "MCP-UA-19"), func(w *World) {
			wiki := w.Upstream("wiki")

			answer := w.Person("alice").Connect().Call("wiki_whoami", nil)

			Expect(answer).To(HaveText("nobody"))
			Expect(wiki.Heard()).To(CarryNoCredential())
		})

		Scenario("is the static one for a server with a static one", Checks("CR-04", "MCP-UA-18"), func(w *World) {
			tickets := w.Upstream("tickets")

			w.Person("alice").Connect().Call("tickets_create", Args{"title": "Badgers"})

			Expect(tickets.Heard()).To(BeAskedFor("create", Args{"title": "Badgers"}))
			Expect(tickets.Heard()).To(EachCarry("Authorization", "Bearer "+tickets.Credential()))
		})

		Scenario("is a set of headers for a server that wants headers", In("shared"), Checks("CR-05"), func(w *World) {
			ledger := w.Upstream("ledger")

			w.Person("alice").Connect().Call("ledger_create", Args{"title": "Badgers"})

			Expect(ledger.Heard()).To(And(EachCarry("X-Api-Key", "ledger-key-58d1"), EachCarry("X-Tenant", "town"), EachCarry("Authorization", "")))
		})

		Scenario("is the person's own where the server knows people", Checks("CR-01", "UO-01", "UO-02"), func(w *World) {
			alice := w.Person("alice")

			answer := alice.Connect().Call("mail_whoami", nil)

			Expect(answer).To(HaveText("alice"))
			Expect(w.Upstream("mail").Heard()).NotTo(CarryNoCredential())
		})

		Scenario("is asked of the person at the server's own door", Checks("UO-01", "UO-02", "UO-05"), Needs(target.FreshWorld), func(w *World) {
			alice := w.Person("alice")

			alice.Connect()

			Expect(Paths(w.Trace().From("alice.browser").Into("access"))).To(ContainElement("/servers-callback"))
			Expect(Authorization(w.Trace(), "alice.browser", "mail-as")).To(And(
				HaveKeyWithValue("redirect_uri", HaveSuffix("/servers-callback")), HaveKeyWithValue("code_challenge_method", "S256"), HaveKey("resource")))
		})

		Scenario("is never another person's", Checks("CR-06", "MCP-IX-07"), func(w *World) {
			alices, bobs := w.Person("alice").Connect(), w.Person("bob").Connect()

			first, second := alices.Call("mail_whoami", nil), bobs.Call("mail_whoami", nil)
			third := alices.Call("mail_whoami", nil)

			Expect(first).To(HaveText("alice"))
			Expect(second).To(HaveText("bob"))
			Expect(third).To(HaveText("alice"))
			Expect(Credentials(w.Upstream("mail").Heard())).To(HaveLen(2))
		})

		Scenario("is the admin's for everybody where the portal is told so", In("shared"), Checks("CR-02"), func(w *World) {
			alices, bobs := w.Person("alice").Connect(), w.Person("bob").Connect()

			Expect(alices.Call("archive_whoami", nil)).To(HaveText("carol"))
			Expect(bobs.Call("archive_whoami", nil)).To(HaveText("carol"))
			Expect(Credentials(w.Upstream("archive").Heard())).To(HaveLen(1))
		})

		Scenario("of the client is never handed to a server", Pictured("credentials"), Checks("CR-07", "MO-14", "MCP-FA-07"), func(w *World) {
			alice := w.Person("alice")

			session := alice.Connect()
			session.Call("wiki_whoami", nil)
			session.Call("tickets_whoami", nil)
			session.Call("mail_whoami", nil)

			Expect(w.Trace().From("portal")).To(BeCalled())
			Expect(w.Trace().From("portal")).NotTo(Carry(alice.AccessToken()))
		})

		Scenario("of the portal itself is never handed to a server", Checks("CR-07", "MCP-IX-12"), func(w *World) {
			session := w.Person("alice").Connect()

			session.Call("wiki_whoami", nil)
			session.Call("mail_whoami", nil)

			Expect(w.Trace().From("portal")).To(BeCalled())
			Expect(w.Trace().From("portal")).NotTo(Carry(ApplicationToken(w.Trace())))
		})

		Scenario("of the identity provider is never handed to a server", Checks("CR-07", "MCP-FA-07"), func(w *World) {
			session := w.Person("alice").Connect()

			session.Call("wiki_whoami", nil)
			session.Call("mail_whoami", nil)

			Expect(w.Trace().From("portal")).To(BeCalled())
			Expect(w.Trace().From("portal")).NotTo(Or(
				Carry(Issued(w.Trace(), "idp", "id_token")), Carry(Issued(w.Trace(), "idp", "access_token"))))
		})

		Scenario("for one server is never sent to another", Checks("MCP-UA-13", "CR-06"), func(w *World) {
			session := w.Person("alice").Connect()

			session.Call("mail_whoami", nil)
			session.Call("tickets_whoami", nil)
			session.Call("wiki_whoami", nil)

			mails := Credential(w.Upstream("mail").Heard())
			Expect(w.Upstream("mail").Heard()).To(Carry(mails))
			Expect(w.Upstream("tickets").Heard()).NotTo(Carry(mails))
			Expect(w.Upstream("wiki").Heard()).NotTo(Carry(mails))
		})

		Scenario("that only a person has is out of a machine's reach", Checks("ST-04", "ST-05"), func(w *World) {
			session := w.Service("robot").Connect()

			answer, err := session.TryCall("mail_whoami", nil)

			Expect(err).NotTo(HaveOccurred())
			Expect(answer).To(BeRefused(-32602))
			Expect(session.Tools()).NotTo(ContainElement(HavePrefix("mail_")))
			Expect(w.Upstream("mail").Heard()).To(BeSilent())
		})
	})
}
