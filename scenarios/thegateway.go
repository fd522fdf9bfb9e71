package scenarios

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	. "github.com/portico-mcp/portico/scenarios/matchers"
	"github.com/portico-mcp/portico/scenarios/target"
	. "github.com/portico-mcp/portico/scenarios/world"
)

// The optional inspecting gateway, and what passes it.
func theGateway() {
	Describe("The gateway", Chapter(7), func() {
		Scenario("is passed by every call when routing is on", In("inspected"), Checks("GW-01", "GW-04"), func(w *World) {
			wiki, mail := w.Upstream("wiki"), w.Upstream("mail")
			session := w.Person("alice").Connect()

			session.Call("wiki_search", Args{"query": "badgers"})
			session.Call("mail_whoami", nil)

			Expect(w.Trace().Filter(CallsInto("wiki", "mail"))).To(EachBeSentBy("gateway"))
			Expect(w.GatewayLog()).To(And(LogCall(wiki, "search"), LogCall(mail, "whoami")))
		})

		Scenario("gives the calls an address of its own", In("inspected"), Checks("GW-11"), Needs(target.OwnAddresses), func(w *World) {
			session := w.Person("alice").Connect()

			session.Call("wiki_search", Args{"query": "badgers"})

			Expect(w.Upstream("wiki").Heard()).To(EachComeFrom(w.Address("gateway")))
			Expect(w.Address("gateway")).NotTo(Equal(w.Address("portal")))
		})

		Scenario("is passed by calls and not by the sync beside them", In("inspected"), Pictured("gateway"), Checks("SY-05", "GW-12"), Needs(target.OwnAddresses), func(w *World) {
			wiki := w.Upstream("wiki")
			session := w.Person("alice").Connect()

			session.Call("wiki_search", Args{"query": "badgers"})
			w.Portal().Sync("wiki")

			Expect(wiki.Heard().Filter(CallsInto("wiki"))).To(EachComeFrom(w.Address("gateway")))
			Expect(wiki.Heard().Asking("tools/list")).To(EachComeFrom(w.Address("portal")))
			Expect(w.GatewayLog()).To(And(LogCall(wiki, "search"), Not(LogMethod("tools/list"))))
		})

		Scenario("carries progress through unbuffered", In("inspected"), Checks("MCP-GW-07", "MCP-FS-39"), func(w *World) {
			session := w.Person("alice").Connect()

			answer := session.Follow("wiki_count", Args{"to": 3})

			Expect(answer.Progress).To(Equal([]float64{1, 2, 3}))
			Expect(w.GatewayLog()).To(LogCall(w.Upstream("wiki"), "count"))
		})

		Scenario("hears nothing when routing is off", Checks("TC-09", "GW-01"), func(w *World) {
			session := w.Person("alice").Connect()

			session.Call("wiki_search", Args{"query": "badgers"})

			Expect(w.Upstream("wiki").Heard()).To(EachBeSentBy("portal"))
			Expect(w.GatewayLog()).To(BeEmpty())
		})

		Scenario("never stands between a client and the portal", In("inspected"), Checks("GW-21"), func(w *World) {
			session := w.Person("alice").Connect()

			session.Call("wiki_search", Args{"query": "badgers"})

			Expect(w.GatewayLog()).NotTo(BeEmpty())
			Expect(w.GatewayLog()).NotTo(LogHost(w.Endpoint()))
		})
	})
}
