package credential_test

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// authorizationServer is strict: it holds a client to what it registered, a code
// to its request, and a refresh token to one use.
type authorizationServer struct {
	issuer, resource string
	path             string         // of the metadata document
	change           map[string]any // of the metadata; nil value: left out
	lifetime         time.Duration  // of access tokens
	noRefresh        bool           // issues no refresh tokens
	keepRefresh      bool           // does not rotate them
	registerAs       func(http.ResponseWriter, map[string]any) bool
	tokenAs          http.HandlerFunc // answers every token request; nil: none
	tokenDelay       time.Duration
	registerDelay    time.Duration

	mu            sync.Mutex
	clients       map[string]map[string]any
	codes         map[string]url.Values // the authorization request
	refreshTokens map[string]string     // to their subject
	subjects      map[string]string     // access token to subject
	tokenForms    []url.Values          // every token request
	registrations []map[string]any
}

func newAuthorizationServer(issuer, resource string) *authorizationServer {
	return &authorizationServer{
		issuer: issuer, resource: resource, path: "/.well-known/oauth-authorization-server", change: map[string]any{}, lifetime: time.Hour,
		clients: map[string]map[string]any{}, codes: map[string]url.Values{}, refreshTokens: map[string]string{}, subjects: map[string]string{},
	}
}

func (a *authorizationServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case a.path:
		_ = json.NewEncoder(w).Encode(a.metadata())
	case "/register":
		a.register(w, r)
	case "/token":
		a.token(w, r)
	default:
		http.NotFound(w, r)
	}
}

func (a *authorizationServer) metadata() map[string]any {
	base, _ := url.Parse(a.issuer)
	root := base.Scheme + "://" + base.Host
	doc := map[string]any{
		"issuer": a.issuer, "authorization_endpoint": root + "/authorize", "token_endpoint": root + "/token",
		"registration_endpoint": root + "/register", "code_challenge_methods_supported": []string{"S256"},
		"response_types_supported": []string{"code"}, "authorization_response_iss_parameter_supported": true,
	}
	maps.Copy(doc, a.change)
	maps.DeleteFunc(doc, func(_ string, v any) bool { return v == nil })
	return doc
}

func (a *authorizationServer) register(w http.ResponseWriter, r *http.Request) {
	var doc map[string]any
	if err := json.NewDecoder(r.Body).Decode(&doc); err != nil || doc["application_type"] != "web" {
		refuse(w, 400, "invalid_client_metadata")
		return
	}
	time.Sleep(a.registerDelay)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.registrations = append(a.registrations, maps.Clone(doc))
	if a.registerAs != nil && a.registerAs(w, doc) {
		return
	}
	doc["client_id"] = "client:" + rand.Text()
	if doc["token_endpoint_auth_method"] != "none" {
		doc["client_secret"] = "s/+: " + rand.Text() // must survive both encodings
	}
	a.clients[doc["client_id"].(string)] = doc
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(doc)
}

// approve is the person at the consent page; it returns the query of the
// redirect back.
func (a *authorizationServer) approve(t *testing.T, where, subject string) url.Values {
	t.Helper()
	q := queryOf(t, where)
	a.mu.Lock()
	defer a.mu.Unlock()
	client := a.clients[q.Get("client_id")]
	uris, _ := client["redirect_uris"].([]any)
	switch {
	case client == nil, !slices.Contains(uris, any(q.Get("redirect_uri"))), q.Get("response_type") != "code",
		q.Get("code_challenge_method") != "S256", len(q.Get("code_challenge")) != 43, len(q.Get("state")) < 43,
		q.Get("resource") != a.resource, q.Has("scope") && q.Get("scope") == "":
		t.Fatalf("authorization request not acceptable: %v", q)
	}
	code := rand.Text()
	q.Set("subject", subject)
	a.codes[code] = q
	return url.Values{"code": {code}, "state": {q.Get("state")}, "iss": {a.issuer}}
}

func (a *authorizationServer) token(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	a.mu.Lock()
	a.tokenForms = append(a.tokenForms, r.PostForm)
	answer, delay := a.tokenAs, a.tokenDelay
	a.mu.Unlock()
	time.Sleep(delay)
	if answer != nil {
		answer(w, r)
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	switch id, ok := a.authenticate(r); {
	case !ok:
		refuse(w, 401, "invalid_client")
	case r.PostForm.Get("resource") != a.resource:
		refuse(w, 400, "invalid_target")
	case r.PostForm.Get("grant_type") == "authorization_code":
		a.redeem(w, r.PostForm, id)
	case r.PostForm.Get("grant_type") == "refresh_token":
		a.refresh(w, r.PostForm.Get("refresh_token"))
	default:
		refuse(w, 400, "unsupported_grant_type")
	}
}

// authenticate accepts exactly the method the client registered.
func (a *authorizationServer) authenticate(r *http.Request) (id string, ok bool) {
	used, secret := "none", r.PostForm.Get("client_secret")
	id = r.PostForm.Get("client_id")
	if user, pass, basic := r.BasicAuth(); basic {
		if id != "" || secret != "" {
			return "", false // two methods at once, RFC 6749 §2.3
		}
		id, _ = url.QueryUnescape(user)
		secret, _ = url.QueryUnescape(pass)
		used = "client_secret_basic"
	} else if secret != "" {
		used = "client_secret_post"
	}
	client := a.clients[id]
	want, _ := client["client_secret"].(string)
	return id, client != nil && used == client["token_endpoint_auth_method"] && secret == want
}

func (a *authorizationServer) redeem(w http.ResponseWriter, form url.Values, client string) {
	request := a.codes[form.Get("code")]
	delete(a.codes, form.Get("code"))
	digest := sha256.Sum256([]byte(form.Get("code_verifier")))
	if request == nil || request.Get("client_id") != client || request.Get("redirect_uri") != form.Get("redirect_uri") ||
		request.Get("code_challenge") != base64.RawURLEncoding.EncodeToString(digest[:]) {
		refuse(w, 400, "invalid_grant")
		return
	}
	a.issue(w, request.Get("subject"))
}

func (a *authorizationServer) refresh(w http.ResponseWriter, old string) {
	subject, ok := a.refreshTokens[old]
	if !ok {
		refuse(w, 400, "invalid_grant")
		return
	}
	if !a.keepRefresh {
		delete(a.refreshTokens, old)
	}
	a.issue(w, subject)
}

func (a *authorizationServer) issue(w http.ResponseWriter, subject string) {
	access := "at-" + rand.Text()
	a.subjects[access] = subject
	doc := map[string]any{"access_token": access, "token_type": "bearer", "expires_in": int(a.lifetime.Seconds())}
	if !a.noRefresh && (!a.keepRefresh || len(a.refreshTokens) == 0) {
		refresh := "rt-" + rand.Text()
		a.refreshTokens[refresh] = subject
		doc["refresh_token"] = refresh
	}
	_ = json.NewEncoder(w).Encode(doc)
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"error": code, "error_description": "because of " + code})
}

func status(code int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		_, _ = w.Write([]byte(body))
	}
}

// answer replaces what the token endpoint says from now on.
func (a *authorizationServer) answer(h http.HandlerFunc) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.tokenAs = h
}

// grants counts the token requests of one kind.
func (a *authorizationServer) grants(kind string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := 0
	for _, form := range a.tokenForms {
		if strings.HasPrefix(form.Get("grant_type"), kind) {
			n++
		}
	}
	return n
}

func (a *authorizationServer) subject(token string) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.subjects[token]
}
