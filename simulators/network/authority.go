package network

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"sync"
	"time"
)

// certificateAuthority signs a certificate for every name it is asked for.
type certificateAuthority struct {
	self *tls.Certificate
	pool *x509.CertPool

	mu     sync.Mutex
	issued map[string]*tls.Certificate
}

// authority is the town's own: made once per process, since a key costs more
// than a story. Nobody outside the process ever trusts it.
var authority = sync.OnceValue(func() *certificateAuthority {
	self, err := NewAuthority("Portico town authority")
	if err != nil {
		panic(err) // the system has no randomness
	}
	return newCertificateAuthority(self)
})

func newCertificateAuthority(self *tls.Certificate) *certificateAuthority {
	pool := x509.NewCertPool()
	pool.AddCert(self.Leaf)
	return &certificateAuthority{self: self, pool: pool, issued: map[string]*tls.Certificate{}}
}

// withSystemRoots is what the system trusts, and the authority.
func withSystemRoots(authority *tls.Certificate) *x509.CertPool {
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool() // a system without roots
	}
	pool.AddCert(authority.Leaf)
	return pool
}

// Warm makes the town's certificate authority, which must not happen inside a
// testing/synctest bubble for the first time.
func Warm() { authority() }

// NewAuthority makes a certificate authority (ECDSA P-256, valid from 1999 to
// 2099, so that it serves in a bubble whose clock begins in 2000).
func NewAuthority(name string) (*tls.Certificate, error) {
	template := certificateTemplate(name)
	template.IsCA = true
	template.BasicConstraintsValid = true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	return issue(template, nil)
}

// certificate answers a handshake with a certificate for the name it asks for,
// or for the address that was called if it names none (RFC 6066 §3: an address
// is no server name).
func (ca *certificateAuthority) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	name := hello.ServerName
	if name == "" && hello.Conn != nil {
		name = hostOnly(hello.Conn.LocalAddr().String())
	}
	ca.mu.Lock()
	defer ca.mu.Unlock()
	if c := ca.issued[name]; c != nil {
		return c, nil
	}
	template := certificateTemplate(name)
	template.DNSNames = []string{name}
	if ip := net.ParseIP(name); ip != nil {
		template.DNSNames, template.IPAddresses = nil, []net.IP{ip}
	}
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	c, err := issue(template, ca.self)
	if err != nil {
		return nil, err
	}
	ca.issued[name] = c
	return c, nil
}

func certificateTemplate(name string) *x509.Certificate {
	serial, _ := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:     time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC),
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
}

// issue signs the template with the authority's key, or with its own.
func issue(template *x509.Certificate, by *tls.Certificate) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	parent, signer := template, any(key)
	if by != nil {
		parent, signer = by.Leaf, by.PrivateKey
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, nil
}

// trusting adds authorities to what a client trusts.
func trusting(base *tls.Config, roots []*tls.Certificate) *tls.Config {
	if base == nil && len(roots) == 0 {
		return nil
	}
	config := &tls.Config{}
	if base != nil {
		config = base.Clone()
	}
	if len(roots) > 0 {
		pool := x509.NewCertPool()
		if config.RootCAs != nil {
			pool = config.RootCAs.Clone()
		}
		for _, root := range roots {
			pool.AddCert(root.Leaf)
		}
		config.RootCAs = pool
	}
	return config
}
