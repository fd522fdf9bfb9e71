package mutants

var _ = add(Mutant{
	ID: "answers-in-plain-text", Says: "Calls its answer to a request that names a session plain text.",
	Breaks:    []string{"MCP-FS-05"},
	Tampering: toOld(func(_ []byte, a *answer) { a.Header.Set("Content-Type", "text/plain") }),
})
