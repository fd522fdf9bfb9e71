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

// What the portal does by itself, so that its lists stay fresh.
func backgroundSync() {
	Describe("Background sync", Chapter(8), func() {
		Scenario("comes every two hours, to every server", Pictured("sync"), Checks("SY-01", "SY-03"), Needs(target.VirtualTime), func(w *World) {
			w.Pass(2*time.Hour + time.Minute)

			Expect(w.Upstream("wiki").Heard().Asking("tools/list").Exchanges).To(HaveLen(1))
			Expect(w.Upstream("tickets").Heard().Asking("tools/list").Exchanges).To(HaveLen(1))
			Expect(w.Upstream("mail").Heard().Asking("tools/list").Exchanges).To(HaveLen(1))
			Expect(w.Trace().From("portal").Into("wiki", "tickets", "mail")).To(TakeSteps(trace.BackgroundSync))
		})

		Scenario("goes straight to the server though calls are routed through the gateway", In("inspected"), Checks("SY-05", "GW-12"), Needs(target.VirtualTime), func(w *World) {
			w.Pass(2*time.Hour + time.Minute)

			Expect(w.Upstream("wiki").Heard()).To(EachBeSentBy("portal"))
			Expect(w.Upstream("wiki").Heard()).To(EachComeFrom(w.Address("portal")))
			Expect(w.GatewayLog()).To(BeEmpty())
		})

		Scenario("carries the admin's credential and never a person's", Checks("SY-02", "SY-06"), Needs(target.VirtualTime), func(w *World) {
			session := w.Person("alice").Connect()
			session.Call("mail_whoami", nil)
			alices := Issued(w.Trace(), "mail-as", "access_token")

			w.Pass(2*time.Hour + time.Minute)

			synced := w.Upstream("mail").Heard().Asking("tools/list")
			Expect(synced.Exchanges).NotTo(BeEmpty())
			Expect(synced).NotTo(Or(Carry(alices), CarryNoCredential()))
		})

		Scenario("begins at once, so that a new server is ready", Checks("SY-22", "SY-10"), func(w *World) {
			Expect(w.Portal().Status("wiki").Status).To(Equal("ready"))
			Expect(w.Portal().Status("tickets").Status).To(Equal("ready"))
			Expect(w.Portal().Status("mail").Status).To(Equal("ready"))
		})

		Scenario("can be asked for, and says how it went", Checks("SY-14"), func(w *World) {
			before := w.Portal().Status("wiki")

			after := w.Portal().Sync("wiki")

			Expect(after.Status).To(Equal("ready"))
			Expect(after.LastSynced).NotTo(Equal(before.LastSynced))
			Expect(w.Upstream("wiki").Heard().Asking("tools/list").Exchanges).To(HaveLen(1))
		})

		Scenario("that fails says so and leaves people's calls alone", In("failing"), Checks("SY-08", "SY-09", "SY-17"), Needs(target.VirtualTime), func(w *World) {
			session := w.Person("alice").Connect()

			w.Pass(2*time.Hour + time.Minute)

			Expect(w.Portal().Status("moody").Status).To(Equal("error"))
			Expect(session.Call("moody_search", Args{"query": "badgers"})).To(HaveText("7 documents about badgers"))
			Expect(session.Tools()).To(ContainElement("moody_search"))
		})

		Scenario("whose credential has died is stale, and people's own credentials work", In("failing"), Checks("SY-07", "SY-08", "UO-14"), Needs(target.VirtualTime), func(w *World) {
			w.Pass(6 * time.Hour)

			answer := w.Person("alice").Connect().Call("memo_whoami", nil)

			Expect(w.Portal().Status("memo").Status).To(Equal("stale"))
			Expect(answer).To(HaveText("alice"))
		})
	})
}
