package access

import (
	"embed"
	"html/template"
	"net/http"
)

//go:embed pages/*.html
var pageFiles embed.FS

// parsePages is cheap enough to be done once per Access, and keeps the package
// without state.
var pages = template.Must(template.ParseFS(pageFiles, "pages/*.html"))

// message is a page that says one thing.
type message struct{ Title, Text string }

// consentPage asks whether a client may act for the person.
type consentPage struct {
	Client, Host, Resource, Scope, Flow, CSRF string
	Publisher                                 string // the host that vouches for the client; empty: nobody
	Local                                     bool   // the client is a program on the person's own machine
}

// show answers with a page that cannot be framed, cached or followed.
func (a *Access) show(w http.ResponseWriter, status int, name string, data any) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'")
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if err := pages.ExecuteTemplate(w, name+".html", data); err != nil {
		a.Logger.Error("page", "name", name, "error", err)
	}
}

// home says what stands here and how a client is told of it.
func (a *Access) home(w http.ResponseWriter, _ *http.Request) {
	a.show(w, http.StatusOK, "home", struct{ Resource string }{a.resource()})
}
