package mutants

var _ = add(Mutant{
	ID: "drops-result-type", Says: "Answers a request that names a session as the revision before did, without a resultType.",
	Breaks: []string{"MCP-FS-28"},
	Tampering: toOld(func(_ []byte, a *answer) {
		a.Body = eachMessage(a.Header, a.Body, func(m message) { delete(m.member("result"), "resultType") })
	}),
})
