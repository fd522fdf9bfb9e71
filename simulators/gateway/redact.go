package gateway

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

const redacted = "[redacted]"

// redactedURL is the request's URL as it may be written down: without user
// information and without the values of query parameters that look like secrets.
func redactedURL(r *http.Request, to site) string {
	if r.Method == http.MethodConnect {
		return to.host
	}
	u := to.scheme + "://" + to.host + r.URL.EscapedPath()
	if r.URL.RawQuery != "" {
		u += "?" + redactQuery(r.URL.RawQuery)
	}
	return u
}

// redactQuery keeps the query's shape: order, repetition and spelling of what
// is not secret. Semicolons separate too, since some servers think so.
func redactQuery(query string) string {
	var b strings.Builder
	for query != "" {
		end := strings.IndexAny(query, "&;")
		pair, separator := query, ""
		if end >= 0 {
			pair, separator = query[:end], query[end:end+1]
		}
		query = query[len(pair)+len(separator):]
		if name, value, ok := strings.Cut(pair, "="); ok && value != "" && isSecret(name) {
			pair = name + "=" + redacted
		}
		b.WriteString(pair + separator)
	}
	return b.String()
}

// isSecret decides by the parameter's name, generously.
func isSecret(name string) bool {
	if plain, err := url.QueryUnescape(name); err == nil {
		name = plain
	}
	name = strings.ToLower(strings.NewReplacer("-", "", "_", "", ".", "").Replace(name))
	if slices.Contains([]string{"code", "key", "sig", "auth", "pwd", "pass", "jwt", "state", "sid", "nonce"}, name) {
		return true
	}
	return slices.ContainsFunc([]string{"token", "secret", "password", "passwd", "passphrase", "apikey", "accesskey", "privatekey",
		"credential", "assertion", "authorization", "signature", "session", "verifier"},
		func(part string) bool { return strings.Contains(name, part) })
}
