package scenarios

import (
	. "github.com/onsi/gomega"

	. "github.com/portico-mcp/portico/scenarios/matchers"
	"github.com/portico-mcp/portico/scenarios/target"
	. "github.com/portico-mcp/portico/scenarios/world"
)

// The optional inspecting gateway, and what passes it.
var _ = chapter(7, "The gateway", func() {
	Scenario("is passed by no call at first, and by every one once routing is switched on", Checks("GW-01"), Needs(target.FreshWorld), func(w *World) {
		wiki, tickets, mail := w.Upstream("wiki"), w.Upstream("tickets"), w.Upstream("mail")
		session := w.Person("alice").Connect()

		Expect(w.Portal().Routed()).To(BeFalse())
		session.Call("wiki_search", Args{"query": "badgers"})
		Expect(w.GatewayLog()).To(BeEmpty())

		w.Portal().Route(true)
		session.Call("wiki_search", Args{"query": "badgers"})
		session.Call("tickets_create", Args{"title": "a badger"})
		session.Call("mail_whoami", nil)

		Expect(w.Portal().Routed()).To(BeTrue())
		Expect(w.GatewayLog()).To(And(LogCall(wiki, "search"), LogCall(tickets, "create"), LogCall(mail, "whoami")))
	})

	Scenario("writes down each call, with its host, its URL and what was decided", In("inspected"), Checks("GW-04"), func(w *World) {
		wiki, mail := w.Upstream("wiki"), w.Upstream("mail")
		session := w.Person("alice").Connect()

		session.Call("wiki_search", Args{"query": "badgers"})
		session.Call("wiki_echo", Args{"query": "badgers"})
		session.Call("mail_whoami", nil)

		Expect(w.GatewayLog()).To(And(LogCall(wiki, "search"), LogCall(wiki, "echo"), LogCall(mail, "whoami")))
	})

	Scenario("gives the calls an address of its own", In("inspected"), Checks("GW-11"), Needs(target.OwnAddresses), func(w *World) {
		session := w.Person("alice").Connect()

		session.Call("wiki_search", Args{"query": "badgers"})

		Expect(w.Upstream("wiki").Heard()).To(EachComeFrom(w.Address("gateway")))
		Expect(w.Address("gateway")).NotTo(Equal(w.Address("portal")))
	})

	Scenario("is passed by calls and not by the sync beside them", In("inspected"), Pictured("gateway"), Checks("SY-05", "GW-11", "GW-12"), Needs(target.OwnAddresses), func(w *World) {
		wiki := w.Upstream("wiki")
		session := w.Person("alice").Connect()

		session.Call("wiki_search", Args{"query": "badgers"})
		w.Portal().Sync("wiki")

		Expect(wiki.Heard().Filter(CallsInto("wiki"))).To(EachComeFrom(w.Address("gateway")), "GW-11")
		Expect(wiki.Heard().Asking("tools/list")).To(EachComeFrom(w.Address("portal")), "SY-05 GW-12")
		Expect(w.GatewayLog()).NotTo(LogMethod("tools/list"), "SY-05 GW-12")
	})

	Scenario("lets every progress notification of a call through", In("inspected"), Checks("MCP-FS-39"), func(w *World) {
		session := w.Person("alice").Connect()

		answer := session.Follow("wiki_count", Args{"to": 3})

		Expect(w.GatewayLog()).To(LogCall(w.Upstream("wiki"), "count"))
		Expect(w.Upstream("wiki").Heard()).To(BeCalled())
		Expect(answer.Progress).To(Equal([]float64{1, 2, 3}))
	})

	Scenario("hears nothing when routing is off", Checks("TC-09"), Needs(target.OwnAddresses), func(w *World) {
		session := w.Person("alice").Connect()

		session.Call("wiki_search", Args{"query": "badgers"})

		Expect(w.Upstream("wiki").Heard()).To(EachComeFrom(w.Address("portal")))
		Expect(w.GatewayLog()).To(BeEmpty())
	})

	Scenario("never stands between a client and the portal", In("inspected"), Checks("GW-21"), func(w *World) {
		w.Person("alice").Connect().Call("wiki_search", Args{"query": "badgers"})

		Expect(w.GatewayLog()).NotTo(LogHost(w.Endpoint()))
		Expect(w.Trace().From("alice")).To(EachReach("access"))
	})

	Scenario("stands between no client and the portal when routing is off", Checks("GW-21"), func(w *World) {
		w.Person("alice").Connect().Call("wiki_search", Args{"query": "badgers"})

		Expect(w.GatewayLog()).NotTo(LogHost(w.Endpoint()))
		Expect(w.Trace().From("alice")).To(EachReach("access"))
	})
})
