package upstream

import (
	"net/http"
	"slices"
)

// Headers is the guard of a server that wants these headers, with exactly
// these values.
func Headers(want map[string]string) Guard {
	g := headers{want: http.Header{}}
	for name, value := range want {
		g.want.Set(name, value)
		g.names = append(g.names, http.CanonicalHeaderKey(name))
	}
	slices.Sort(g.names)
	return g
}

type headers struct {
	want  http.Header
	names []string // canonical, sorted
}

// Admit wants every header once, and no other credential.
func (g headers) Admit(r *http.Request) (Caller, *Refusal) {
	if name := carried(r.Header, g.names...); name != "" {
		return Caller{}, leaked(name)
	}
	for _, name := range g.names {
		given := r.Header.Values(name)
		if len(given) != 1 || !equal(given[0], g.want.Get(name)) {
			return Caller{}, &Refusal{
				Status: http.StatusUnauthorized, Text: "header " + name + " is missing or wrong", Challenge: `Headers realm="mcp"`,
			}
		}
	}
	return Caller{Subject: "static"}, nil
}
