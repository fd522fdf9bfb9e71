package town

import (
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"sync"

	"github.com/portico-mcp/portico/simulators/idp"
	"github.com/portico-mcp/portico/simulators/network"
)

// processAuthority is made once per process: a key costs more than a story.
var processAuthority = sync.OnceValues(func() (*tls.Certificate, error) {
	return network.NewAuthority("Portico gateway authority")
})

// Warm makes what is made once per process, outside any bubble.
func Warm() error {
	network.Warm()
	if _, err := idp.DefaultKey(); err != nil {
		return err
	}
	_, err := processAuthority()
	return err
}

func gatewayAuthority(d Document) (*tls.Certificate, error) {
	if d == nil {
		return processAuthority()
	}
	return KeptAuthority(d, "Portico gateway authority")
}

// ErrDocument is returned for a document of keys that cannot be read: to make
// others in its place would break the trust that somebody set up.
var ErrDocument = errors.New("what was kept cannot be read")

// KeptAuthority is the certificate authority of a document, made if there is
// none yet. The error is ErrDocument, or that of making or saving one.
func KeptAuthority(d Document, name string) (*tls.Certificate, error) {
	b, err := d.Load()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDocument, err)
	}
	if b != nil {
		pair, err := tls.X509KeyPair(b, b)
		if err != nil {
			return nil, fmt.Errorf("%w: the certificate authority: %w", ErrDocument, err)
		}
		return &pair, nil
	}
	authority, err := network.NewAuthority(name)
	if err != nil {
		return nil, err
	}
	key, err := keyPEM(authority.PrivateKey)
	if err != nil {
		return nil, err
	}
	return authority, d.Save(append(CertificatePEM(authority), key...))
}

// CertificatePEM is a certificate without its key, as programs are told to trust
// it.
func CertificatePEM(c *tls.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate[0]})
}

func keyPEM(key any) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), err
}

// KeptKey is the RSA key of a document; one that make makes if there is none
// yet. The error is ErrDocument, or that of making or saving one.
func KeptKey(d Document, make func() (*rsa.PrivateKey, error)) (*rsa.PrivateKey, error) {
	if d == nil {
		return make()
	}
	b, err := d.Load()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDocument, err)
	}
	if b != nil {
		return readKey(b)
	}
	key, err := make()
	if err != nil {
		return nil, err
	}
	if b, err = keyPEM(key); err != nil {
		return nil, err
	}
	return key, d.Save(b)
}

func readKey(b []byte) (*rsa.PrivateKey, error) {
	block, _ := pem.Decode(b)
	if block == nil {
		return nil, fmt.Errorf("%w: the key is no PEM", ErrDocument)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%w: the key: %w", ErrDocument, err)
	}
	private, ok := key.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%w: the key is no RSA key", ErrDocument)
	}
	return private, nil
}
