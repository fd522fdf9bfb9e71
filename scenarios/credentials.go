package scenarios

import (
	. "github.com/onsi/gomega"

	. "github.com/portico-mcp/portico/scenarios/matchers"
	"github.com/portico-mcp/portico/scenarios/target"
	. "github.com/portico-mcp/portico/scenarios/world"
)

// Whose credential goes where, and where it never goes.
var _ = chapter(5, "A credential", func() {
	Scenario("is not sent to a server that wants none", In("namesakes"), Checks("CR-03", "MCP-UA-19"), func(w *World) {
		plain := w.Upstream("how-to")

		_, err := w.Person("alice").Connect().TryCall("how-to_echo", nil)

		Expect(err).NotTo(HaveOccurred())
		Expect(plain.Heard()).To(BeCalled())
		Expect(plain.Heard()).To(CarryNoCredential())
	})

	Scenario("is the static one for a server with a static one", Checks("CR-04", "TC-01"), func(w *World) {
		tickets := w.Upstream("tickets")

		_, err := w.Person("alice").Connect().TryCall("tickets_create", Args{"title": "Badgers"})

		Expect(err).NotTo(HaveOccurred())
		Expect(tickets.Heard()).To(BeAskedFor("create", Args{"title": "Badgers"}), "TC-01")
		Expect(tickets.Heard()).To(EachCarry("Authorization", "Bearer "+tickets.Credential()))
	})

	Scenario("that is static is shown to no client and sent to no other server", Checks("MCP-UA-18"), func(w *World) {
		tickets, session := w.Upstream("tickets"), w.Person("alice").Connect()

		session.TryCall("tickets_whoami", nil)
		session.TryCall("wiki_whoami", nil)
		session.TryCall("mail_whoami", nil)
		session.Tools()

		Expect(tickets.Heard().Asking("tools/call")).To(EachCarry("Authorization", "Bearer "+tickets.Credential()))
		Expect(w.Trace().Into("access")).NotTo(Bring(tickets.Credential()))
		Expect(w.Trace().Into("wiki", "mail", "mail-as", "idp")).NotTo(Carry(tickets.Credential()))
	})

	Scenario("is a set of headers for a server that wants headers", In("shared"), Checks("CR-05"), func(w *World) {
		ledger := w.Upstream("ledger")

		_, err := w.Person("alice").Connect().TryCall("ledger_create", Args{"title": "Badgers"})

		Expect(err).NotTo(HaveOccurred())
		Expect(ledger.Heard()).To(BeCalled())
		Expect(ledger.Heard()).To(And(EachCarry("X-Api-Key", "ledger-key-58d1"), EachCarry("X-Tenant", "town"), EachCarry("Authorization", "")))
	})

	Scenario("is the person's own where the server knows people", Checks("CR-01"), func(w *World) {
		mail, alice := w.Upstream("mail"), w.Person("alice")

		_, err := alice.Connect().TryCall("mail_whoami", nil)

		Expect(err).NotTo(HaveOccurred())
		Expect(TextsTold(mail.Heard())).To(Equal([]string{"alice"}))
		Expect(mail.Heard().Asking("tools/call")).To(EachHave("Authorization"))
	})

	Scenario("is asked of the person at the server's own door", Checks("UO-01", "UO-02", "MO-14"), Needs(target.FreshWorld), func(w *World) {
		w.Person("alice").Connect()

		asked := Authorization(w.Trace(), "alice.browser", "mail-as")
		Expect(asked).To(And(HaveKeyWithValue("response_type", "code"), HaveKeyWithValue("code_challenge_method", "S256"), HaveKey("resource")), "UO-01")
		Expect(w.Trace().From("portal").Into("mail-as")).To(AskForTokens("authorization_code"), "UO-01")
		Expect(asked).To(HaveKeyWithValue("redirect_uri", w.Origin()+"/servers-callback"), "UO-02")
		Expect(Paths(w.Trace().From("alice.browser").Into("access"))).To(ContainElement("/servers-callback"), "UO-02")
		Expect(Authorization(w.Trace(), "alice.browser", "access")["client_id"]).NotTo(Equal(asked["client_id"]), "MO-14")
	})

	Scenario("is asked for by a client that the portal registered for itself", Checks("UO-02", "UO-05"), Needs(target.FreshWorld), func(w *World) {
		w.Person("alice").Connect()

		registration := w.Opening().From("portal")
		Expect(Registered(registration, "mail-as", "redirect_uris")).To(ContainElement(w.Origin()+"/servers-callback"), "UO-02")
		Expect(Registered(registration, "mail-as", "client_id")).NotTo(BeNil(), "UO-05")
		Expect(Authorization(w.Trace(), "alice.browser", "mail-as")).To(
			HaveKeyWithValue("client_id", Registered(registration, "mail-as", "client_id")), "UO-05")
	})

	Scenario("is never another person's", Checks("CR-06", "MCP-UA-13"), func(w *World) {
		mail := w.Upstream("mail")
		alices, bobs := w.Person("alice").Connect(), w.Person("bob").Connect()

		alices.TryCall("mail_whoami", nil)
		bobs.TryCall("mail_whoami", nil)
		alices.TryCall("mail_whoami", nil)

		Expect(TextsTold(mail.Heard())).To(Equal([]string{"alice", "bob", "alice"}))
		Expect(Credentials(mail.Heard().Asking("tools/call"))).To(HaveLen(2))
	})

	Scenario("brings nobody what is another person's, however often they take turns", Checks("MCP-IX-07"), func(w *World) {
		alices, bobs := w.Person("alice").Connect(), w.Person("bob").Connect()

		answers, err := w.InTurn(5,
			Turn{Session: alices, Tool: "mail_whoami"}, Turn{Session: bobs, Tool: "mail_whoami"},
			Turn{Session: alices, Tool: "wiki_count", Args: Args{"to": 3}}, Turn{Session: bobs, Tool: "wiki_count", Args: Args{"to": 5}})

		Expect(err).NotTo(HaveOccurred())
		Expect(answers[0]).To(HaveEach(HaveText("alice")))
		Expect(answers[1]).To(HaveEach(HaveText("bob")))
		Expect(answers[2]).To(HaveEach(HaveField("Progress", Equal([]float64{1, 2, 3}))))
		Expect(answers[3]).To(HaveEach(HaveField("Progress", Equal([]float64{1, 2, 3, 4, 5}))))
	})

	Scenario("is the admin's for everybody where the portal is told so", In("shared"), Checks("CR-02"), func(w *World) {
		archive := w.Upstream("archive")
		alices, bobs := w.Person("alice").Connect(), w.Person("bob").Connect()

		alices.TryCall("archive_whoami", nil)
		bobs.TryCall("archive_whoami", nil)

		Expect(TextsTold(archive.Heard())).To(Equal([]string{"carol", "carol"}))
		Expect(Credentials(archive.Heard())).To(HaveLen(1))
	})

	Scenario("of the client is never handed to a server", Pictured("credentials"), Checks("CR-07", "MO-14", "MCP-FA-07"), func(w *World) {
		alice := w.Person("alice")

		session := alice.Connect()
		session.Call("wiki_whoami", nil)
		session.Call("tickets_whoami", nil)
		session.Call("mail_whoami", nil)

		Expect(w.Trace().From("portal")).To(BeCalled())
		Expect(w.Trace().From("portal")).NotTo(Carry(alice.AccessToken()))
		Expect(w.Trace().Into("idp")).NotTo(Carry(alice.AccessToken()), "MCP-FA-07")
	})

	Scenario("of the client is in no log, no error and no result", Checks("MCP-FA-07"), Needs(target.Logs), func(w *World) {
		alice := w.Person("alice")
		session := alice.Connect()

		session.TryCall("wiki_whoami", nil)
		session.TryCall("wiki_refuse", nil)
		session.TryCall("wiki_forget", nil)
		alice.Fetch("/mcp?access_token=" + alice.AccessToken())

		Expect(w.Upstream("wiki").Heard()).To(BeCalled())
		Expect(w.Log()).NotTo(BeEmpty())
		Expect(w.Log()).NotTo(ContainSubstring(alice.AccessToken()))
		Expect(w.Trace().Into("access").Filter(At("/mcp"))).NotTo(Bring(alice.AccessToken()))
	})

	Scenario("of a person's browser is never handed to a server", Checks("CR-07"), func(w *World) {
		session := w.Person("alice").Connect()

		session.TryCall("wiki_whoami", nil)
		session.TryCall("mail_whoami", nil)

		Expect(w.Trace().From("portal")).To(BeCalled())
		Expect(w.Trace().From("portal")).NotTo(Carry(Cookie(w.Trace().From("alice.browser").Into("access"))))
	})

	Scenario("of a machine is never handed to a server", Checks("CR-07"), func(w *World) {
		robot := w.Service("robot")
		id, secret := robot.ServiceToken()
		session := robot.Connect()

		session.TryCall("wiki_whoami", nil)
		session.TryCall("tickets_whoami", nil)

		Expect(w.Trace().From("portal")).To(BeCalled())
		Expect(w.Trace().From("portal")).NotTo(Or(Carry(secret), Carry(id)))
	})

	Scenario("of the portal itself is never handed to a server", Checks("CR-07"), func(w *World) {
		session := w.Person("alice").Connect()

		session.TryCall("wiki_whoami", nil)
		session.TryCall("mail_whoami", nil)

		Expect(w.Trace().From("portal")).To(BeCalled())
		Expect(w.Trace().From("portal")).NotTo(Carry(ApplicationToken(w.Trace())))
	})

	Scenario("of the identity provider is never handed to a server", Checks("CR-07"), func(w *World) {
		session := w.Person("alice").Connect()

		session.TryCall("wiki_whoami", nil)
		session.TryCall("mail_whoami", nil)

		Expect(w.Trace().From("portal")).To(BeCalled())
		Expect(w.Trace().From("portal")).NotTo(Or(
			Carry(Issued(w.Trace(), "idp", "id_token")), Carry(Issued(w.Trace(), "idp", "access_token"))))
	})

	Scenario("stays on its side of the portal, and so do cookies, sessions and addresses", In("peculiar"), Checks("MCP-IX-12"), func(w *World) {
		attic, session := w.Upstream("attic"), w.Person("alice").Connect()
		call := session.Request("tools/call", `"name":"attic_trunk","arguments":{}`)

		session.Post(call, map[string][]string{
			"Cookie": {"client=crumbs-9d0c1b"}, "Forwarded": {"for=203.0.113.9"}, "X-Forwarded-For": {"203.0.113.9"}, "Cf-Connecting-Ip": {"203.0.113.9"}})

		Expect(attic.Heard()).To(BeCalled())
		Expect(attic.Heard()).NotTo(Or(Carry("crumbs-9d0c1b"), Carry("203.0.113.9"), CarryOneOf(SessionIDs(w.Trace().From("alice").Into("access")))))
		Expect(attic.Heard()).To(Bring("crumbs-41e7c0"))
		Expect(w.Trace().Into("access")).NotTo(Or(Bring("crumbs-41e7c0"), Bring("attic-5b2d"), BringOneOf(SessionIDs(attic.Heard()))))
	})

	Scenario("for one server is never sent to another", Checks("MCP-UA-13", "CR-06"), func(w *World) {
		session := w.Person("alice").Connect()

		session.TryCall("mail_whoami", nil)
		session.TryCall("tickets_whoami", nil)
		session.TryCall("wiki_whoami", nil)

		mails := Credential(w.Upstream("mail").Heard())
		Expect(w.Trace().Into("tickets", "wiki")).To(BeCalled())
		Expect(w.Trace().Into("tickets", "wiki")).NotTo(Carry(mails))
	})

	Scenario("for a server outlives the client's for the portal", Checks("MO-14"), func(w *World) {
		mail, alice := w.Upstream("mail"), w.Person("alice")
		session := alice.Connect()
		session.TryCall("mail_whoami", nil)
		asked := len(w.Trace().Into("mail-as").Exchanges)

		alice.Revoke()
		after := session.Post(session.Request("tools/list", ""), nil)
		_, err := alice.Another("notebook").Connect().TryCall("mail_whoami", nil)

		Expect(after).To(HaveStatus(401))
		Expect(err).NotTo(HaveOccurred())
		Expect(TextsTold(mail.Heard())).To(HaveLen(2))
		Expect(w.Trace().Into("mail-as").Exchanges).To(HaveLen(asked))
	})

	Scenario("that only a person has is out of a machine's reach", Checks("ST-04", "ST-05"), func(w *World) {
		w.Person("alice").Connect().TryCall("mail_whoami", nil)
		heard := len(w.Upstream("mail").Heard().Exchanges)
		session := w.Service("robot").Connect()

		session.TryCall("mail_whoami", nil)

		Expect(session.Tools()).To(ContainElement(HavePrefix("tickets_")), "ST-04")
		Expect(session.Tools()).NotTo(ContainElement(HavePrefix("mail_")), "ST-04")
		Expect(w.Upstream("mail").Heard().Exchanges).To(HaveLen(heard), "ST-05")
	})

	Scenario("decides what is listed, so that nobody may keep a list for others", Only("2026-07-28"), Checks("MCP-FS-34"), func(w *World) {
		alice := w.Person("alice")
		alices, robots := alice.Connect(), w.Service("robot").Connect()

		persons, machines := alices.Post(alices.Request("tools/list", ""), nil), robots.Post(robots.Request("tools/list", ""), nil)
		stranger := alice.Knock("POST", jsonHeader(), listTools)

		Expect(persons).To(Say("mail_whoami"))
		Expect(machines).NotTo(Say("mail_whoami"))
		Expect([]Reply{persons, machines}).To(HaveEach(HaveField("Body", MatchRegexp(`"cacheScope"\s*:\s*"private"`))))
		Expect(stranger).To(HaveStatus(401))
		Expect(w.Trace().From("portal")).NotTo(BeCalled())
	})

	Scenario("of a machine's calls is the admin's or the static one", In("shared"), Checks("ST-05"), func(w *World) {
		archive, ledger := w.Upstream("archive"), w.Upstream("ledger")
		w.Person("alice").Connect()
		session := w.Service("robot").Connect()

		session.TryCall("archive_whoami", nil)
		session.TryCall("ledger_create", Args{"title": "Badgers"})

		Expect(TextsTold(archive.Heard())).To(Equal([]string{"carol"}))
		Expect(ledger.Heard().Asking("tools/call")).To(EachCarry("X-Api-Key", "ledger-key-58d1"))
	})
})
