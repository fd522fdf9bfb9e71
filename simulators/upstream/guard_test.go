package upstream_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/portico-mcp/portico/simulators/upstream"
)

func TestGuards(t *testing.T) {
	keys := map[string]string{"x-api-key": "k1", "X-Tenant": "town"}
	given := header{"X-Api-Key": "k1", "X-Tenant": "town"}
	access := map[string]string{"Cf-Access-Client-Id": "id"}
	for name, c := range map[string]struct {
		guard      upstream.Guard
		credential header
		status     int
		challenge  string
	}{
		"open, nothing":                 {nil, nil, 200, ""},
		"open, authorization":           {nil, header{"Authorization": "Bearer t"}, 400, ""},
		"open, cookie":                  {nil, header{"Cookie": "a=b"}, 400, ""},
		"open, assertion":               {nil, header{"Cf-Access-Jwt-Assertion": "e.y.j"}, 400, ""},
		"open, service token":           {nil, header{"Cf-Access-Client-Secret": "s"}, 400, ""},
		"open, proxy":                   {nil, header{"Proxy-Authorization": "Basic x"}, 400, ""},
		"bearer, right":                 {upstream.Bearer("t"), header{"Authorization": "Bearer t"}, 200, ""},
		"bearer, nothing":               {upstream.Bearer("t"), nil, 401, `Bearer realm="mcp"`},
		"bearer, wrong":                 {upstream.Bearer("t"), header{"Authorization": "Bearer u"}, 401, `Bearer realm="mcp", error="invalid_token"`},
		"bearer, other scheme":          {upstream.Bearer("t"), header{"Authorization": "Basic t"}, 401, `Bearer realm="mcp", error="invalid_token"`},
		"bearer, no scheme":             {upstream.Bearer("t"), header{"Authorization": "t"}, 401, `Bearer realm="mcp", error="invalid_token"`},
		"bearer, and a cookie":          {upstream.Bearer("t"), header{"Authorization": "Bearer t", "Cookie": "a=b"}, 400, ""},
		"bearer, and an assertion":      {upstream.Bearer("t"), header{"Authorization": "Bearer t", "Cf-Access-Jwt-Assertion": "x"}, 400, ""},
		"headers, right":                {upstream.Headers(keys), given, 200, ""},
		"headers, one missing":          {upstream.Headers(keys), given.and(header{"X-Tenant": ""}), 401, `Headers realm="mcp"`},
		"headers, one wrong":            {upstream.Headers(keys), given.and(header{"X-Api-Key": "k2"}), 401, `Headers realm="mcp"`},
		"headers, and an authorization": {upstream.Headers(keys), given.and(header{"Authorization": "Bearer t"}), 400, ""},
		"headers, which are of access":  {upstream.Headers(access), header{"Cf-Access-Client-Id": "id"}, 200, ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, base := start(t, upstream.Config{Guard: c.guard})
			a := post(t, base, plain.and(c.credential), initialize)
			if a.status != c.status || a.header.Get("Www-Authenticate") != c.challenge {
				t.Errorf("%d, challenge %q: %s", a.status, a.header.Get("Www-Authenticate"), a.body)
			}
			for _, secret := range c.credential {
				if len(secret) > 2 && strings.Contains(a.body, secret) {
					t.Errorf("the refusal repeats the credential: %s", a.body)
				}
			}
			if c.status == 200 {
				return
			}
			for _, verb := range []string{http.MethodGet, http.MethodDelete} {
				if a := send(t, verb, base+"/mcp", plain.and(c.credential), ""); a.status != c.status {
					t.Errorf("%s: %d %s", verb, a.status, a.body)
				}
			}
		})
	}
}

func TestHeaderGivenTwice(t *testing.T) {
	_, base := start(t, upstream.Config{Guard: upstream.Headers(map[string]string{"X-Api-Key": "k"})})
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"/mcp", strings.NewReader(initialize))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range plain {
		request.Header.Set(name, value)
	}
	request.Header["X-Api-Key"] = []string{"k", "j"}
	if a := do(t, request); a.status != http.StatusUnauthorized {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestWhoamiStatic(t *testing.T) {
	for _, c := range []struct {
		guard      upstream.Guard
		credential header
	}{
		{upstream.Bearer("t"), header{"Authorization": "Bearer t"}},
		{upstream.Headers(map[string]string{"X-Api-Key": "k"}), header{"X-Api-Key": "k"}},
	} {
		_, base := start(t, upstream.Config{Guard: c.guard, Tools: tools()})
		a := post(t, base, modern("tools/call", "whoami").and(c.credential), callBody("1", "whoami", `{}`, ","+meta))
		if said := said(t, a); said != "static" {
			t.Errorf("whoami says %q", said)
		}
	}
}

// said is the text of a tool's result.
func said(t *testing.T, a answer) string {
	t.Helper()
	var result struct{ Content []struct{ Text string } }
	m := a.rpc(t)
	if m.Error != nil || json.Unmarshal(m.Result, &result) != nil || len(result.Content) == 0 {
		t.Fatalf("no text: %d %s", a.status, a.body)
	}
	return result.Content[0].Text
}
