package matchers

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/url"
	"slices"
	"strings"

	"github.com/onsi/gomega/types"

	"github.com/portico-mcp/portico/scenarios/world"
	"github.com/portico-mcp/portico/simulators/gateway"
	"github.com/portico-mcp/portico/simulators/trace"
)

// Paths are the paths of the requests one sees, in order.
func Paths(t world.Sight) []string {
	var all []string
	for _, e := range t.Exchanges {
		all = append(all, e.Path())
	}
	return all
}

// CallsInto keeps the tool calls and prompt requests that reached a party.
func CallsInto(parties ...trace.Party) func(trace.Exchange) bool {
	return func(e trace.Exchange) bool {
		m := e.Asked().Method
		return slices.Contains(parties, e.To) && (m == "tools/call" || m == "prompts/get")
	}
}

// Credentials are the different Authorization headers one sees.
func Credentials(t world.Sight) []string {
	var all []string
	for _, e := range t.Exchanges {
		if c := e.Request.Header.Get("Authorization"); c != "" && !slices.Contains(all, c) {
			all = append(all, c)
		}
	}
	return all
}

// Credential is the bearer token of the first request that has one. A
// sight without one proves nothing, and ends the story.
func Credential(t world.Sight) string {
	for _, c := range Credentials(t) {
		if token, ok := strings.CutPrefix(c, "Bearer "); ok {
			return token
		}
	}
	t.Missing("no request carries a bearer token")
	return ""
}

// Authorization is the parameters of the first authorization request (RFC 6749
// §4.1.1) between two parties; empty if there was none.
func Authorization(t world.Sight, from, to trace.Party) map[string]string {
	found := map[string]string{}
	for _, e := range t.From(from).Into(to).Exchanges {
		u, err := url.Parse(e.Request.URL)
		if err != nil || u.Query().Get("response_type") == "" {
			continue
		}
		for key := range u.Query() {
			found[key] = u.Query().Get(key)
		}
		return found
	}
	return found
}

// Issued is the last value of a field that a party's token endpoint answered
// with. A sight in which none was issued proves nothing, and ends the story.
func Issued(t world.Sight, by trace.Party, field string) string {
	value := ""
	for _, e := range t.Into(by).Exchanges {
		var answer map[string]any
		if e.Response != nil && json.Unmarshal([]byte(e.Response.Body), &answer) == nil {
			if s, ok := answer[field].(string); ok {
				value = s
			}
		}
	}
	if value == "" {
		t.Missing(fmt.Sprintf("%s issued no %s", by, field))
	}
	return value
}

// ApplicationToken is the last application token that access sent to the portal.
// A sight without one proves nothing, and ends the story.
func ApplicationToken(t world.Sight) string {
	value := ""
	for _, e := range t.From("access").Into("portal").Exchanges {
		value = e.Request.Header.Get("Cf-Access-Jwt-Assertion")
	}
	if value == "" {
		t.Missing("access sent the portal no application token")
	}
	return value
}

// Claims are the claims of the application token of the last request.
func Claims(t world.Sight) map[string]any {
	parts := strings.Split(ApplicationToken(t), ".")
	claims := map[string]any{}
	if len(parts) == 3 {
		if b, err := base64.RawURLEncoding.DecodeString(parts[1]); err == nil {
			_ = json.Unmarshal(b, &claims)
		}
	}
	return claims
}

// JSON is a value as JSON.
func JSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// EqualWhatWasToldBy matches an answer whose result, or error, is the one that
// the server gave on the wire, but for what the revision asks of every result.
func EqualWhatWasToldBy(u *world.Upstream) types.GomegaMatcher {
	return answers("equal what was told by "+string(u.Party()), func(a world.Answer) bool {
		for _, e := range u.Heard().Filter(CallsInto(u.Party())).Exchanges {
			for _, m := range e.Told() {
				if len(m.Error) > 0 && a.Error != nil {
					return sameError(m.Error, a)
				}
				if len(m.Result) > 0 && a.Error == nil {
					return sameJSON(m.Result, a.Raw)
				}
			}
		}
		return false
	})
}

func sameError(told json.RawMessage, a world.Answer) bool {
	var e struct {
		Code    int
		Message string
		Data    json.RawMessage
	}
	return json.Unmarshal(told, &e) == nil && e.Code == a.Error.Code && e.Message == a.Error.Message &&
		(len(e.Data) == 0 && len(a.Error.Data) == 0 || sameJSON(e.Data, a.Error.Data))
}

// sameJSON compares two documents, numbers by all their digits.
func sameJSON(a, b json.RawMessage) bool {
	return canonical(a) != "" && canonical(a) == canonical(b)
}

func canonical(raw json.RawMessage) string {
	dec := json.NewDecoder(strings.NewReader(string(raw)))
	dec.UseNumber()
	var v any
	if dec.Decode(&v) != nil {
		return ""
	}
	return JSON(exact(v))
}

// exact is a decoded value with its numbers in one spelling: 1e2, 100 and 100.0 are
// one number (RFC 8259 §6). One with a long exponent stays as it was written.
func exact(v any) any {
	switch v := v.(type) {
	case json.Number:
		if _, exponent, _ := strings.Cut(strings.ToLower(string(v)), "e"); len(exponent) > 3 {
			return v
		}
		if n, ok := new(big.Rat).SetString(string(v)); ok {
			return []string{"number", n.RatString()}
		}
	case map[string]any:
		for key := range v {
			v[key] = exact(v[key])
		}
	case []any:
		for i := range v {
			v[i] = exact(v[i])
		}
	}
	return v
}

// BeARefusal matches a reply whose body is a JSON-RPC error of the code.
func BeARefusal(code int) types.GomegaMatcher {
	return matcher[world.Reply]{fmt.Sprintf("be a JSON-RPC error %d", code),
		func(r world.Reply) bool {
			var m struct{ Error struct{ Code int } }
			return json.Unmarshal([]byte(r.Body), &m) == nil && m.Error.Code == code
		},
		func(r world.Reply) string { return fmt.Sprintf("%d\n%s", r.Status, r.Body) }}
}

// LogCall matches the gateway's log if it has a call of the tool to the
// server's host, with its URL and with what the gateway decided.
func LogCall(u *world.Upstream, tool string) types.GomegaMatcher {
	return logged(fmt.Sprintf("log a call of %s at %s, its URL and the action", tool, u.Party()), func(r gateway.Record) bool {
		at, err := url.Parse(r.URL)
		return r.MCPMethod == "tools/call" && r.Tool == tool && r.Host == u.Host() && err == nil && at.Host == u.Host() && r.Action != ""
	})
}

// LogMethod matches the gateway's log if it has a request of the MCP method.
func LogMethod(method string) types.GomegaMatcher {
	return logged("log "+method, func(r gateway.Record) bool { return r.MCPMethod == method })
}

// LogHost matches the gateway's log if it has a request to the host of a URL.
func LogHost(address string) types.GomegaMatcher {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		panic(fmt.Sprintf("%q is no URL with a host", address))
	}
	return logged("log "+u.Host, func(r gateway.Record) bool { return r.Host == u.Host })
}

func logged(want string, match func(gateway.Record) bool) types.GomegaMatcher {
	return matcher[[]gateway.Record]{want,
		func(log []gateway.Record) bool { return slices.ContainsFunc(log, match) },
		func(log []gateway.Record) string { return fmt.Sprintf("%+v", log) }}
}
