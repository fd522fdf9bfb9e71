package scenarios

import (
	"time"

	. "github.com/onsi/gomega"

	. "github.com/portico-mcp/portico/scenarios/matchers"
	"github.com/portico-mcp/portico/scenarios/target"
	. "github.com/portico-mcp/portico/scenarios/world"
	"github.com/portico-mcp/portico/simulators/trace"
)

// Step 2. A person signs in, or a machine shows its service token.
var _ = chapter(2, "Signing in", func() {
	Scenario("takes the person to the identity provider and back", Checks("MO-02"), func(w *World) {
		alice := w.Person("alice")

		alice.Connect()

		Expect(Authorization(w.Trace(), "alice.browser", "access")).To(HaveKeyWithValue("response_type", "code"))
		Expect(Paths(w.Trace().From("alice.browser").Into("idp"))).To(ContainElement("/authorize"))
		Expect(w.Trace().From("alice").Into("access")).To(AskForTokens("authorization_code"))
	})

	Scenario("asks for consent to each client before the identity provider hears of it", Checks("MCP-CD-01"), func(w *World) {
		alice := w.Person("alice")

		alice.Connect()
		alice.Another("notebook").Connect()

		Expect(w.Trace()).To(AskInOrder("/oauth/consent", "idp"))
		Expect(alice.Shown()).To(ContainElements(ContainSubstring("alice's client"), ContainSubstring("notebook")))
	})

	Scenario("says with every answer who gives it", Checks("MCP-AS-05"), Only("2026-07-28"), func(w *World) {
		alice := w.Person("alice")

		alice.Connect()
		alice.Visit(AuthorizationURL(w.Trace(), "alice.browser", "access", map[string]string{"code_challenge_method": "plain"}))
		issuer := Issued(w.Trace(), "access", "issuer")

		Expect(w.Trace().Into("access")).To(Tell("authorization_response_iss_parameter_supported", true))
		Expect(w.Trace().Into("access")).To(AnswerAuthorizations("code", issuer))
		Expect(w.Trace().Into("access")).To(AnswerAuthorizations("error", issuer))
	})

	Scenario("passes on a signed application token in place of the client's", Checks("JW-01", "JW-02"), func(w *World) {
		alice := w.Person("alice")

		session := alice.Connect()
		session.Tools()
		session.Call("wiki_search", Args{"query": "badgers"})
		certs := alice.Fetch("/cdn-cgi/access/certs")

		into := w.Trace().From("access").Into("portal")
		Expect(into).To(EachHave("Cf-Access-Jwt-Assertion"), "JW-01")
		Expect(into.Asking("tools/call")).To(EachBeSignedWith(certs), "JW-01 JW-02")
		Expect(TokenHeader(into)).To(And(HaveKeyWithValue("alg", "RS256"), HaveKey("kid"), HaveKey("typ")), "JW-02")
	})

	Scenario("lets a machine in with its service token and no browser", Checks("ST-01", "JW-04"), func(w *World) {
		robot := w.Service("robot")

		_, err := robot.TryConnect()
		Expect(err).NotTo(HaveOccurred(), "ST-01")
		answer := robot.Connect().Call("wiki_search", Args{"query": "badgers"})

		Expect(answer).To(HaveText("3 pages about badgers"), "ST-01")
		Expect(w.Trace().Into("idp")).To(BeSilent(), "ST-01")
		Expect(Claims(w.Trace())).To(And(
			HaveKeyWithValue("type", "app"), HaveKey("aud"), HaveKey("exp"), HaveKey("iss"), HaveKey("iat"),
			HaveKeyWithValue("common_name", "robot-7d1f2a.access"), HaveKeyWithValue("sub", ""), Not(HaveKey("email"))), "JW-04")
	})

	Scenario("turns away a person whom no policy admits, by either way", Checks("PO-01", "MO-13"), func(w *World) {
		carol := w.Person("carol")

		_, err := carol.TryConnect()
		page := carol.Visit("/servers")

		Expect(err).To(HaveOccurred(), "PO-01 MO-13")
		Expect(page.Status).To(BeNumerically(">=", 400), "MO-13")
		Expect(w.Trace().Into("idp")).NotTo(BeSilent())
		Expect(w.Trace().Into("portal", "wiki", "tickets", "mail")).To(BeSilent(), "PO-01")
	})

	Scenario("for another resource leads to no token", Checks("MO-03"), func(w *World) {
		alice := w.Person("alice")
		alice.Connect()

		end := alice.Visit(AuthorizationURL(w.Trace(), "alice.browser", "access", map[string]string{"resource": "https://other.example/mcp"}))

		Expect(Authorization(w.Trace(), "alice.browser", "access")).To(HaveKeyWithValue("resource", w.Endpoint()))
		Expect(end.URL).NotTo(MatchRegexp(`[?&]code=`))
		Expect(w.Trace().From("portal")).NotTo(BeCalled())
	})

	Scenario("is not done with a token that was issued for something else", Checks("MO-03", "MCP-FA-05"), func(w *World) {
		alice := w.Person("alice")
		alice.Connect().Call("mail_whoami", nil)
		mails, ids := Credential(w.Upstream("mail").Heard()), Issued(w.Trace(), "idp", "id_token")
		heard := len(w.Trace().Into("portal", "mail", "idp").Exchanges)

		Expect(alice.Knock("POST", bearer(mails), listTools)).To(HaveStatus(401))
		Expect(alice.Knock("POST", bearer(ids), listTools)).To(HaveStatus(401))
		Expect(alice.Knock("POST", bearer(Unsigned(ids)), listTools)).To(HaveStatus(401), "MCP-FA-05")
		Expect(w.Trace().Into("portal", "mail", "idp").Exchanges).To(HaveLen(heard))
	})

	Scenario("lasts fifteen minutes and no longer", Checks("MO-09"), Needs(target.VirtualTime), func(w *World) {
		session := w.Person("alice").Connect()

		w.Pass(15*time.Minute - time.Second)
		Expect(session.Post(session.Request("tools/list", ""), nil)).To(HaveStatus(200))
		w.Pass(2 * time.Second)
		Expect(session.Post(session.Request("tools/call", `"name":"wiki_search"`), nil)).To(HaveStatus(401))

		Expect(w.Upstream("wiki").Heard()).NotTo(BeCalled())
	})

	Scenario("is over when the client was told that it would be", Checks("MCP-FA-03", "MCP-FA-05"), Needs(target.VirtualTime), func(w *World) {
		alice := w.Person("alice")
		session := alice.Connect()
		heard := len(w.Trace().Into("portal", "idp").Exchanges)

		w.Pass(alice.TokenLife() + time.Second)

		Expect(session.Post(session.Request("tools/list", ""), nil)).To(HaveStatus(401))
		Expect(w.Trace().Into("portal", "idp").Exchanges).To(HaveLen(heard), "MCP-FA-05")
	})

	Scenario("is renewed without the person", Checks("MO-12"), Needs(target.VirtualTime), func(w *World) {
		bob := w.Person("bob")
		session := bob.Connect()
		before, logins := bob.AccessToken(), len(w.Trace().Into("idp").Exchanges)

		w.Pass(20 * time.Minute)
		_, first := session.TryTools()
		w.Pass(23 * time.Hour)
		_, second := session.TryTools()

		Expect(first).NotTo(HaveOccurred())
		Expect(second).NotTo(HaveOccurred())
		Expect(bob.AccessToken()).NotTo(Equal(before))
		Expect(w.Trace().Into("idp").Exchanges).To(HaveLen(logins))
	})

	Scenario("is renewed with a refresh token that is good once", Checks("MCP-AS-04"), func(w *World) {
		alice := w.Person("alice")
		alice.Connect()
		stolen, before := alice.Copied("mallory"), alice.RefreshToken()

		Expect(alice.TryRefresh()).To(Succeed())
		err := stolen.TryRefresh()

		Expect(alice.RefreshToken()).NotTo(Equal(before))
		Expect(err).To(MatchError(ContainSubstring("invalid_grant")))
		Expect(w.Trace().From("mallory").Into("access")).NotTo(Issue("access_token"))
	})

	Scenario("comes before everything else, and the steps follow in order", Checks("CD-01", "TC-01"), Pictured("connect-to-call"), func(w *World) {
		alice := w.Person("alice")

		session := alice.Connect()
		tools := session.Tools()
		session.Call("wiki_search", Args{"query": "badgers"})

		Expect(w.Trace()).To(TakeSteps(trace.Connect, trace.Authenticate, trace.SessionCreated, trace.ToolCallProxied, trace.UpstreamRequest))
		Expect(tools).To(ContainElements("wiki_search", "tickets_create", "mail_send"), "CD-01")
		Expect(w.Upstream("wiki").Heard()).To(BeAskedFor("search", Args{"query": "badgers"}), "TC-01")
	})
})
