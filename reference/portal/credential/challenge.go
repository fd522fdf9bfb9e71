package credential

import (
	"net/http"
	"slices"
	"strings"
)

const maxScopes = 64 // scopes taken from one challenge or document

// challenge is the Bearer challenge of a protected resource (RFC 6750 §3,
// RFC 9728 §5.1).
type challenge struct {
	metadata string // resource_metadata
	scopes   []string
	code     string // error
}

// readChallenge picks the Bearer challenge out of the WWW-Authenticate fields of
// h: the first that names metadata, else the first.
func readChallenge(h http.Header) challenge {
	var found *challenge
	for _, params := range bearerChallenges(strings.Join(h.Values("WWW-Authenticate"), ", ")) {
		c := challenge{metadata: params["resource_metadata"], scopes: scopesOf(params["scope"]), code: params["error"]}
		if found == nil || found.metadata == "" && c.metadata != "" {
			found = &c
		}
	}
	if found == nil {
		return challenge{}
	}
	return *found
}

// bearerChallenges parses a list of challenges (RFC 9110 §11.6.1), in which a
// comma separates both challenges and their parameters, and returns the
// parameters of those with the scheme Bearer. Names are lower-cased; of a
// repeated parameter the first counts.
func bearerChallenges(field string) []map[string]string {
	var all []map[string]string
	var params map[string]string // of the challenge being read; nil: another scheme
	for rest := skip(field, " \t,"); rest != ""; rest = skip(rest, " \t,") {
		var name string
		if name, rest = token(rest); name == "" {
			rest = rest[1:] // not a list any more; resynchronise
			continue
		}
		after := skip(rest, " \t")
		if !strings.HasPrefix(after, "=") {
			if params = nil; strings.EqualFold(name, "Bearer") {
				params = map[string]string{}
				all = append(all, params)
			}
			continue
		}
		var value string
		value, rest = quotedOrToken(skip(skip(after, "="), " \t"))
		name = strings.ToLower(name)
		if _, repeated := params[name]; params != nil && !repeated {
			params[name] = value
		}
	}
	return all
}

func skip(s, cutset string) string { return strings.TrimLeft(s, cutset) }

// token splits the longest run of token characters (RFC 9110 §5.6.2) off s.
func token(s string) (head, rest string) {
	end := strings.IndexFunc(s, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
	})
	if end < 0 {
		return s, ""
	}
	return s[:end], s[end:]
}

func quotedOrToken(s string) (value, rest string) {
	if !strings.HasPrefix(s, `"`) {
		return token(s)
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return b.String(), s[i+1:]
		case s[i] == '\\' && i+1 < len(s):
			i++
		}
		b.WriteByte(s[i])
	}
	return "", "" // never closed
}

// scopesOf splits a scope parameter (RFC 6749 §3.3) and leaves out what is not a
// scope-token, is repeated, or is beyond maxScopes.
func scopesOf(scope string) []string { return cleanScopes(strings.Fields(scope)) }

func cleanScopes(list []string) []string {
	var scopes []string
	for _, s := range list {
		if validScope(s) && !slices.Contains(scopes, s) && len(scopes) < maxScopes {
			scopes = append(scopes, s)
		}
	}
	return scopes
}

func validScope(s string) bool {
	return s != "" && len(s) <= 256 && !strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || r == '"' || r == '\\'
	})
}
