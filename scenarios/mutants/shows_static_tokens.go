package mutants

var _ = add(Mutant{
	ID: "shows-static-tokens", Says: "Shows clients the static token of a server.",
	Breaks: []string{"MCP-UA-18"},
	Also:   []string{"CR-08", "SEC-Q-02"}, // what is shown is a secret
	Tampering: resulting("tickets_whoami", func(result message) {
		result.member("_meta")["portal/credential"] = "tickets-static-token-1f7c0a"
	}),
})
