package credential_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-mcp/portico/reference/portal/credential"
)

// The metadata is found in every way a WWW-Authenticate field may be written
// (RFC 9110 §11.6.1), and a field that is no list of challenges does no harm.
func TestChallengeForms(t *testing.T) {
	const doc = "https://docs.example/prm"
	cases := map[string]struct {
		field string
		found bool
	}{
		"quoted":                     {`Bearer resource_metadata="` + doc + `"`, true},
		"other case and spaces":      {`  bearer  Resource_Metadata = "` + doc + `" `, true},
		"escapes":                    {`Bearer resource_metadata="https:\/\/docs.example/prm"`, true},
		"after other parameters":     {`Bearer realm="a=\"b\", c", error=invalid_token,resource_metadata="` + doc + `"`, true},
		"after another scheme":       {`Negotiate YWJj==, Basic realm="x", Bearer resource_metadata="` + doc + `"`, true},
		"in the second Bearer":       {`Bearer realm="x", Bearer resource_metadata="` + doc + `"`, true},
		"the first of two":           {`Bearer resource_metadata="` + doc + `", resource_metadata="https://trap.example/"`, true},
		"of another scheme":          {`DPoP resource_metadata="` + doc + `"`, false},
		"inside a text":              {`Bearer realm="resource_metadata=` + doc + `"`, false},
		"never closed":               {`Bearer resource_metadata="` + doc, false},
		"no list at all":             {`;;"=,=Bearer`, false},
		"nothing but separators":     {strings.Repeat(",= ", 1000), false},
		"a name without a challenge": {`resource_metadata="` + doc + `"`, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := newSetting(t)
			s.mail.challenge = c.field
			s.hosts["https://docs.example"] = status(200, resourceOf(mailURL, asURL))
			s.begin(t, alice)
			if got := len(s.requests(doc)) == 1; got != c.found {
				t.Errorf("named document read: %v, want %v", got, c.found)
			}
			if got := s.requests("trap"); len(got) != 0 {
				t.Errorf("unwanted: %v", got)
			}
		})
	}
}

func FuzzChallenge(f *testing.F) {
	f.Add(`Bearer error="insufficient_scope", scope="a b"`)
	f.Add(`Bearer a==,b="\`)
	v := credential.New(credential.Config{})
	f.Fuzz(func(t *testing.T, field string) {
		_ = v.Challenged(t.Context(), alice, "mail", field) // ends, whatever it is given
	})
}

// A server that lets everybody in may answer a probe with a stream that never
// ends; a server that does not answer is given up after ten seconds.
func TestProbe(t *testing.T) {
	t.Run("hangs", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newSetting(t)
			s.hosts["https://mail.example"] = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
			began := time.Now()
			if _, err := s.vault.Begin(t.Context(), alice, s.server, ""); err == nil || time.Since(began) != 10*time.Second {
				t.Errorf("%v after %v", err, time.Since(began))
			}
		})
	})
	t.Run("says nothing about anybody", func(t *testing.T) {
		s := newSetting(t)
		var probe http.Header
		s.hosts["https://mail.example"] = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost {
				probe = r.Header.Clone()
			}
			s.mail.ServeHTTP(w, r)
		})
		s.begin(t, alice)
		want := http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"}}
		if diff := cmp.Diff(want, probe); diff != "" {
			t.Error(diff)
		}
	})
}

// Metadata may move within its origin and no further.
func TestMetadataRedirects(t *testing.T) {
	s := newSetting(t)
	s.hosts[asURL] = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == as8414 {
			http.Redirect(w, r, "/moved", http.StatusFound)
			return
		}
		s.as.ServeHTTP(w, r)
	})
	s.as.path = "/moved"
	s.consent(t, alice)
}
