package assertion

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// claims is the payload of an application token.
type claims struct {
	Issuer     string           `json:"iss"`
	Audience   jwt.ClaimStrings `json:"aud"`
	Subject    string           `json:"sub"`
	Email      string           `json:"email"`
	Type       string           `json:"type"`
	CommonName string           `json:"common_name"`
	Grant      string           `json:"grant"`
	Expires    *date            `json:"exp"`
	NotBefore  *date            `json:"nbf"`
	IssuedAt   *date            `json:"iat"`
}

// identity judges what the registered claims cannot: the kind of token, and
// that it speaks for a person or for a service, never for both.
func (c claims) identity() (Identity, error) {
	id := Identity{Subject: c.Subject, Email: c.Email, Service: c.CommonName, Grant: c.Grant, Expires: c.Expires.Time}
	switch {
	case c.Type != "app":
		return Identity{}, fmt.Errorf(`%w: type is not "app"`, ErrInvalid)
	case id.Grant != "" && !plain(id.Grant):
		return Identity{}, fmt.Errorf("%w: grant", ErrInvalid)
	case id.Service == "" && !plain(id.Subject):
		return Identity{}, fmt.Errorf("%w: subject", ErrInvalid)
	case id.Service != "" && (!plain(id.Service) || id.Subject != "" || id.Email != ""):
		return Identity{}, fmt.Errorf("%w: names both a service and a person", ErrInvalid)
	}
	return id, nil
}

// date is a NumericDate (RFC 7519 §2) that must be a JSON number: the library's
// own type also takes strings.
type date struct{ time.Time }

// UnmarshalJSON reads seconds since 1970, with or without a fraction, up to the
// year 5138; what lies outside is refused rather than wrapped around.
func (d *date) UnmarshalJSON(raw []byte) error {
	seconds, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || !(seconds >= 0 && seconds < 1e11) {
		return errors.New("not a NumericDate")
	}
	d.Time = time.Unix(int64(seconds), 0)
	return nil
}

func (d *date) numeric() (*jwt.NumericDate, error) {
	if d == nil {
		return nil, nil
	}
	return &jwt.NumericDate{Time: d.Time}, nil
}

// The methods below make claims a jwt.Claims.

// GetExpirationTime returns exp.
func (c claims) GetExpirationTime() (*jwt.NumericDate, error) { return c.Expires.numeric() }

// GetIssuedAt returns iat.
func (c claims) GetIssuedAt() (*jwt.NumericDate, error) { return c.IssuedAt.numeric() }

// GetNotBefore returns nbf.
func (c claims) GetNotBefore() (*jwt.NumericDate, error) { return c.NotBefore.numeric() }

// GetIssuer returns iss.
func (c claims) GetIssuer() (string, error) { return c.Issuer, nil }

// GetSubject returns sub.
func (c claims) GetSubject() (string, error) { return c.Subject, nil }

// GetAudience returns aud.
func (c claims) GetAudience() (jwt.ClaimStrings, error) { return c.Audience, nil }
