package live

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/portico-mcp/portico/simulators/trace"
)

// lessons are what an exchange teaches for later, each by a name of its own.
func lessons(e trace.Exchange, roles map[trace.Party]trace.Role) []string {
	leg := string(roles[e.From]) + ">" + string(roles[e.To]) + " " + e.Host() + " "
	all := shown(leg, e)
	switch roles[e.To] {
	case trace.Admin:
		all = append(all, "admin "+string(e.From))
	case trace.Upstream, trace.Gateway, trace.AuthorizationServer, trace.IdentityProvider:
		all = append(all, heard(leg, e)...)
	}
	return all
}

// heard is what a server's answer says that requests are held to: the cookies it
// sets, how it names itself, and the lists of what it offers, a page each.
func heard(leg string, e trace.Exchange) (all []string) {
	if e.Response == nil {
		return nil
	}
	for _, cookie := range e.Response.Header["Set-Cookie"] {
		pair, _, _ := strings.Cut(cookie, ";")
		all = append(all, "cookie "+leg+pair)
	}
	if e.Request.Method == http.MethodGet && strings.Contains(e.Response.Body, `"authorization_servers"`) {
		all = append(all, "resource "+leg+e.Path()) // RFC 9728 §3.2
	}
	if m := e.Asked(); m.Method == "tools/list" || m.Method == "prompts/list" {
		var page struct{ Params struct{ Cursor string } }
		_ = json.Unmarshal([]byte(e.Request.Body), &page)
		all = append(all, "offers "+leg+m.Method+" "+page.Params.Cursor)
	}
	return all
}

// bearing are the headers that secrets are shown in.
var bearing = []string{
	"Authorization", "Cookie", "Cf-Access-Jwt-Assertion", "Cf-Access-Client-Id", "Cf-Access-Client-Secret", "Cf-Access-Token",
	"X-Api-Key", "Api-Key", "X-Auth-Token", "Private-Token", "Mcp-Session-Id",
}

// issuing are what the bodies of answers that issue secrets have in them
// (RFC 6749 §5.1, RFC 7591 §3.2.1).
var issuing = []string{`"access_token"`, `"refresh_token"`, `"id_token"`, `"client_secret"`, `"registration_access_token"`}

// shown is where secrets stand in an exchange.
func shown(leg string, e trace.Exchange) (all []string) {
	secret := func(where, value string) {
		if value != "" {
			all = append(all, "secret "+leg+where+" "+value)
		}
	}
	for _, name := range bearing {
		for _, value := range e.Request.Header[name] {
			secret(name, value)
		}
	}
	if code := codeOf(e); code != "" {
		secret("code", code)
	}
	if e.Request.Method == http.MethodPost && kindOf(e.Request.Header) == "application/x-www-form-urlencoded" {
		form, _ := url.ParseQuery(e.Request.Body)
		for _, name := range []string{"password", "code", "code_verifier", "refresh_token", "client_secret", "client_assertion"} {
			secret(name, form.Get(name))
		}
	}
	if e.Response == nil {
		return all
	}
	for _, name := range []string{"Set-Cookie", "Mcp-Session-Id"} {
		for _, value := range e.Response.Header[name] {
			secret(name, value)
		}
	}
	for _, member := range issuing {
		if strings.Contains(e.Response.Body, member) {
			secret("issued", e.Response.Body)
			break
		}
	}
	return all
}

// codeOf is the authorization code in an exchange's address (RFC 6749 §4.1.2).
func codeOf(e trace.Exchange) string {
	u, err := url.Parse(e.Request.URL)
	if err != nil {
		return ""
	}
	return u.Query().Get("code")
}
