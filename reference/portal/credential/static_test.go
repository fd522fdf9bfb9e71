package credential_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-mcp/portico/reference/portal/credential"
)

// CR-04, CR-05, UA-18.
func TestStatic(t *testing.T) {
	cases := map[string]struct {
		text string
		want http.Header
	}{
		"a token":                   {"abc.DEF-1~+/=", http.Header{"Authorization": {"Bearer abc.DEF-1~+/="}}},
		"headers, no Authorization": {`{"headers":{"X-Api-Key":"k 1","x-tenant":"t"}}`, http.Header{"X-Api-Key": {"k 1"}, "X-Tenant": {"t"}}},
		"headers with one":          {` {"headers":{"Authorization":"Token z"}} `, http.Header{"Authorization": {"Token z"}}},
		"a service token":           {`{"headers":{"CF-Access-Client-Id":"i","CF-Access-Client-Secret":"s"}}`, http.Header{"Cf-Access-Client-Id": {"i"}, "Cf-Access-Client-Secret": {"s"}}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			authorize, err := credential.Static(credential.Secret(c.text))
			if err != nil {
				t.Fatal(err)
			}
			h := http.Header{}
			if err := authorize(t.Context(), h); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, h); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestStaticRefuses(t *testing.T) {
	header := func(name, value string) string {
		b, _ := json.Marshal(map[string]any{"headers": map[string]string{name: value}})
		return string(b)
	}
	cases := map[string]string{
		"nothing":                "",
		"a scheme before it":     "Bearer s3cret",
		"a line end after it":    "s3cret\n",
		"not ASCII":              "s3crét",
		"far too long":           strings.Repeat("s3cret", 1<<13),
		"JSON cut short":         `{"headers":{"X":"s3cret"}`,
		"text after the JSON":    `{"headers":{"X":"s3cret"}} x`,
		"an empty object":        `{}`,
		"no headers":             `{"headers":{}}`,
		"headers in a list":      `{"headers":[{"X":"s3cret"}]}`,
		"headers in text":        `{"headers":"s3cret"}`,
		"another member":         `{"token":"s3cret"}`,
		"a member besides":       `{"headers":{"X":"s3cret"},"x":1}`,
		"headers twice":          `{"headers":{"X":"s3cret"},"headers":{"Y":"s3cret"}}`,
		"headers in capitals":    `{"Headers":{"X":"s3cret"}}`,
		"a number":               `{"headers":{"X":1}}`,
		"an object as value":     `{"headers":{"X":{"s3cret":1}}}`,
		"one name twice":         `{"headers":{"X-Key":"s3cret","x-key":"s3cret"}}`,
		"an empty value":         header("X", ""),
		"a value with line ends": header("X", "s3cret\r\nHost: evil"),
		"a value with a NUL":     header("X", "s3cret\x00"),
		"a value in blanks":      header("X", " s3cret "),
		"an empty name":          header("", "s3cret"),
		"a name with a space":    header("X Y", "s3cret"),
		"a name with a colon":    header("X:", "s3cret"),
		"Host":                   header("hOST", "s3cret"),
		"Content-Length":         header("content-length", "7"),
		"Transfer-Encoding":      header("Transfer-Encoding", "chunked"),
		"Connection":             header("Connection", "close"),
		"Mcp-Session-Id":         header("MCP-Session-ID", "s3cret"),
		"MCP-Protocol-Version":   header("mcp-protocol-version", "x"),
		"Proxy-Authorization":    header("Proxy-Authorization", "s3cret"),
		"Accept":                 header("Accept", "text/html"),
	}
	for name, text := range cases {
		t.Run(name, func(t *testing.T) {
			authorize, err := credential.Static(credential.Secret(text))
			if err == nil || authorize != nil {
				t.Fatal("accepted")
			}
			if strings.Contains(err.Error(), "s3cret") {
				t.Errorf("the error repeats the secret: %v", err)
			}
		})
	}
}

func TestSecretIsNeverShown(t *testing.T) {
	const value = credential.Secret("s3cret")
	grant := credential.Grant{AccessToken: value, RefreshToken: value, Client: credential.Registration{ClientSecret: value}}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%T"} {
		fmt.Fprintf(&out, verb+" "+verb+" "+verb+"\n", value, &grant, []credential.Secret{value})
	}
	out.WriteString(value.String() + value.GoString())
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "secret", value, "grant", grant)
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "secret", value, "grant", grant)
	_ = json.NewEncoder(&out).Encode(map[string]any{"secret": value, "grant": grant})
	if shown := out.String(); strings.Contains(shown, "s3cret") || strings.Contains(shown, fmt.Sprintf("%x", "s3cret")) {
		t.Error(shown)
	}
	if string(value) != "s3cret" {
		t.Error("the value itself is lost")
	}
}
