package assertion

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

const maxName = 255 // bytes of a kid, subject, client id or grant (OIDC Core §2 for sub)

// check runs every rule on a token that is not in the cache. The signature is
// verified before any claim is judged.
func (v *Verifier) check(ctx context.Context, token string) (Identity, error) {
	kid, err := inspect(token)
	if err != nil {
		return Identity{}, err
	}
	var c claims
	_, err = jwt.NewParser(
		jwt.WithValidMethods([]string{"RS256"}),
		jwt.WithStrictDecoding(),
		jwt.WithIssuer(v.config.Issuer),
		jwt.WithAudience(v.config.Audience),
		jwt.WithExpirationRequired(),
		jwt.WithIssuedAt(),
		jwt.WithLeeway(leeway),
	).ParseWithClaims(token, &c, func(*jwt.Token) (any, error) { return v.keys.find(ctx, kid) })
	if err != nil {
		return Identity{}, refusal(err)
	}
	return c.identity()
}

// refusal maps what the JWT library or the key set reported to our sentinels.
// The library's own text is dropped: it can quote the token.
func refusal(err error) error {
	if known, ok := errors.AsType[*keyError](err); ok {
		return known.err
	}
	reasons := []struct {
		is   error
		text string
	}{
		{jwt.ErrTokenSignatureInvalid, "signature or algorithm"},
		{jwt.ErrTokenInvalidIssuer, "issuer"},
		{jwt.ErrTokenInvalidAudience, "audience"},
		{jwt.ErrTokenNotValidYet, "not valid yet"},
		{jwt.ErrTokenUsedBeforeIssued, "issued in the future"},
		{jwt.ErrTokenRequiredClaimMissing, "required claim missing"},
	}
	for _, r := range reasons {
		if errors.Is(err, r.is) {
			return fmt.Errorf("%w: %s", ErrInvalid, r.text)
		}
	}
	if errors.Is(err, jwt.ErrTokenExpired) {
		return ErrExpired
	}
	return fmt.Errorf("%w: malformed", ErrInvalid)
}

// inspect looks at the token's shape before any key is fetched or signature
// computed, and returns its kid. It refuses what the JWT library lets through:
// line breaks inside base64url, "crit", and JSON names that occur twice.
func inspect(token string) (kid string, err error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 || strings.ContainsFunc(token, notBase64URL) {
		return "", fmt.Errorf("%w: malformed", ErrInvalid)
	}
	var header struct {
		Alg  string          `json:"alg"`
		Kid  string          `json:"kid"`
		Typ  string          `json:"typ"`
		Crit json.RawMessage `json:"crit"`
		B64  json.RawMessage `json:"b64"`
	}
	if err := decode(parts[0], &header); err != nil {
		return "", fmt.Errorf("%w: header: %w", ErrInvalid, err)
	}
	switch {
	case header.Alg != "RS256":
		return "", fmt.Errorf("%w: algorithm", ErrInvalid)
	case header.Crit != nil || header.B64 != nil:
		return "", fmt.Errorf("%w: critical header", ErrInvalid)
	case header.Typ != "" && !strings.EqualFold(header.Typ, "JWT"):
		return "", fmt.Errorf("%w: type of token", ErrInvalid)
	case !plain(header.Kid):
		return "", fmt.Errorf("%w: kid", ErrInvalid)
	}
	if err := decode(parts[1], nil); err != nil {
		return "", fmt.Errorf("%w: claims: %w", ErrInvalid, err)
	}
	return header.Kid, nil
}

// decode reads one base64url segment as a JSON object with distinct names, and
// unmarshals it into v unless v is nil.
func decode(segment string, v any) error {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(segment)
	if err != nil {
		return errors.New("not base64url")
	}
	if err := distinctNames(raw); err != nil {
		return err
	}
	if v != nil && json.Unmarshal(raw, v) != nil {
		return errors.New("a member has the wrong type")
	}
	return nil
}

// distinctNames refuses anything but one JSON object whose names differ even
// when case is folded, since encoding/json matches names that way.
func distinctNames(raw []byte) error {
	if !json.Valid(raw) {
		return errors.New("not JSON")
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return errors.New("not a JSON object")
	}
	var names []string
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return errors.New("not JSON")
		}
		name := t.(string)
		for _, n := range names {
			if strings.EqualFold(n, name) {
				return errors.New("a name occurs twice")
			}
		}
		if names = append(names, name); len(names) > 64 {
			return errors.New("too many members")
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return errors.New("not JSON")
		}
	}
	return nil
}

func notBase64URL(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_' && r != '.'
}

// plain reports whether s is short, not empty and free of control characters,
// so that it can be part of a key or a log line.
func plain(s string) bool {
	return s != "" && len(s) <= maxName && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\uFFFD' })
}
