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

// KeptAuthority is the certificate authority of a document, made if there is
// none yet. One that cannot be read is an error: to make another would break
// the trust that somebody set up.
func KeptAuthority(d Document, name string) (*tls.Certificate, error) {
	b, err := d.Load()
	if err != nil {
		return nil, err
	}
	if b != nil {
		pair, err := tls.X509KeyPair(b, b)
		if err != nil {
			return nil, fmt.Errorf("the certificate authority that was kept: %w", err)
		}
		return &pair, nil
	}
	authority, err := network.NewAuthority(name)
	if err != nil {
		return nil, err
	}
	key, err := x509.MarshalPKCS8PrivateKey(authority.PrivateKey)
	if err != nil {
		return nil, err
	}
	b = append(certificatePEM(authority), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})...)
	return authority, d.Save(b)
}

func certificatePEM(c *tls.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate[0]})
}

// KeptKey is the RSA key of a document; one that make makes if there is none
// yet.
func KeptKey(d Document, make func() (*rsa.PrivateKey, error)) (*rsa.PrivateKey, error) {
	if d == nil {
		return make()
	}
	b, err := d.Load()
	if err != nil {
		return nil, err
	}
	if b == nil {
		key, err := make()
		if err != nil {
			return nil, err
		}
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			return nil, err
		}
		return key, d.Save(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	}
	block, _ := pem.Decode(b)
	if block == nil {
		return nil, errors.New("the key that was kept is no PEM")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("the key that was kept: %w", err)
	}
	private, ok := key.(*rsa.PrivateKey)
	if !ok {
		return nil, errors.New("the key that was kept is no RSA key")
	}
	return private, nil
}
