package assertion

import (
	"context"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/netip"
	"net/url"
	"time"
)

const (
	fetchTimeout = 10 * time.Second
	maxSet       = 1 << 20 // bytes of a key set
	maxKeys      = 64
	minBits      = 2048 // RFC 7518 §3.3
	maxBits      = 8192 // verification time grows with the square
)

// jwk is one RSA key of a set (RFC 7517 §4, RFC 7518 §6.3).
type jwk struct {
	Kty string `json:"kty"`
	Use string `json:"use"`
	Alg string `json:"alg"`
	Kid string `json:"kid"`
	N   string `json:"n"`
	E   string `json:"e"`
}

// fetchSet gets the keys that may sign application tokens. A set without any is
// an error: an empty answer must never look like a rotation.
func fetchSet(ctx context.Context, client *http.Client, address string) (map[string]*rsa.PublicKey, error) {
	if err := checkURL(address); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	res, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("HTTP status %d", res.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxSet+1))
	if err != nil {
		return nil, err
	}
	if len(body) > maxSet {
		return nil, fmt.Errorf("longer than %d bytes", maxSet)
	}
	return parseSet(body)
}

// parseSet keeps the RSA signature keys with a kid of their own. Keys of other
// kinds are skipped; two keys under one kid are both dropped, because which of
// them is meant cannot be known.
func parseSet(body []byte) (map[string]*rsa.PublicKey, error) {
	var doc struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(body, &doc); err != nil {
		return nil, errors.New("not a JWK set")
	}
	if len(doc.Keys) > maxKeys {
		return nil, fmt.Errorf("more than %d keys", maxKeys)
	}
	set, seen := map[string]*rsa.PublicKey{}, map[string]bool{}
	for _, raw := range doc.Keys {
		var j jwk
		if json.Unmarshal(raw, &j) != nil || j.Kid == "" {
			continue
		}
		if seen[j.Kid] {
			delete(set, j.Kid)
			continue
		}
		seen[j.Kid] = true
		if key := j.publicKey(); key != nil {
			set[j.Kid] = key
		}
	}
	if len(set) == 0 {
		return nil, errors.New("no usable key")
	}
	return set, nil
}

// publicKey returns nil for a key that may not verify RS256.
func (j jwk) publicKey() *rsa.PublicKey {
	if j.Kty != "RSA" || (j.Use != "" && j.Use != "sig") || (j.Alg != "" && j.Alg != "RS256") {
		return nil
	}
	n, errN := base64.RawURLEncoding.DecodeString(j.N)
	e, errE := base64.RawURLEncoding.DecodeString(j.E)
	if errN != nil || errE != nil || len(n) > maxBits/8 || len(e) > 4 {
		return nil
	}
	key := &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}
	if key.N.BitLen() < minBits || key.E < 3 || key.E%2 == 0 || key.E > 1<<31-1 {
		return nil
	}
	return key
}

// checkURL allows https, and http on loopback: keys fetched over an open
// network could be anybody's.
func checkURL(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return errors.New("address of the key set is not a URL")
	}
	ip, err := netip.ParseAddr(u.Hostname())
	loopback := u.Hostname() == "localhost" || err == nil && ip.IsLoopback()
	if u.Scheme != "https" && !(u.Scheme == "http" && loopback) {
		return errors.New("address of the key set must be https")
	}
	return nil
}
