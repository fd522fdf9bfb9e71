package credential

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
)

const maxURL = 2048 // bytes of a URL that metadata names

// place is where a host is, as far as its spelling tells. Names that resolve to
// private addresses are the business of the transport in Config.HTTP.
type place int

const (
	public place = iota
	loopback
	private // private, link-local, multicast, unspecified, or an ambiguous number
)

// parseURL accepts what may be dialled: an absolute https URL, or http on
// loopback, without user information or fragment.
func parseURL(raw string) (*url.URL, error) {
	if len(raw) > maxURL {
		return nil, fmt.Errorf("URL longer than %d bytes", maxURL)
	}
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.Opaque != "" {
		return nil, errors.New("not an absolute URL")
	}
	if u.User != nil || strings.Contains(raw, "#") {
		return nil, errors.New("URL with user information or fragment")
	}
	if u.Scheme != "https" && !(u.Scheme == "http" && placeOf(u) == loopback) {
		return nil, errors.New("URL is not https")
	}
	return u, nil
}

// learn parses a URL that metadata of the server at home names. A stranger must
// not send the portal to addresses of its own machine or network (RFC 9728
// §7.7); loopback may be named by what is on loopback itself.
func learn(raw string, home *url.URL) (*url.URL, error) {
	u, err := parseURL(raw)
	if err != nil {
		return nil, err
	}
	switch p := placeOf(u); {
	case p == loopback && placeOf(home) != loopback:
		return nil, errors.New("URL on loopback")
	case p == private:
		return nil, errors.New("URL with a private address")
	}
	return u, nil
}

// placeOf judges the host of u. Numbers in spellings that only some resolvers
// take for an address (127.1, 0x7f000001, 2130706433) count as private.
func placeOf(u *url.URL) place {
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return loopback
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		if endsInNumber(host) || strings.Contains(host, "%") {
			return private
		}
		return public
	}
	switch ip = ip.Unmap(); {
	case ip.Zone() != "":
		return private
	case ip.IsLoopback():
		return loopback
	case !ip.IsGlobalUnicast() || ip.IsPrivate() || reserved(ip):
		return private
	}
	return public
}

// endsInNumber is the rule of the URL Standard for hosts that must be read as
// IPv4 addresses.
func endsInNumber(host string) bool {
	last := host[strings.LastIndex(host, ".")+1:]
	if hex, ok := strings.CutPrefix(last, "0x"); ok {
		return strings.Trim(hex, "0123456789abcdef") == ""
	}
	return last == "" || strings.Trim(last, "0123456789") == ""
}

// reserved covers what net/netip has no word for: shared address space (RFC 6598),
// "this network", and IPv6 that embeds IPv4 (NAT64, 6to4).
func reserved(ip netip.Addr) bool {
	for _, p := range []string{"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "198.18.0.0/15", "240.0.0.0/4", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16"} {
		if netip.MustParsePrefix(p).Contains(ip) {
			return true
		}
	}
	return false
}

// origin is scheme and authority of u, without a path.
func origin(u *url.URL) string { return u.Scheme + "://" + u.Host }
