package gateway

import (
	"net"
	"net/http"
	"strings"
)

// site is an origin that requests are forwarded to.
type site struct {
	scheme string // "http" or "https"
	host   string // canonical: lower case, without the scheme's own port
}

// canonicalHost makes the spellings of one authority equal.
func canonicalHost(scheme, host string) string {
	host = strings.ToLower(host)
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		return host
	}
	if port == "" || scheme == "http" && port == "80" || scheme == "https" && port == "443" {
		if strings.Contains(name, ":") {
			return "[" + name + "]"
		}
		return name
	}
	return host
}

// hostname is an authority without its port.
func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return strings.Trim(host, "[]")
}

// isLocal reports whether host is the address the request came in at.
func isLocal(r *http.Request, host string) bool {
	local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	return ok && canonicalHost("http", local.String()) == host
}
