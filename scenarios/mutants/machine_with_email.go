package mutants

import "crypto/rsa"

var _ = add(Mutant{
	ID: "machine-with-email", Says: "Gives machines an email address in their application tokens.",
	Breaks: []string{"JW-04"},
	Tampering: retold(func(token string, key *rsa.PrivateKey) string {
		c := claims(token)
		if c["common_name"] == nil {
			return token
		}
		c["email"] = "robot@town.example"
		return signed(part(token, 0), c, key)
	}),
})
