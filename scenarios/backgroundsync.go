package scenarios

import (
	"time"

	. "github.com/onsi/gomega"

	. "github.com/portico-mcp/portico/scenarios/matchers"
	"github.com/portico-mcp/portico/scenarios/target"
	. "github.com/portico-mcp/portico/scenarios/world"
	"github.com/portico-mcp/portico/simulators/trace"
)

// What the portal does by itself, so that its lists stay fresh.
var _ = chapter(8, "Background sync", func() {
	Scenario("comes every two hours, to every server", Pictured("sync"), Checks("SY-01"), Needs(target.VirtualTime), func(w *World) {
		w.Pass(2*time.Hour + time.Minute)

		Expect(w.Upstream("wiki").Heard().Asking("tools/list").Exchanges).To(HaveLen(1))
		Expect(w.Upstream("tickets").Heard().Asking("tools/list").Exchanges).To(HaveLen(1))
		Expect(w.Upstream("mail").Heard().Asking("tools/list").Exchanges).To(HaveLen(1))
		Expect(w.Trace().From("portal").Into("wiki", "tickets", "mail")).To(TakeSteps(trace.BackgroundSync))
	})

	Scenario("comes again, for as long as nobody does anything", Checks("SY-01"), Needs(target.VirtualTime), func(w *World) {
		w.Pass(8*time.Hour + time.Minute)

		Expect(w.Upstream("wiki").Heard().Asking("tools/list").Exchanges).To(HaveLen(4))
		Expect(w.Upstream("tickets").Heard().Asking("tools/list").Exchanges).To(HaveLen(4))
		Expect(w.Upstream("mail").Heard().Asking("tools/list").Exchanges).To(HaveLen(4))
	})

	Scenario("goes straight to the server though calls are routed through the gateway", In("inspected"), Checks("SY-05", "GW-12"), Needs(target.VirtualTime), func(w *World) {
		w.Pass(5 * time.Hour)

		Expect(w.Upstream("wiki").Heard()).To(EachBeSentBy("portal"))
		Expect(w.Upstream("wiki").Heard()).To(EachComeFrom(w.Address("portal")))
		Expect(w.GatewayLog()).To(BeEmpty())
	})

	Scenario("carries the admin's credential and never a person's, and renews it first when it is old", Checks("SY-02", "SY-06"), Needs(target.VirtualTime), func(w *World) {
		w.Person("alice").Connect().Call("mail_whoami", nil)
		alices := Issued(w.Trace(), "mail-as", "refresh_token")
		Expect(w.Trace().From("portal").Into("mail-as")).NotTo(AskForTokens("refresh_token"), "SY-06")

		w.Pass(90 * time.Minute)
		w.Portal().Sync("mail")

		Expect(w.Trace().From("portal").Into("mail-as")).To(AskForTokens("refresh_token"), "SY-06")
		Expect(w.Trace().Into("mail-as").Filter(ForTokens("refresh_token"))).NotTo(Carry(alices), "SY-02")
		renewed := Issued(w.Trace().Filter(ForTokens("refresh_token")), "mail-as", "access_token")
		Expect(w.Upstream("mail").Heard().Asking("tools/list")).To(EachCarry("Authorization", "Bearer "+renewed), "SY-02")
	})

	Scenario("carries the admin's credential while a person's is fresh", Checks("SY-02"), func(w *World) {
		w.Person("alice").Connect().Call("mail_whoami", nil)
		alices := Credential(w.Upstream("mail").Heard().Asking("tools/call"))

		w.Portal().Sync("mail")

		Expect(w.Upstream("mail").Heard().Asking("tools/list")).To(EachHave("Authorization"))
		Expect(w.Upstream("mail").Heard().Asking("tools/list")).NotTo(Carry(alices))
		Expect(w.Upstream("mail").Heard().Asking("tools/call")).To(Carry(alices))
	})

	Scenario("can be asked for, and says what came of it", Checks("SY-14"), func(w *World) {
		before := w.Portal().Status("wiki")

		after := w.Portal().Sync("wiki")

		Expect(w.Upstream("wiki").Heard().Asking("tools/list").Exchanges).To(HaveLen(1))
		Expect(after.Status).To(Equal("ready"))
		Expect(after.Tools).To(Equal(6))
		Expect(after.LastSynced).To(BeTemporally(">", before.LastSynced))
	})

	Scenario("can be asked for, and says what went wrong", In("failing"), Checks("SY-14"), func(w *World) {
		after := w.Portal().Sync("ill")

		Expect(w.Upstream("ill").Heard().Exchanges).NotTo(BeEmpty())
		Expect(after.Status).To(Equal("error"))
		Expect(after.Details).NotTo(BeEmpty())
	})

	Scenario("notes when it last tried, and when it last succeeded", In("failing"), Checks("SY-17"), func(w *World) {
		wiki, moody := w.Portal().Status("wiki"), w.Portal().Status("moody")

		w.Portal().Sync("wiki")
		w.Portal().Sync("moody")

		Expect(w.Portal().Status("wiki").LastSynced).To(BeTemporally(">", wiki.LastSynced))
		Expect(w.Portal().Status("wiki").LastSuccessfulSync).To(BeTemporally(">", wiki.LastSuccessfulSync))
		Expect(w.Portal().Status("moody").LastSynced).To(BeTemporally(">", moody.LastSynced))
		Expect(w.Portal().Status("moody").LastSuccessfulSync).To(BeTemporally("==", moody.LastSuccessfulSync))
	})

	Scenario("whose credential has died is stale, and people's own credentials work", In("failing"), Checks("SY-07", "SY-08", "UO-14"), Needs(target.VirtualTime), func(w *World) {
		Expect(w.Portal().Status("memo").Status).To(Equal("ready"), "SY-07 UO-14")

		w.Pass(6 * time.Hour)
		w.Portal().Sync("memo")
		session := w.Person("alice").Connect()
		answer, err := session.TryCall("memo_whoami", nil)

		Expect(w.Portal().Status("memo").Status).To(Equal("stale"), "SY-07")
		Expect(w.Portal().Status("memo").Status).NotTo(Equal("ready"), "UO-14")
		Expect(err).NotTo(HaveOccurred(), "SY-08 UO-14")
		Expect(answer).To(HaveText("alice"), "SY-08 UO-14")
		Expect(session.Tools()).To(ContainElements("memo_whoami", "memo_send"), "SY-08")
	})
})
