package gateway

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"net"
	"strings"
	"sync"
)

// maxNames bounds the cache: names are chosen by whoever opens a tunnel.
const maxNames = 1024

// authority signs a certificate for each name, once.
type authority struct {
	chain  [][]byte // the CA's certificate and those above it
	issuer *x509.Certificate
	signer crypto.Signer
	key    *ecdsa.PrivateKey // of every certificate it signs

	mu     sync.Mutex
	byName map[string]*tls.Certificate
}

func newAuthority(ca *tls.Certificate) (*authority, error) {
	if len(ca.Certificate) == 0 {
		return nil, errors.New("there is no certificate")
	}
	issuer, err := x509.ParseCertificate(ca.Certificate[0])
	if err != nil {
		return nil, err
	}
	signer, ok := ca.PrivateKey.(crypto.Signer)
	if !issuer.IsCA || !ok {
		return nil, errors.New("the certificate is not an authority's, or its key is missing")
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	return &authority{chain: ca.Certificate, issuer: issuer, signer: signer, key: key, byName: map[string]*tls.Certificate{}}, nil
}

// configFor serves a tunnel to host. The name in the handshake decides; a client
// that sends none, as for an IP address (RFC 6066 §3), means the tunnel's host.
func (a *authority) configFor(host string) *tls.Config {
	return &tls.Config{
		NextProtos: []string{"http/1.1"},
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			if hello.ServerName != "" {
				return a.certificate(hello.ServerName)
			}
			return a.certificate(host)
		},
	}
}

func (a *authority) certificate(name string) (*tls.Certificate, error) {
	name = strings.ToLower(name)
	a.mu.Lock()
	defer a.mu.Unlock()
	if c := a.byName[name]; c != nil {
		return c, nil
	}
	c, err := a.sign(name)
	if err != nil {
		return nil, fmt.Errorf("sign a certificate for %q: %w", name, err)
	}
	if len(a.byName) >= maxNames {
		clear(a.byName)
	}
	a.byName[name] = c
	return c, nil
}

// sign gives the certificate the authority's own lifetime: it never expires
// before its issuer, however far the clock runs.
func (a *authority) sign(name string) (*tls.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{Organization: []string{"intercepted by a gateway"}},
		NotBefore:    a.issuer.NotBefore,
		NotAfter:     a.issuer.NotAfter,
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if ip := net.ParseIP(name); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{name}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.issuer, a.key.Public(), a.signer)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: append([][]byte{der}, a.chain...), PrivateKey: a.key}, nil
}
