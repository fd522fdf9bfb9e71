package mutants

import (
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/golang-jwt/jwt/v5"

	"github.com/portico-mcp/portico/reference"
	"github.com/portico-mcp/portico/reference/access"
	"github.com/portico-mcp/portico/reference/portal"
	"github.com/portico-mcp/portico/reference/portal/assertion"
	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

// handler stands before a handler.
type handler = func(http.Handler) http.Handler

// at lets something stand before one path alone.
func at(path string, stands handler) handler {
	return func(next http.Handler) http.Handler {
		there := stands(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == path {
				there.ServeHTTP(w, r)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// instead answers in a handler's place what it is true for.
func instead(of func(*http.Request) bool, answer http.HandlerFunc) handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if of(r) {
				answer(w, r)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// document rewrites the JSON that a handler answers with.
func document(rewrite func(message)) handler {
	return answered(func(_ *http.Request, _ []byte, a *answer) { a.Body = eachMessage(a.Header, a.Body, rewrite) })
}

// adjusted is a portal that is configured otherwise.
func adjusted(f func(*access.Config, *portal.Config)) inprocess.Tampering {
	return inprocess.Tampering{Config: func(c *reference.Config) { c.Adjust = f }}
}

// anonymous says whether a request shows nothing that could be a credential.
func anonymous(r *http.Request) bool {
	return r.URL.RawQuery == "" && r.Header.Get("Authorization") == "" && r.Header.Get("Cf-Access-Client-Id") == "" && r.Header.Get(assertion.Header) == ""
}

// asks says whether a request is for one of the methods.
func asks(r *http.Request, methods ...string) bool {
	if r.Body == nil {
		return false
	}
	body, _ := io.ReadAll(r.Body)
	setBody(r, body)
	for _, m := range methods {
		if read(body).method() == m {
			return true
		}
	}
	return false
}

// form reads a form, which can be read again.
func form(r *http.Request) url.Values {
	body, _ := io.ReadAll(r.Body)
	setBody(r, body)
	values, _ := url.ParseQuery(string(body))
	return values
}

// retold is a portal whose front door tells every application token otherwise
// on the wire; behind, it is understood all the same.
func retold(alter func(token string, key *rsa.PrivateKey) string) inprocess.Tampering {
	var told sync.Map
	return inprocess.Tampering{
		Config: func(c *reference.Config) {
			key := c.Key
			c.Door = through(c.Door, func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
				if token := r.Header.Get(assertion.Header); token != "" {
					other := alter(token, key)
					told.Store(other, token)
					r.Header.Set(assertion.Header, other)
				}
				return next.RoundTrip(r)
			})
		},
		Portal: func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if token, ok := told.Load(r.Header.Get(assertion.Header)); ok {
					r.Header.Set(assertion.Header, token.(string))
				}
				next.ServeHTTP(w, r)
			})
		},
	}
}

// claims are what a token says.
func claims(token string) jwt.MapClaims { return part(token, 1) }

// part is a part of a token, decoded.
func part(token string, i int) map[string]any {
	var m map[string]any
	if parts := strings.Split(token, "."); len(parts) == 3 {
		if b, err := base64.RawURLEncoding.DecodeString(parts[i]); err == nil {
			_ = json.Unmarshal(b, &m) // what is no token says nothing
		}
	}
	return m
}

// signed is a token with these header fields and claims.
func signed(header map[string]any, c jwt.MapClaims, key *rsa.PrivateKey) string {
	t := jwt.NewWithClaims(jwt.SigningMethodRS256, c)
	t.Header = header
	text, err := t.SignedString(key)
	if err != nil {
		panic(err)
	}
	return text
}
