package scenarios

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	. "github.com/portico-mcp/portico/scenarios/matchers"
	"github.com/portico-mcp/portico/scenarios/target"
	. "github.com/portico-mcp/portico/scenarios/world"
	"github.com/portico-mcp/portico/simulators/trace"
)

// Step 2. A person signs in, or a machine shows its service token.
func signingIn() {
	Describe("Signing in", Chapter(2), func() {
		Scenario("takes the person to the identity provider and back", Checks("MO-02", "MO-03", "MCP-AS-05"), func(w *World) {
			alice := w.Person("alice")

			alice.Connect()

			Expect(Paths(w.Trace().From("alice.browser").Into("idp"))).To(ContainElement("/authorize"))
			Expect(Paths(w.Trace().From("access").Into("idp"))).To(ContainElement("/token"))
			Expect(Authorization(w.Trace(), "alice.browser", "access")).To(And(
				HaveKeyWithValue("code_challenge_method", "S256"), HaveKeyWithValue("resource", w.Endpoint())))
		})

		Scenario("asks for consent before the identity provider hears of it", Checks("MCP-CD-01"), func(w *World) {
			alice := w.Person("alice")

			alice.Connect()

			Expect(w.Trace()).To(AskInOrder("/oauth/consent", "idp"))
		})

		Scenario("gives the client a token that reveals nothing", Checks("MO-04"), func(w *World) {
			alice := w.Person("alice")

			alice.Connect()

			Expect(alice.AccessToken()).NotTo(Or(ContainSubstring("."), ContainSubstring("alice"), ContainSubstring("eyJ")))
		})

		Scenario("passes on a signed application token in its place", Checks("JW-01", "JW-02", "JW-03", "MO-04"), func(w *World) {
			alice := w.Person("alice")

			alice.Connect().Tools()

			into := w.Trace().From("access").Into("portal")
			Expect(into).To(EachHave("Cf-Access-Jwt-Assertion"))
			Expect(into).NotTo(Carry(alice.AccessToken()))
			Expect(Claims(into)).To(And(HaveKeyWithValue("type", "app"), HaveKeyWithValue("email", "alice@town.example"), HaveKey("exp")))
		})

		Scenario("lets a machine in with its service token and no browser", Checks("ST-01", "JW-04"), func(w *World) {
			robot := w.Service("robot")

			answer := robot.Connect().Call("wiki_search", Args{"query": "badgers"})

			Expect(answer).To(HaveText("3 pages about badgers"))
			Expect(w.Trace().Into("idp")).To(BeSilent())
		})

		Scenario("turns away a person whom no policy admits", Checks("PO-01", "MO-13"), func(w *World) {
			carol := w.Person("carol")

			_, err := carol.TryConnect()

			Expect(err).To(MatchError(ContainSubstring("access_denied")))
			Expect(w.Trace().Into("idp")).NotTo(BeSilent())
			Expect(Paths(w.Trace().Into("portal"))).NotTo(ContainElement("/mcp"))
		})

		Scenario("ends with a token that expires after fifteen minutes", Checks("MO-09", "MCP-FA-05"), Needs(target.VirtualTime), func(w *World) {
			alice := w.Person("alice")
			session := alice.Connect()
			heard := len(w.Trace().Into("portal").Exchanges)

			w.Pass(15*time.Minute + time.Second)

			Expect(session.Post(`{"jsonrpc":"2.0","id":9,"method":"tools/list"}`, nil)).To(HaveStatus(401))
			Expect(w.Trace().Into("portal").Exchanges).To(HaveLen(heard))
		})

		Scenario("is renewed with a rotating refresh token, without the person", Checks("MO-12", "MCP-AS-04"), Needs(target.VirtualTime), func(w *World) {
			alice := w.Person("alice")
			session := alice.Connect()
			before := alice.AccessToken()

			w.Pass(20 * time.Minute)
			logins := len(w.Trace().Into("idp").Exchanges)
			answer := session.Call("wiki_search", Args{"query": "badgers"})

			Expect(answer).To(HaveText("3 pages about badgers"))
			Expect(alice.AccessToken()).NotTo(Equal(before))
			Expect(w.Trace().Into("idp").Exchanges).To(HaveLen(logins))
		})

		Scenario("comes before everything else, and the steps follow in order", Checks("CD-01", "CD-08", "TC-01"), Pictured("connect-to-call"), func(w *World) {
			alice := w.Person("alice")

			session := alice.Connect()
			session.Tools()
			session.Call("wiki_search", Args{"query": "badgers"})

			Expect(w.Trace()).To(TakeSteps(trace.Connect, trace.Authenticate, trace.SessionCreated, trace.ToolCallProxied, trace.UpstreamRequest))
		})
	})
}
