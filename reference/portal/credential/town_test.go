package credential_test

import (
	"cmp"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/portico-mcp/portico/reference/portal/credential"
)

const (
	alice    = credential.Owner("person:alice-1")
	bob      = credential.Owner("person:bob-1")
	callback = "https://portal.example/servers-callback"
	adminURI = "https://admin.example/servers-callback"
	mailURL  = "https://mail.example/mcp"
	asURL    = "https://mail-as.example"
)

// town is a network in memory: hosts by name, and what was asked of them.
type town struct {
	mu    sync.Mutex
	hosts map[string]http.Handler
	seen  []string // "METHOD url"
}

func (n *town) RoundTrip(req *http.Request) (*http.Response, error) {
	n.mu.Lock()
	host := req.URL.Scheme + "://" + strings.ToLower(req.URL.Host)
	n.seen = append(n.seen, req.Method+" "+host+req.URL.Path)
	h := n.hosts[host]
	n.mu.Unlock()
	if h == nil {
		return nil, &url.Error{Op: req.Method, URL: req.URL.Host, Err: http.ErrServerClosed}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	res := w.Result()
	res.Request = req
	return res, nil
}

// requests returns what was asked so far and contains part.
func (n *town) requests(part string) []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(n.seen), func(s string) bool { return !strings.Contains(s, part) })
}

// upstream is a protected resource, nothing more.
type upstream struct {
	challenge string            // of the answer
	status    int               // of the answer; 0: 401
	documents map[string]string // well-known path: document
}

func (u *upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if doc, ok := u.documents[r.URL.Path]; ok {
		_, _ = w.Write([]byte(doc))
		return
	}
	if strings.HasPrefix(r.URL.Path, "/.well-known/") {
		http.NotFound(w, r)
		return
	}
	if u.challenge != "" {
		w.Header().Set("WWW-Authenticate", u.challenge)
	}
	w.WriteHeader(cmp.Or(u.status, http.StatusUnauthorized))
}

const prmPath = "/.well-known/oauth-protected-resource"

// resourceOf is protected resource metadata.
func resourceOf(resource string, issuers ...string) string {
	doc, _ := json.Marshal(map[string]any{"resource": resource, "authorization_servers": issuers})
	return string(doc)
}

// setting is the usual town: mail, its authorization server, and a vault.
type setting struct {
	*town
	mail   *upstream
	as     *authorizationServer
	vault  *credential.Vault
	server credential.Server
}

func newSetting(t *testing.T) *setting {
	t.Helper()
	s := &setting{
		town: &town{hosts: map[string]http.Handler{}},
		mail: &upstream{
			challenge: `Bearer resource_metadata="https://mail.example` + prmPath + `/mcp"`,
			documents: map[string]string{prmPath + "/mcp": resourceOf(mailURL, asURL)},
		},
		as:     newAuthorizationServer(asURL, mailURL),
		server: credential.Server{ID: "mail", URL: mailURL},
	}
	s.hosts["https://mail.example"], s.hosts[asURL] = s.mail, s.as
	s.vault = s.newVault(nil)
	return s
}

func (s *setting) newVault(store credential.Store) *credential.Vault {
	return credential.New(credential.Config{
		ClientName: "Portal", RedirectURI: callback, AdminRedirectURI: adminURI,
		HTTP: &http.Client{Transport: s.town}, Store: store,
	})
}

// begin returns the authorization URL, which must exist.
func (s *setting) begin(t *testing.T, owner credential.Owner) string {
	t.Helper()
	where, err := s.vault.Begin(t.Context(), owner, s.server, "/servers")
	if err != nil {
		t.Fatal(err)
	}
	return where
}

// consent goes through begin, the person's approval, and finish.
func (s *setting) consent(t *testing.T, owner credential.Owner) {
	t.Helper()
	where := s.begin(t, owner)
	if _, err := s.vault.Finish(t.Context(), owner, s.as.approve(t, where, string(owner))); err != nil {
		t.Fatal(err)
	}
}

// token returns the owner's token for mail, which must exist.
func (s *setting) token(t *testing.T, owner credential.Owner) credential.Secret {
	t.Helper()
	token, err := s.vault.Token(t.Context(), owner, "mail")
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func queryOf(t *testing.T, raw string) url.Values {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}
