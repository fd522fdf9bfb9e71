package access_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"math/big"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-mcp/portico/reference/access"
)

func TestMetadataNamesThePublicOriginWhateverTheHost(t *testing.T) {
	d := open(t)
	forged := http.Header{"X-Forwarded-Host": {"evil.example"}, "Forwarded": {"host=evil.example"}}
	resource := map[string]any{
		"resource": origin + "/mcp", "authorization_servers": []any{origin}, "scopes_supported": []any{"mcp"}, "bearer_methods_supported": []any{"header"},
	}
	for _, path := range []string{"/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp"} {
		got := document(t, d.send("GET", "https://evil.example"+path, forged, "", false))
		if diff := cmp.Diff(resource, got); diff != "" {
			t.Errorf("%s: %s", path, diff)
		}
	}
	got := document(t, d.send("GET", "https://evil.example/.well-known/oauth-authorization-server", forged, "", false))
	want := map[string]any{
		"issuer": origin, "authorization_endpoint": origin + "/oauth/authorize", "token_endpoint": origin + "/oauth/token",
		"registration_endpoint": origin + "/oauth/register", "revocation_endpoint": origin + "/oauth/revoke",
		"response_types_supported": []any{"code"}, "response_modes_supported": []any{"query"},
		"grant_types_supported":                 []any{"authorization_code", "refresh_token"},
		"token_endpoint_auth_methods_supported": []any{"none"}, "revocation_endpoint_auth_methods_supported": []any{"none"},
		"code_challenge_methods_supported": []any{"S256"}, "scopes_supported": []any{"mcp"},
		"authorization_response_iss_parameter_supported": true, "client_id_metadata_document_supported": true,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAfterARotationThePreviousKeyIsStillPublished(t *testing.T) {
	before, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	after, _ := access.DefaultKey()
	keys := func(key *rsa.PrivateKey, previous *rsa.PublicKey) []any {
		a, err := access.New(access.Config{Origin: origin, Audience: "portal", Next: http.NotFoundHandler(), Provider: provider{}, Key: key, PreviousKey: previous})
		if err != nil {
			t.Fatal(err)
		}
		return document(t, (&door{Access: a}).send("GET", access.CertsPath, nil, "", false))["keys"].([]any)
	}
	old, now := keys(before, nil), keys(after, &before.PublicKey)
	if len(old) != 1 || len(now) != 2 {
		t.Fatalf("%d keys before the rotation, %d after", len(old), len(now))
	}
	if diff := cmp.Diff(old[0], now[1]); diff != "" {
		t.Errorf("the previous key changed: %s", diff)
	}
	current := now[0].(map[string]any)
	n, _ := base64.RawURLEncoding.DecodeString(current["n"].(string))
	if new(big.Int).SetBytes(n).Cmp(after.N) != 0 || current["kid"] == old[0].(map[string]any)["kid"] || current["alg"] != "RS256" {
		t.Errorf("the current key is %v", current)
	}
	for _, key := range now {
		if key.(map[string]any)["d"] != nil {
			t.Error("a private key is published")
		}
	}
}

func TestTheMCPEndpointNeverRedirects(t *testing.T) {
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} {
		res := open(t).send(method, "/mcp?access_token=portico_at_x", nil, "", false)
		if res.StatusCode != http.StatusUnauthorized || res.Header.Get("Location") != "" || !strings.HasPrefix(res.Header.Get("WWW-Authenticate"), "Bearer resource_metadata=") {
			t.Errorf("%s: %d, challenge %q", method, res.StatusCode, res.Header.Get("WWW-Authenticate"))
		}
	}
}
