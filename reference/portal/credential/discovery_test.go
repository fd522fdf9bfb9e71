package credential_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-mcp/portico/reference/portal/credential"
)

const as8414 = "/.well-known/oauth-authorization-server"
const asOIDC = "/.well-known/openid-configuration"

// UA-01, UA-02: where metadata is looked for, and in which order.
func TestDiscoveryOrder(t *testing.T) {
	elsewhere := "https://docs.example/mail-metadata"
	cases := map[string]struct {
		challenge string
		status    int
		documents map[string]string // of mail
		issuer    string
		path      string // of the authorization server's document
		want      []string
	}{
		"the challenge names the document": {
			challenge: `Basic realm="x", Bearer realm="a, b", Resource_Metadata="` + elsewhere + `", scope="read"`,
			issuer:    asURL, path: as8414,
			want: []string{"POST " + mailURL, "GET " + elsewhere, "GET " + asURL + as8414},
		},
		"no challenge: path form": {
			documents: map[string]string{prmPath + "/mcp": resourceOf(mailURL, asURL), prmPath: "{}"}, issuer: asURL, path: as8414,
			want: []string{"POST " + mailURL, "GET https://mail.example" + prmPath + "/mcp", "GET " + asURL + as8414},
		},
		"a challenge without metadata: root form": {
			challenge: "Bearer", documents: map[string]string{prmPath: resourceOf(mailURL, asURL)}, issuer: asURL, path: as8414,
			want: []string{"POST " + mailURL, "GET https://mail.example" + prmPath + "/mcp", "GET https://mail.example" + prmPath, "GET " + asURL + as8414},
		},
		"a server that does not challenge": {
			challenge: `Bearer resource_metadata="https://trap.example/"`, status: 200, documents: map[string]string{prmPath + "/mcp": resourceOf(mailURL, asURL)}, issuer: asURL, path: as8414,
			want: []string{"POST " + mailURL, "GET https://mail.example" + prmPath + "/mcp", "GET " + asURL + as8414},
		},
		"issuer without path: OpenID": {
			documents: map[string]string{prmPath + "/mcp": resourceOf(mailURL, asURL+"/")}, issuer: asURL + "/", path: asOIDC,
			want: []string{"POST " + mailURL, "GET https://mail.example" + prmPath + "/mcp", "GET " + asURL + as8414, "GET " + asURL + asOIDC},
		},
		"issuer with path: all three": {
			documents: map[string]string{prmPath + "/mcp": resourceOf(mailURL, asURL+"/t/1")}, issuer: asURL + "/t/1", path: "/t/1" + asOIDC,
			want: []string{
				"POST " + mailURL, "GET https://mail.example" + prmPath + "/mcp",
				"GET " + asURL + as8414 + "/t/1", "GET " + asURL + asOIDC + "/t/1", "GET " + asURL + "/t/1" + asOIDC,
			},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := newSetting(t)
			s.mail.challenge, s.mail.status, s.mail.documents = c.challenge, c.status, c.documents
			s.hosts["https://docs.example"] = status(200, resourceOf(mailURL, asURL))
			s.as.issuer, s.as.path = c.issuer, c.path
			s.begin(t, alice)
			want := append(c.want, "POST "+asURL+"/register")
			if diff := cmp.Diff(want, s.requests("")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// UA-03, UA-04, UA-05, UA-16, UA-17: metadata that must not be used. In every
// case no authorization URL comes out, nobody is registered, no token is asked
// for, and the trap stays silent.
func TestBeginRefusesMetadata(t *testing.T) {
	prm := func(resource string, issuers ...string) func(*setting) {
		return func(s *setting) { s.mail.documents[prmPath+"/mcp"] = resourceOf(resource, issuers...) }
	}
	as := func(name string, value any) func(*setting) {
		return func(s *setting) { s.as.change[name] = value }
	}
	challenge := func(where string) func(*setting) {
		return func(s *setting) { s.mail.challenge = `Bearer resource_metadata="` + where + `"` }
	}
	cases := map[string]func(*setting){
		"PRM: another resource":         prm("https://evil.example/mcp", asURL),
		"PRM: resource with a slash":    prm(mailURL+"/", asURL),
		"PRM: the origin, in path form": prm("https://mail.example", asURL),
		"PRM: no resource":              prm("", asURL),
		"PRM: no authorization server":  prm(mailURL),
		"PRM: none at all":              func(s *setting) { s.mail.challenge, s.mail.documents = "Bearer", nil },
		"PRM: named but missing":        challenge("https://mail.example/nowhere"),
		"PRM: http":                     challenge("http://trap.example/prm"),
		"PRM: on loopback":              challenge("http://127.0.0.1:9/prm"),
		"PRM: a cloud's metadata":       challenge("https://169.254.169.254/latest"),
		"PRM: with a password":          challenge("https://a:b@trap.example/prm"),
		"issuer: differs by a slash":    prm(mailURL, asURL+"/"),
		"issuer: differs by case":       prm(mailURL, "https://MAIL-AS.example"),
		"issuer: http":                  prm(mailURL, "http://trap.example"),
		"issuer: with a query": func(s *setting) {
			s.as.issuer += "?t=1"
			s.mail.documents[prmPath+"/mcp"] = resourceOf(mailURL, s.as.issuer)
		},
		"issuer: no metadata":              prm(mailURL, "https://mail.example"),
		"issuer: on this machine":          prm(mailURL, "https://localhost:9"),
		"issuer: private":                  prm(mailURL, "https://10.0.0.1"),
		"issuer: loopback in short":        prm(mailURL, "https://127.1"),
		"issuer: loopback as one number":   prm(mailURL, "https://2130706433"),
		"issuer: loopback in hexadecimal":  prm(mailURL, "https://0x7f000001"),
		"issuer: loopback in octal":        prm(mailURL, "https://0177.0.0.1"),
		"issuer: loopback mapped into v6":  prm(mailURL, "https://[::ffff:127.0.0.1]"),
		"issuer: shared, mapped into v6":   prm(mailURL, "https://[::ffff:100.64.0.1]"),
		"issuer: unique local address":     prm(mailURL, "https://[fd00::1]"),
		"issuer: unspecified address":      prm(mailURL, "https://0.0.0.0"),
		"issuer: shared address space":     prm(mailURL, "https://100.64.0.1"),
		"AS: claims another issuer":        as("issuer", "https://honest.example"),
		"AS: no issuer":                    as("issuer", nil),
		"AS: no PKCE methods":              as("code_challenge_methods_supported", nil),
		"AS: only plain":                   as("code_challenge_methods_supported", []string{"plain"}),
		"AS: no authorization endpoint":    as("authorization_endpoint", nil),
		"AS: no token endpoint":            as("token_endpoint", nil),
		"AS: javascript":                   as("authorization_endpoint", "javascript:alert(1)"),
		"AS: data":                         as("authorization_endpoint", "data:text/html,x"),
		"AS: http authorization endpoint":  as("authorization_endpoint", "http://trap.example/authorize"),
		"AS: authorization URL of a MB":    as("authorization_endpoint", "https://mail-as.example/"+strings.Repeat("a", 1<<19)),
		"AS: its own redirect_uri":         as("authorization_endpoint", asURL+"/authorize?redirect_uri=https://trap.example"),
		"AS: its own scope":                as("authorization_endpoint", asURL+"/authorize?scope=admin"),
		"AS: http token endpoint":          as("token_endpoint", "http://trap.example/token"),
		"AS: token endpoint on loopback":   as("token_endpoint", "http://[::1]/token"),
		"AS: registration at a private":    as("registration_endpoint", "https://192.168.0.1/register"),
		"AS: metadata redirects elsewhere": func(s *setting) { s.hosts[asURL] = http.RedirectHandler("https://trap.example/", 302) },
		"server: http":                     func(s *setting) { s.server.URL = "http://mail.example/mcp" },
	}
	for name, arrange := range cases {
		t.Run(name, func(t *testing.T) {
			s := newSetting(t)
			arrange(s)
			where, err := s.vault.Begin(t.Context(), alice, s.server, "/servers")
			if where != "" || !errors.Is(err, credential.ErrMetadata) && !errors.Is(err, credential.ErrUnavailable) {
				t.Errorf("got %q, %v, want a refusal", where, err)
			}
			for _, got := range s.requests("") {
				if !strings.Contains(got, " https://mail.example/") && !strings.Contains(got, " "+asURL+"/") || strings.HasSuffix(got, "/token") {
					t.Errorf("unwanted request: %s", got)
				}
			}
			if got := s.requests("/register"); len(got) != 0 && !strings.Contains(name, "its own") {
				t.Errorf("registered with a server that is not acceptable: %v", got)
			}
		})
	}
}

// A second authorization server is used when the first one's metadata is bad.
func TestNextAuthorizationServer(t *testing.T) {
	s := newSetting(t)
	s.mail.documents[prmPath+"/mcp"] = resourceOf(mailURL, "https://gone.example", asURL)
	s.consent(t, alice)
	s.token(t, alice)
}

func TestAnUnavailableServerIsNotMisconfigured(t *testing.T) {
	s := newSetting(t)
	s.hosts[asURL] = status(503, "")
	_, err := s.vault.Begin(t.Context(), alice, s.server, "")
	if !errors.Is(err, credential.ErrUnavailable) || errors.Is(err, credential.ErrMetadata) {
		t.Errorf("got %v, want ErrUnavailable alone", err)
	}
}

// Plain http is for loopback, where all parties share a machine.
func TestLoopback(t *testing.T) {
	mail := httptest.NewServer(nil)
	defer mail.Close()
	as := httptest.NewServer(nil)
	defer as.Close()
	resource := mail.URL + "/mcp"
	fake := newAuthorizationServer(as.URL, resource)
	as.Config.Handler = fake
	mail.Config.Handler = &upstream{documents: map[string]string{prmPath + "/mcp": resourceOf(resource, as.URL)}}

	v := credential.New(credential.Config{RedirectURI: "http://127.0.0.1:1/servers-callback"})
	where, err := v.Begin(t.Context(), alice, credential.Server{ID: "mail", URL: resource}, "/servers")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Finish(t.Context(), alice, fake.approve(t, where, "alice")); err != nil {
		t.Fatal(err)
	}
	if token, err := v.Token(t.Context(), alice, "mail"); err != nil || fake.subject(string(token)) != "alice" {
		t.Errorf("got a token of %q, %v", fake.subject(string(token)), err)
	}
}
