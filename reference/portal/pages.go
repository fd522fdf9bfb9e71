package portal

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"github.com/portico-mcp/portico/reference/page"
	"github.com/portico-mcp/portico/reference/portal/credential"
)

//go:embed pages/*.html
var pageFiles embed.FS

var pageTemplates = template.Must(template.ParseFS(pageFiles, "pages/*.html"))

// callerKey is the context key under which a page finds who asks for it.
type callerKey struct{}

// routes are the pages on which a person connects servers.
func (p *Portal) routes() http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("GET "+serversPath, p.person(p.showServers))
	m.HandleFunc("POST "+serversPath+"/{id}/connect", p.person(p.connect))
	m.HandleFunc("GET "+callbackPath, p.person(p.connected))
	return m
}

// person lets people through to a page, and no services.
func (p *Portal) person(page func(http.ResponseWriter, *http.Request, caller)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		who, ok := r.Context().Value(callerKey{}).(caller)
		if !ok || who.isService() {
			p.message(w, http.StatusForbidden, "For people", "This page is for people; a service has no servers to connect.")
			return
		}
		page(w, r, who)
	}
}

// row is one server on the page.
type row struct {
	ID, Name  string
	Connected bool
}

// showServers lists the servers that want the person's own authorization. With
// nothing to connect, the browser goes on at once.
func (p *Portal) showServers(w http.ResponseWriter, r *http.Request, who caller) {
	next := r.URL.Query().Get("continue")
	if next != "" && !continues(next) {
		p.message(w, http.StatusBadRequest, "Wrong address", "This page does not lead there.")
		return
	}
	rows, done := p.rows(who)
	if done && next != "" {
		p.redirect(w, r, next)
		return
	}
	p.page(w, http.StatusOK, "servers", map[string]any{"Rows": rows, "Continue": next, "CSRF": p.csrf.token(who)})
}

func (p *Portal) rows(who caller) (rows []row, done bool) {
	done = true
	for _, s := range p.servers {
		if s.personal() {
			connected := p.consents.Connected(who.person(), s.ID)
			rows, done = append(rows, row{s.ID, s.Name, connected}), done && connected
		}
	}
	return rows, done
}

// continues says whether an address is the end of a sign-in at the front door,
// the one place this page leads to.
func continues(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "" && u.Host == "" && u.Path == "/oauth/finish" && strings.HasPrefix(address, "/oauth/finish")
}

// connect sends the browser to the authorization server of a server.
func (p *Portal) connect(w http.ResponseWriter, r *http.Request, who caller) {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	s, next := p.byID[r.PathValue("id")], r.PostFormValue("continue")
	switch {
	case !p.csrf.accepts(who, r.PostFormValue("csrf")):
		p.message(w, http.StatusForbidden, "This page has expired", "Please open it again.")
		return
	case s == nil || !s.personal() || next != "" && !continues(next):
		p.message(w, http.StatusNotFound, "No such server", "There is no such server to connect.")
		return
	}
	to, err := p.consents.Begin(r.Context(), who.person(), s.oauth(), next)
	if err != nil {
		p.log.WarnContext(r.Context(), "connect", "server", s.ID, "error", err)
		p.notConnected(w, s.ID, next, err)
		return
	}
	p.redirect(w, r, to)
}

// oauth is the server as its authorization server must know it.
func (s *server) oauth() credential.Server {
	return credential.Server{ID: s.ID, URL: s.URL, Manual: s.Manual, Scopes: s.Scopes}
}

// connected is where an upstream's authorization server sends the browser back
// to.
func (p *Portal) connected(w http.ResponseWriter, r *http.Request, who caller) {
	finished, err := p.consents.Finish(r.Context(), who.person(), r.URL.Query())
	switch {
	case errors.Is(err, credential.ErrState):
		p.message(w, http.StatusForbidden, "This page has expired", "Please connect the server again.")
		return
	case err != nil:
		p.log.WarnContext(r.Context(), "connect", "server", finished.Server, "error", err)
		p.notConnected(w, finished.Server, finished.ReturnTo, err)
		return
	}
	p.dropConversations(r.Context(), who.who(), p.byID[finished.Server]) // opened as somebody else, maybe
	p.redirect(w, r, backTo(finished.ReturnTo))
}

// backTo is the address of the list of servers, on the way to next.
func backTo(next string) string {
	if next == "" {
		return serversPath
	}
	return serversPath + "?continue=" + url.QueryEscape(next)
}

// notConnected tells a person why a server is not connected, and leads back: a
// person who declined must be able to go on without it.
func (p *Portal) notConnected(w http.ResponseWriter, server, next string, err error) {
	p.page(w, http.StatusBadGateway, "message", map[string]any{
		"Title": "Not connected", "Text": p.whyNot(server, err), "Back": backTo(next),
	})
}

// whyNot puts a failed connection into words. What the authorization server
// itself says is shown as its words: it may name what has to be allowed there.
func (p *Portal) whyNot(server string, err error) string {
	refused, ok := errors.AsType[*credential.ResponseError](err)
	switch {
	case ok && refused.Stage == credential.Authorizing && refused.Code == "access_denied":
		return "You, or the authorization server of " + server + ", declined."
	case ok:
		return "The authorization server of " + server + " says: " + refused.Error() + ". The portal's redirect URI is " + p.origin + callbackPath + "."
	case errors.Is(err, credential.ErrRegistration):
		return "The portal could not register with the authorization server of " + server + "."
	case errors.Is(err, credential.ErrMetadata):
		return "The authorization server of " + server + " does not say what the portal needs to know."
	case errors.Is(err, credential.ErrIssuer):
		return "The answer did not come from the authorization server of " + server + "."
	}
	return "The authorization server of " + server + " did not answer. Please try again later."
}

func (p *Portal) redirect(w http.ResponseWriter, r *http.Request, to string) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	http.Redirect(w, r, to, http.StatusSeeOther)
}

func (p *Portal) message(w http.ResponseWriter, status int, title, text string) {
	p.page(w, status, "message", map[string]any{"Title": title, "Text": text})
}

// page answers with one of the pages.
func (p *Portal) page(w http.ResponseWriter, status int, name string, data any) {
	if err := page.Show(w, status, pageTemplates, name+".html", data); err != nil {
		p.log.Error("page", "name", name, "error", err)
	}
}

// csrfKey makes the tokens of forms: a person's own, good as long as the
// process lives.
type csrfKey []byte

func newCSRFKey() csrfKey {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	return key
}

func (k csrfKey) token(who caller) string {
	mac := hmac.New(sha256.New, k)
	mac.Write([]byte(who.who() + "\x00" + who.Grant))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func (k csrfKey) accepts(who caller, token string) bool {
	return hmac.Equal([]byte(token), []byte(k.token(who)))
}
