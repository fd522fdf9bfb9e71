package invariant

import (
	"encoding/base64"
	"encoding/json"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/portico-mcp/portico/simulators/trace"
)

// class says on whose side of the portal a secret is at home.
type class int

const (
	ofClient      class = iota // between a client, or a browser, and the portal
	clientSession              // the id of an MCP session between a client and the portal
	assertion                  // between the portal's door and its house
	ofIdentity                 // between the portal's door and the identity provider
	ofServer                   // between the portal and one server, or who protects it
	serverSession              // the id of an MCP session between the portal and one server
	password                   // between a person and where they sign in
	classes                    // how many there are
)

// secret is a value that only some may see.
type secret struct {
	class  class
	kind   string // what it is, for people
	value  string
	word   bool        // short, or a name in the place of a secret: it must stand alone to be recognised
	host   string      // of the server it is for; empty: not known yet
	issuer string      // host of who issued it; empty: nobody that was seen
	access bool        // it is for the server itself: an access token, a key, a session
	owner  trace.Party // the person's browser that fetched it; empty: unknown, or an administrator's
	whole  *secret     // of which it is a part; nil: it is none
}

// vault is every secret of a trace.
type vault struct {
	secrets map[string]*secret
	order   []*secret
	search  *searcher
	has     [classes]bool
	full    bool // there were more than are kept
}

// knows says whether the trace has secrets of the class, and none that were
// not kept: else nothing can be said about it.
func (v *vault) knows(c class) bool { return v.has[c] && !v.full }

// most is how many secrets a vault holds; a trace with more of them was made
// to exhaust, and its secrets are not judged.
const most = 50_000

// The shortest value that is kept as a secret, the shortest that is looked for
// inside other words, and the longest.
const (
	shortest = 8
	opaque   = 16
	longMost = 1 << 14
)

// named is what a secret looks like whose place a trace.Namer's name took.
var named = regexp.MustCompile(`^(token|refresh-token|id-token|code|verifier|client-secret|password|session|assertion|service|service-secret|cookie)-([0-9]+|[A-Z]+)$`)

// add keeps a secret; of what is known already the first class stays. It
// returns the one kept, nil if the value is too short or too long to be one.
func (v *vault) add(s secret) *secret {
	isName := len(s.value) >= window && len(s.value) < 40 && named.MatchString(s.value)
	if !isName && len(s.value) < shortest || len(s.value) > longMost {
		return nil
	}
	if there := v.secrets[s.value]; there != nil {
		return there
	}
	if len(v.order) >= most {
		v.full = true
		return nil
	}
	s.word = isName || len(s.value) < opaque || s.class == password
	kept := &s
	v.secrets[s.value] = kept
	v.order = append(v.order, kept)
	v.has[s.class] = true
	return kept
}

// addParts keeps the parts of a token by which it could be known: of one that is
// signed all but its header, which many share, of others each half.
func (v *vault) addParts(whole *secret) {
	if whole == nil || whole.word {
		return
	}
	parts := strings.Split(whole.value, ".")[1:]
	if half := len(whole.value) / 2; len(parts) == 0 && half >= opaque {
		parts = []string{whole.value[:half], whole.value[half:]}
	}
	for _, part := range parts {
		if len(part) >= opaque {
			v.add(secret{class: whole.class, kind: "a part of " + whole.kind, value: part, whole: whole})
		}
	}
}

// redact puts the kind of a secret where it stands in a text.
func (v *vault) redact(text string) string {
	var b strings.Builder
	last := 0
	v.search.find(text, func(s *secret, start, end int) {
		if start >= last {
			b.WriteString(text[last:start] + "‹" + s.kind + "›")
		}
		last = max(last, end)
	})
	return b.String() + text[last:]
}

// sight is a secret and where in a message it was seen.
type sight struct {
	*secret
	where string
}

// sights collects each secret once per place.
type sights struct {
	vault *vault
	known map[sight]bool
	all   []sight
}

func (s *sights) inText(where, text string) {
	for _, reading := range readings(text) {
		s.vault.search.find(reading, func(found *secret, _, _ int) {
			if seen := (sight{found, where}); !s.known[seen] {
				if s.known == nil {
					s.known = map[sight]bool{}
				}
				s.known[seen] = true
				s.all = append(s.all, seen)
			}
		})
	}
}

func (s *sights) inHeader(header http.Header, but ...string) {
	for _, key := range slices.Sorted(maps.Keys(header)) {
		for _, value := range header[key] {
			if !slices.Contains(but, key) {
				s.inText("the header "+key, value)
			}
		}
	}
}

// inRequest is every secret of a request. The cookies a browser sends are its
// own affair: on one machine all ports share them.
func (v *vault) inRequest(h *hop) []sight {
	s := sights{vault: v}
	s.inText("the URL", h.Request.URL)
	if h.from == trace.Browser {
		s.inHeader(h.Request.Header, "Cookie")
	} else {
		s.inHeader(h.Request.Header)
	}
	s.inText("the body", h.Request.Body)
	return s.wholes()
}

// inAnswer is every secret of a response.
func (v *vault) inAnswer(h *hop) []sight {
	if h.Response == nil {
		return nil
	}
	s := sights{vault: v}
	s.inHeader(h.Response.Header)
	s.inText("the body", h.Response.Body)
	return s.wholes()
}

// wholes is what was seen, without the parts of what was seen whole there.
func (s *sights) wholes() []sight {
	return slices.DeleteFunc(s.all, func(seen sight) bool {
		return seen.whole != nil && s.known[sight{seen.whole, seen.where}]
	})
}

// collect fills the vault: those of the client's side first, since a token that
// is passed through is the client's wherever it is seen.
func (v *view) collect() {
	v.vault = vault{secrets: map[string]*secret{}}
	callers := map[string]trace.Party{} // authorization code to the browser that brought it
	for i := range v.hops {
		h := &v.hops[i]
		if h.to == trace.Admin && h.accepted() {
			v.vault.add(secret{class: ofClient, kind: "the administrator's token", value: bearer(h.asks("Authorization"))})
		}
		if v.front(h) {
			v.clientSecrets(h)
			if code := h.url.Query().Get("code"); code != "" && h.from == trace.Browser {
				callers[code] = h.From
			}
		}
	}
	for i := range v.hops {
		switch h := &v.hops[i]; {
		case h.from == trace.Access && h.to == trace.Portal:
			v.vault.add(secret{class: assertion, kind: "the application token", value: h.asks("Cf-Access-Jwt-Assertion")})
		case h.to == trace.IdentityProvider && (h.from == trace.Access || h.from == trace.Portal && !v.divided):
			v.identitySecrets(h)
		}
	}
	admins := map[trace.Party]bool{}
	for i := range v.hops {
		if v.hops[i].to == trace.Admin {
			admins[person(v.hops[i].From)] = true
		}
	}
	for i := range v.hops {
		switch h := &v.hops[i]; {
		case h.backstage():
			v.serverSecrets(h, callers, admins)
		case h.from == trace.Browser && (h.to == trace.IdentityProvider || h.to == trace.AuthorizationServer):
			v.vault.add(secret{class: password, kind: "a person's password", value: form(h).Get("password")})
		}
	}
	v.vault.search = newSearcher(v.vault.order)
	for i := range v.hops {
		h := &v.hops[i]
		h.sent = v.vault.inRequest(h)
		if v.front(h) {
			h.received = v.vault.inAnswer(h)
		}
	}
}

// person is whose client or browser a party is, by the names towns give.
func person(p trace.Party) trace.Party {
	return trace.Party(strings.TrimSuffix(string(p), ".browser"))
}

func (v *view) clientSecrets(h *hop) {
	add := func(kind, value string) { v.vault.add(secret{class: ofClient, kind: kind, value: value}) }
	if h.accepted() { // else somebody tries another's token, which this must not make a client's
		v.vault.addParts(v.vault.add(secret{class: ofClient, kind: "the client's access token", value: bearer(h.asks("Authorization"))}))
		add("the client's secret", basic(h.asks("Authorization")))
		add("the client's service token", h.asks("Cf-Access-Client-Secret"))
		add("the id of the client's service token", h.asks("Cf-Access-Client-Id"))
		add("the client's access token", h.asks("Cf-Access-Token"))
		for _, header := range append(h.Request.Header["Cookie"], firstPairs(h.answer()["Set-Cookie"])...) {
			for pair := range strings.SplitSeq(header, ";") {
				if _, value, ok := strings.Cut(strings.TrimSpace(pair), "="); ok && (len(value) >= opaque || named.MatchString(value)) {
					add("the client's session cookie", value)
				}
			}
		}
	}
	if !h.succeeded() {
		return
	}
	for _, id := range []string{h.asks("Mcp-Session-Id"), h.tells("Mcp-Session-Id")} {
		v.vault.add(secret{class: clientSession, kind: "the client's session id", value: id})
	}
	for field, value := range inOrder(issued(h)) {
		add("the client's "+fields[field], value)
	}
	sent := form(h)
	add("the client's refresh token", sent.Get("refresh_token"))
	add("the client's secret", sent.Get("client_secret"))
	if sent.Get("grant_type") == "authorization_code" {
		add("the client's authorization code", sent.Get("code"))
		add("the client's code verifier", sent.Get("code_verifier"))
	}
}

// firstPairs are the name=value of Set-Cookie headers, without attributes.
func firstPairs(headers []string) []string {
	var all []string
	for _, h := range headers {
		pair, _, _ := strings.Cut(h, ";")
		all = append(all, pair)
	}
	return all
}

func (v *view) identitySecrets(h *hop) {
	add := func(kind, value string) {
		v.vault.add(secret{class: ofIdentity, kind: kind + " of the identity provider", value: value, issuer: h.host})
	}
	for field, value := range inOrder(issued(h)) {
		add("the "+fields[field], value)
	}
	sent := form(h)
	add("the refresh token", sent.Get("refresh_token"))
	add("the authorization code", sent.Get("code"))
	add("the client secret", sent.Get("client_secret"))
	add("the client secret", basic(h.asks("Authorization")))
	add("the access token", bearer(h.asks("Authorization")))
}

// keys are the headers, besides Authorization, in which servers are given keys.
var keys = []string{"X-Api-Key", "Api-Key", "X-Auth-Token", "Private-Token", "Cf-Access-Client-Secret"}

func (v *view) serverSecrets(h *hop, callers map[string]trace.Party, admins map[trace.Party]bool) {
	toServer := h.to == trace.Upstream
	sent := form(h)
	resource := ""
	if u, err := url.Parse(sent.Get("resource")); err == nil {
		resource = strings.ToLower(u.Host)
	}
	owner := callers[sent.Get("code")]
	if admins[person(owner)] {
		owner = ""
	}
	if before := v.vault.secrets[sent.Get("refresh_token")]; before != nil {
		owner = before.owner
		resource = firstOf(resource, before.host)
	}
	if tokens := issued(h); h.succeeded() && len(tokens) > 0 {
		for field, value := range inOrder(tokens) {
			v.vault.add(secret{class: ofServer, kind: "the " + fields[field] + " from " + h.host, value: value,
				host: resource, issuer: h.host, owner: owner, access: field == "access_token"})
		}
	}
	for _, field := range []string{"refresh_token", "code", "code_verifier", "client_secret", "client_assertion"} {
		v.vault.add(secret{class: ofServer, kind: "the " + strings.ReplaceAll(field, "_", " ") + " for " + h.host, value: sent.Get(field), issuer: h.host})
	}
	if !toServer && h.to != trace.Gateway {
		v.vault.add(secret{class: ofServer, kind: "the client secret for " + h.host, value: basic(h.asks("Authorization")), issuer: h.host})
		return
	}
	for _, value := range append([]string{credential(h.asks("Authorization"))}, headers(h, keys)...) {
		s := v.vault.add(secret{class: ofServer, kind: "the credential for " + h.host, value: value, host: h.host, access: true})
		if s != nil && s.class == ofServer && s.host == "" && s.access {
			s.host = h.host // a token that is bound to no resource belongs where it is used first
		}
	}
	v.vault.add(secret{class: serverSession, kind: "the session id at " + h.host, value: h.tells("Mcp-Session-Id"), host: h.host, access: true})
	for _, pair := range firstPairs(h.answer()["Set-Cookie"]) {
		if _, value, ok := strings.Cut(pair, "="); ok && (len(value) >= opaque || named.MatchString(value)) {
			v.vault.add(secret{class: ofServer, kind: "a cookie of " + h.host, value: value, host: h.host, access: true})
		}
	}
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func headers(h *hop, names []string) []string {
	var all []string
	for _, name := range names {
		all = append(all, h.asks(name))
	}
	return all
}

// fields are the members of a token or a registration answer that are secret
// (RFC 6749 §5.1, OpenID Connect Core §3.1.3.3, RFC 7591 §3.2.1).
var fields = map[string]string{
	"access_token": "access token", "refresh_token": "refresh token", "id_token": "id token",
	"client_secret": "client secret", "registration_access_token": "registration access token",
}

// issued are the secret members of an answer in JSON, by their names.
func issued(h *hop) map[string]string {
	if h.Response == nil || !strings.Contains(h.Response.Body, "token") && !strings.Contains(h.Response.Body, "client_secret") ||
		!strings.HasPrefix(h.tells("Content-Type"), "application/json") || len(h.told) > 0 {
		return nil
	}
	var answer map[string]json.RawMessage
	if json.Unmarshal([]byte(h.Response.Body), &answer) != nil {
		return nil
	}
	found := map[string]string{}
	for field := range fields {
		var value string
		if json.Unmarshal(answer[field], &value) == nil && value != "" {
			found[field] = value
		}
	}
	return found
}

// inOrder goes through the fields by name, so that equal traces are judged equally.
func inOrder(fields map[string]string) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for _, field := range slices.Sorted(maps.Keys(fields)) {
			if !yield(field, fields[field]) {
				return
			}
		}
	}
}

// form is the body of a request that is a form.
func form(h *hop) url.Values {
	if !strings.HasPrefix(h.asks("Content-Type"), "application/x-www-form-urlencoded") {
		return nil
	}
	values, _ := url.ParseQuery(h.Request.Body)
	return values
}

// credential is what an Authorization header carries after its scheme; a basic
// one is what it decodes to. A header without a scheme is one whole.
func credential(header string) string {
	if secret := basic(header); secret != "" {
		return secret
	}
	_, value, ok := strings.Cut(header, " ")
	if !ok {
		return header
	}
	return strings.TrimSpace(value)
}

func bearer(header string) string {
	scheme, value, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") && !strings.EqualFold(scheme, "DPoP") {
		return ""
	}
	return strings.TrimSpace(value)
}

// basic is the password of a basic credential (RFC 7617), or the name that
// stands for the whole of it in a trace with names.
func basic(header string) string {
	scheme, value, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Basic") {
		return ""
	}
	value = strings.TrimSpace(value)
	decoded, err := base64.StdEncoding.DecodeString(value)
	_, secret, ok := strings.Cut(string(decoded), ":")
	if err != nil || !ok {
		return value
	}
	if plain, err := url.QueryUnescape(secret); err == nil { // RFC 6749 §2.3.1
		return plain
	}
	return secret
}
