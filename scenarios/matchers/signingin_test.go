package matchers_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"math/big"
	"net/http"
	"testing"

	. "github.com/portico-mcp/portico/scenarios/matchers"
	"github.com/portico-mcp/portico/scenarios/world"
	"github.com/portico-mcp/portico/simulators/trace"
)

// answered is a request and what it was answered.
func answered(path, request string, status int, header http.Header, body string) trace.Exchange {
	return trace.Exchange{From: "alice", To: "access",
		Request:  trace.Request{Method: "POST", URL: "https://portal.example" + path, Body: request},
		Response: &trace.Response{Status: status, Header: header, Body: body}}
}

func sentBack(to string) trace.Exchange {
	return answered("/login", "", 303, http.Header{"Location": {"http://127.0.0.1/callback?" + to}}, "")
}

const described = `{"resource":"https://portal.example/mcp","authorization_servers":["https://portal.example"]}`

func signingInCases() map[string]matcherCase {
	const place, endpoint = "/.well-known/oauth-protected-resource", "https://portal.example/mcp"
	good := answered(place+"/mcp", "", 200, nil, described)
	return map[string]matcherCase{
		"AskForTokens": {AskForTokens("refresh_token"),
			[]any{seen(answered("/token", "grant_type=refresh_token", 200, nil, ""))},
			[]any{nothing, plain, seen(answered("/token", "grant_type=password", 200, nil, ""))}},
		"Issue": {Issue("access_token"),
			[]any{seen(answered("/token", "", 200, nil, `{"access_token":"x"}`))},
			[]any{nothing, plain, seen(answered("/token", "", 400, nil, `{"error":"invalid_grant"}`))}},
		"Tell": {Tell("active", true),
			[]any{seen(answered("/", "", 200, nil, `{"active":true}`))},
			[]any{nothing, plain, seen(answered("/", "", 200, nil, `{"active":false}`)), seen(answered("/", "", 200, nil, `{}`))}},
		"AnswerAuthorizations": {AnswerAuthorizations("code", "https://portal.example"),
			[]any{seen(sentBack("code=1&iss=https%3A%2F%2Fportal.example"), sentBack("error=no"))},
			[]any{nothing, plain, seen(sentBack("code=1")), seen(sentBack("error=no&iss=https%3A%2F%2Fportal.example"))}},
		"BeUnlike": {BeUnlike("session-0001"), []any{"kP3x9QzLw0aT"}, []any{"session-0001", "session-0002", ""}},
		"DescribeTheResource": {DescribeTheResource(endpoint),
			[]any{seen(good), seen(good, answered(place, "", 200, nil, `{"resource":"https://portal.example","authorization_servers":["x"]}`)),
				seen(good, answered(place, "", 404, nil, ""))},
			[]any{nothing, plain, seen(good, answered(place, "", 200, nil, `{"resource":"https://other.example/mcp","authorization_servers":["x"]}`)),
				seen(answered(place+"/mcp", "", 200, nil, `{"resource":"https://portal.example/mcp"}`)),
				seen(answered(place+"/mcp", "", 200, nil, `{"resource":"https://portal.example","authorization_servers":["x"]}`))}},
	}
}

func TestOnlyAPublishedKeySigns(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	b64 := base64.RawURLEncoding
	said := b64.EncodeToString([]byte(`{"alg":"RS256"}`)) + "." + b64.EncodeToString([]byte(`{"sub":"alice"}`))
	sum := sha256.Sum256([]byte(said))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	set := world.Reply{Body: `{"keys":[{"n":"` + b64.EncodeToString(key.N.Bytes()) + `","e":"` + b64.EncodeToString(big.NewInt(int64(key.E)).Bytes()) + `"}]}`}
	token := said + "." + b64.EncodeToString(signature)
	for sent, want := range map[string]bool{token: true, Unsigned(token): false, said: false, "": false, "x" + token: false} {
		e := trace.Exchange{From: "access", To: "portal", Request: trace.Request{Header: http.Header{"Cf-Access-Jwt-Assertion": {sent}}}}
		if ok, err := EachBeSignedWith(set).Match(seen(e)); err != nil || ok != want {
			t.Errorf("%q is signed: %v, %v", sent, ok, err)
		}
	}
	if ok, _ := EachBeSignedWith(world.Reply{}).Match(nothing); ok {
		t.Error("nothing is signed")
	}
}

func TestAReplyIsReadAsItSays(t *testing.T) {
	r := world.Reply{Header: http.Header{
		"Www-Authenticate": {`Bearer error="invalid_token", resource_metadata="https://portal.example/m"`}, "Content-Type": {"application/json"},
	}, Body: `{"a":1}`}
	if got := Challenged(r, "resource_metadata"); got != "https://portal.example/m" {
		t.Errorf("challenged with %q", got)
	}
	if got := Challenged(r, "scope"); got != "" {
		t.Errorf("challenged with the scope %q", got)
	}
	if Object(r)["a"] != 1.0 {
		t.Errorf("read as %v", Object(r))
	}
	r.Header.Set("Content-Type", "text/html")
	if Object(r) != nil {
		t.Error("a page is read as an object")
	}
}

func TestAnAuthorizationIsAskedForAnew(t *testing.T) {
	e := trace.Exchange{From: "alice.browser", To: "access", Request: trace.Request{URL: "https://portal.example/authorize?response_type=code&state=1"}}
	const want = "https://portal.example/authorize?response_type=code&state=2"
	if got := AuthorizationURL(seen(e), "alice.browser", "access", map[string]string{"state": "2"}); got != want {
		t.Errorf("got %s", got)
	}
}
