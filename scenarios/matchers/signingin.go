package matchers

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/url"
	"reflect"
	"regexp"
	"strings"

	"github.com/onsi/gomega/types"

	"github.com/portico-mcp/portico/scenarios/world"
	"github.com/portico-mcp/portico/simulators/trace"
)

// Challenged is a parameter of the challenge of a reply (RFC 9110 §11.6.1);
// empty: it has none.
func Challenged(r world.Reply, parameter string) string {
	found := regexp.MustCompile(`[ ,]` + parameter + `="([^"]*)"`).FindStringSubmatch(r.Header.Get("WWW-Authenticate"))
	if found == nil {
		return ""
	}
	return found[1]
}

// Object is the body of a reply as a JSON object; nil if it is none, or does not
// say that it is JSON.
func Object(r world.Reply) map[string]any {
	var o map[string]any
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") || json.Unmarshal([]byte(r.Body), &o) != nil {
		return nil
	}
	return o
}

// AuthorizationURL is the first authorization request (RFC 6749 §4.1.1) between
// two parties, with some parameters changed. A sight without one proves
// nothing, and ends the story.
func AuthorizationURL(t world.Sight, from, to trace.Party, changed map[string]string) string {
	for _, e := range t.From(from).Into(to).Exchanges {
		u, err := url.Parse(e.Request.URL)
		if err != nil || u.Query().Get("response_type") == "" {
			continue
		}
		query := u.Query()
		for key, value := range changed {
			query.Set(key, value)
		}
		u.RawQuery = query.Encode()
		return u.String()
	}
	t.Missing(fmt.Sprintf("%s asked %s for no authorization", from, to))
	return ""
}

// AskForTokens matches a trace in which somebody asks a token endpoint for
// tokens with a grant of the type (RFC 6749 §4.1.3, §6).
func AskForTokens(grant string) types.GomegaMatcher {
	return traces("ask for tokens with "+grant, func(t trace.Trace) bool {
		for _, e := range t.Exchanges {
			if form, err := url.ParseQuery(e.Request.Body); err == nil && form.Get("grant_type") == grant {
				return true
			}
		}
		return false
	})
}

// Issue matches a trace in which some answer is JSON with the field.
func Issue(field string) types.GomegaMatcher {
	return traces("issue "+field, func(t trace.Trace) bool {
		for _, e := range t.Exchanges {
			var answer map[string]any
			if e.Response != nil && json.Unmarshal([]byte(e.Response.Body), &answer) == nil && answer[field] != nil {
				return true
			}
		}
		return false
	})
}

// Tell matches a trace in which some answer is JSON with the field, of that
// value.
func Tell(field string, value any) types.GomegaMatcher {
	return traces(fmt.Sprintf("tell %s: %v", field, value), func(t trace.Trace) bool {
		for _, e := range t.Exchanges {
			var answer map[string]any
			if e.Response != nil && json.Unmarshal([]byte(e.Response.Body), &answer) == nil && reflect.DeepEqual(answer[field], value) {
				return true
			}
		}
		return false
	})
}

// AnswerAuthorizations matches a trace in which somebody is sent back to a
// client with the parameter (code, error), and each time with this issuer
// beside it (RFC 9207 §2).
func AnswerAuthorizations(with, issuer string) types.GomegaMatcher {
	return traces(fmt.Sprintf("answer authorizations with %s, each from %s", with, issuer), func(t trace.Trace) bool {
		answers := 0
		for _, e := range t.Exchanges {
			if e.Response == nil {
				continue
			}
			to, err := url.Parse(e.Response.Header.Get("Location"))
			if err != nil || !to.Query().Has(with) {
				continue
			}
			if answers++; to.Query().Get("iss") != issuer {
				return false
			}
		}
		return answers > 0
	})
}

// TokenHeader is the header of the application token that access sent last.
func TokenHeader(t world.Sight) map[string]any {
	header := map[string]any{}
	part, _, _ := strings.Cut(ApplicationToken(t), ".")
	if b, err := base64.RawURLEncoding.DecodeString(part); err == nil {
		_ = json.Unmarshal(b, &header) // what is no header has no members
	}
	return header
}

// EachBeSignedWith matches a trace that is not empty and in which every
// application token is signed, by RS256, with a key of the set (RFC 7517 §5).
func EachBeSignedWith(set world.Reply) types.GomegaMatcher {
	keys := keysOf(set)
	return each("each be signed with a published key", func(e trace.Exchange) bool {
		said, signature, _ := cutLast(e.Request.Header.Get("Cf-Access-Jwt-Assertion"), ".")
		raw, err := base64.RawURLEncoding.DecodeString(signature)
		sum := sha256.Sum256([]byte(said))
		for _, key := range keys {
			if err == nil && rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], raw) == nil {
				return true
			}
		}
		return false
	})
}

func cutLast(s, separator string) (before, after string, found bool) {
	i := strings.LastIndex(s, separator)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(separator):], true
}

func keysOf(set world.Reply) []*rsa.PublicKey {
	var published struct{ Keys []struct{ N, E string } }
	_ = json.Unmarshal([]byte(set.Body), &published) // what is no set has no keys
	var keys []*rsa.PublicKey
	for _, k := range published.Keys {
		n, errN := base64.RawURLEncoding.DecodeString(k.N)
		e, errE := base64.RawURLEncoding.DecodeString(k.E)
		if errN == nil && errE == nil {
			keys = append(keys, &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())})
		}
	}
	return keys
}

// BeUnlike matches a string that shares less than half of its characters with
// another, place by place: nobody who has one can guess the other.
func BeUnlike(other string) types.GomegaMatcher {
	return matcher[string]{fmt.Sprintf("be unlike %q", other),
		func(s string) bool {
			same := 0
			for i := range min(len(s), len(other)) {
				if s[i] == other[i] {
					same++
				}
			}
			return 2*same < min(len(s), len(other))
		},
		func(s string) string { return s }}
}

// Unsigned is a JSON Web Token without its signature (RFC 7515 §A.5).
func Unsigned(token string) string {
	said, _, _ := cutLast(token, ".")
	return said + "."
}

// DescribeTheResource matches a trace in which a resource describes itself, and
// each time as the URL and with an authorization server (RFC 9728 §3.3). At the
// root it may also speak of its origin.
func DescribeTheResource(at string) types.GomegaMatcher {
	const place = "/.well-known/oauth-protected-resource"
	return traces("describe "+at+" with an authorization server", func(t trace.Trace) bool {
		described := 0
		for _, e := range t.Exchanges {
			if !strings.HasPrefix(e.Path(), place) || e.Status() != 200 {
				continue
			}
			var m struct {
				Resource string   `json:"resource"`
				Servers  []string `json:"authorization_servers"`
			}
			if json.Unmarshal([]byte(e.Response.Body), &m) != nil {
				continue // a page describes nothing
			}
			ofTheRoot := e.Path() == place && m.Resource+"/mcp" == at
			if m.Resource != at && !ofTheRoot || len(m.Servers) == 0 {
				return false
			}
			described++
		}
		return described > 0
	})
}
