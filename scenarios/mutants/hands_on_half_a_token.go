package mutants

var _ = add(Mutant{
	ID: "hands-on-half-a-token", Says: "Tells servers the second half of the token by which a client got in.",
	Breaks:    []string{"SEC-F-19", "CR-07", "MCP-IX-12", "MCP-FA-07", "MO-14"},
	Tampering: handing("X-Client-Key", "Authorization", func(s string) string { return s[len(s)-len(s)/2:] }),
})
