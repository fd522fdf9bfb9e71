package access

import (
	"embed"
	"html/template"
	"net/http"

	"github.com/portico-mcp/portico/reference/page"
)

//go:embed pages/*.html
var pageFiles embed.FS

var pages = template.Must(template.ParseFS(pageFiles, "pages/*.html"))

// message is a page that says one thing.
type message struct{ Title, Text string }

// consentPage asks whether a client may act for the person.
type consentPage struct {
	Client, Host, Resource, Scope, Flow, CSRF string
	Publisher                                 string // the host that vouches for the client; empty: nobody
	Local                                     bool   // the client is a program on the person's own machine
}

// show answers with one of the pages.
func (a *Access) show(w http.ResponseWriter, status int, name string, data any) {
	if err := page.Show(w, status, pages, name+".html", data); err != nil {
		a.Logger.Error("page", "name", name, "error", err)
	}
}

// home says what stands here and how a client is told of it.
func (a *Access) home(w http.ResponseWriter, _ *http.Request) {
	a.show(w, http.StatusOK, "home", struct{ Resource string }{a.resource()})
}
