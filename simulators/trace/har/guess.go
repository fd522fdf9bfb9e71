package har

import (
	"encoding/json"
	"strings"

	"github.com/portico-mcp/portico/simulators/trace"
)

// signs are what a host was seen to do.
type signs struct {
	speaks bool            // JSON-RPC
	names  map[string]bool // tools and prompts that it was asked for or listed
	tokens bool            // issues tokens, or says where it does
	people bool            // signs people in (OpenID Connect)
}

// Guess is who the hosts probably are. Who speaks JSON-RPC is a server, and the
// one whose names end in those of others is the portal in front of them; who
// issues ID tokens is the identity provider, who issues others an authorization
// server. A host that shows nothing of this has no role.
func (f File) Guess() map[string]trace.Role {
	all := map[string]*signs{}
	for _, e := range f.exchanges {
		host := strings.ToLower(e.Host())
		if all[host] == nil {
			all[host] = &signs{names: map[string]bool{}}
		}
		all[host].see(e)
	}
	portal := f.portal(all)
	roles := map[string]trace.Role{}
	for host, s := range all {
		switch {
		case host == portal:
			roles[host] = trace.Portal
		case s.speaks:
			roles[host] = trace.Upstream
		case s.people:
			roles[host] = trace.IdentityProvider
		case s.tokens:
			roles[host] = trace.AuthorizationServer
		}
	}
	return roles
}

func (s *signs) see(e trace.Exchange) {
	path := e.Path()
	asked := trace.Messages(e.Request.Header, e.Request.Body)
	s.speaks = s.speaks || len(asked) > 0
	for _, m := range asked {
		if name := m.Name(); name != "" && (m.Method == "tools/call" || m.Method == "prompts/get") {
			s.names[name] = true
		}
	}
	for _, m := range e.Told() {
		var list struct{ Tools, Prompts []struct{ Name string } }
		if json.Unmarshal(m.Result, &list) == nil {
			for _, each := range append(list.Tools, list.Prompts...) {
				s.names[each.Name] = true
			}
		}
	}
	s.people = s.people || strings.HasSuffix(path, "/.well-known/openid-configuration") ||
		strings.Contains(e.Request.URL, "scope=openid") || e.Response != nil && strings.Contains(e.Response.Body, `"id_token"`)
	s.tokens = s.tokens || strings.HasPrefix(path, "/.well-known/oauth-authorization-server") ||
		strings.Contains(e.Request.Body, "grant_type=") || strings.Contains(e.Request.URL, "response_type=code")
}

// portal is the host that speaks JSON-RPC and knows most names of others with
// something before them; the first one, if none does.
func (f File) portal(all map[string]*signs) string {
	endings := map[string]map[string]bool{} // a name to the hosts that have it
	for host, s := range all {
		for name := range s.names {
			if endings[name] == nil {
				endings[name] = map[string]bool{}
			}
			endings[name][host] = true
		}
	}
	best, most := "", -1
	for _, host := range f.Hosts() {
		if s := all[host]; s != nil && s.speaks {
			if n := s.prefixed(host, endings); n > most {
				best, most = host, n
			}
		}
	}
	return best
}

// prefixed is how many names of the host are another host's after a separator.
func (s *signs) prefixed(host string, endings map[string]map[string]bool) int {
	n := 0
	for name := range s.names {
		for i := 1; i < len(name) && i < 256; i++ {
			owners := endings[name[i:]]
			if strings.ContainsRune("_-./", rune(name[i-1])) && (len(owners) > 1 || len(owners) == 1 && !owners[host]) {
				n++
				break
			}
		}
	}
	return n
}
