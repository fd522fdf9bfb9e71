// Package assertion verifies the application token: the signed statement about
// the caller that the front door attaches to every request it passes on.
//
// A token is refused unless every rule holds: RS256 with a key the front door
// publishes, exactly our issuer and audience, type "app", within its lifetime.
// Headers that name keys (jku, x5u, jwk, x5c) are never looked at, a "crit"
// header is refused (RFC 7515 §4.1.11), and a JSON object that has one name
// twice is refused, because two readers could pick different ones (RFC 7519 §4).
//
// Successes are remembered for at most a minute, under the hash of the whole
// token; failures never are.
package assertion

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Header is the request header that carries the application token.
const Header = "Cf-Access-Jwt-Assertion"

const (
	maxToken = 8 << 10          // bytes of a token; longer ones are refused unread
	leeway   = 30 * time.Second // clock difference granted to exp, nbf and iat
)

// What a caller can branch on. Every refusal of a token is ErrInvalid; no error
// text repeats any part of a token.
var (
	// ErrMissing: the request carries no token at all.
	ErrMissing = errors.New("application token missing")
	// ErrInvalid: the token is malformed, not signed by the front door, for
	// another audience, expired, or otherwise not to be believed.
	ErrInvalid = errors.New("application token invalid")
	// ErrExpired is the ErrInvalid of a token that was good until its exp.
	ErrExpired = fmt.Errorf("%w: expired", ErrInvalid)
	// ErrUnavailable: nothing can be said about the token, because the
	// verifier has no usable keys or no configuration. Never means "let in".
	ErrUnavailable = errors.New("application token cannot be checked")
)

// Config says whose tokens are accepted. Without Issuer, Audience and CertsURL
// every token is refused with ErrUnavailable.
type Config struct {
	Issuer   string       // required iss, compared as a plain string
	Audience string       // value that must be among aud
	CertsURL string       // JWK set (RFC 7517 §5) of the issuer; https, or http on loopback
	HTTP     *http.Client // fetches CertsURL; nil: a client with the default transport
}

// Identity is what a verified token says about the caller. Exactly one of
// Subject and Service is set.
type Identity struct {
	Subject string    // sub of a person; "" for a service token
	Email   string    // email of a person, as the front door states it; never a key
	Service string    // common_name of a service token: its client id
	Grant   string    // what the person or service allowed this client; "" if the front door names none
	Expires time.Time // exp, without leeway
}

// Verifier checks application tokens. It is safe for concurrent use and starts
// no goroutines.
type Verifier struct {
	config Config
	keys   *keys
	known  *cache
}

// New makes a verifier. It does no network I/O: keys are fetched when the first
// token needs them.
func New(c Config) *Verifier {
	return &Verifier{config: c, keys: newKeys(c.CertsURL, c.HTTP), known: newCache()}
}

// Verify returns who the token speaks for. Errors are, or wrap, ErrMissing,
// ErrInvalid (ErrExpired among them), ErrUnavailable, or ctx's own error.
func (v *Verifier) Verify(ctx context.Context, token string) (Identity, error) {
	if token == "" {
		return Identity{}, ErrMissing
	}
	if v.config.Issuer == "" || v.config.Audience == "" {
		return Identity{}, fmt.Errorf("%w: no issuer or audience configured", ErrUnavailable)
	}
	if len(token) > maxToken {
		return Identity{}, fmt.Errorf("%w: longer than %d bytes", ErrInvalid, maxToken)
	}
	hash := hashOf(token)
	if id, ok := v.known.get(hash, time.Now()); ok {
		return id, nil
	}
	id, err := v.check(ctx, token)
	if err != nil {
		return Identity{}, err
	}
	v.known.put(hash, id, time.Now())
	return id, nil
}
