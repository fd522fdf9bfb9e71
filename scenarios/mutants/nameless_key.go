package mutants

import "crypto/rsa"

var _ = add(Mutant{
	ID: "nameless-key", Says: "Signs application tokens without saying with which key.",
	Breaks: []string{"JW-02"},
	Tampering: retold(func(token string, key *rsa.PrivateKey) string {
		header := part(token, 0)
		delete(header, "kid")
		return signed(header, claims(token), key)
	}),
})
