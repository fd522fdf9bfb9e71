package mutants

import (
	"crypto/rsa"
	"strings"
)

var _ = add(Mutant{
	ID: "unsigned-assertion", Says: "Passes application tokens on without a signature, and takes them so.",
	Breaks: []string{"JW-01", "JW-02", "SEC-E-01"},
	Tampering: retold(func(token string, _ *rsa.PrivateKey) string {
		return token[:strings.LastIndex(token, ".")+1]
	}),
})
