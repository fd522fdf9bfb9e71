// Package page shows a person a page of the deployment, with the headers that
// keep every page from being framed, cached or followed.
package page

import (
	"html/template"
	"net/http"
)

// Show answers with a template of the set. The error is the template's; the
// status has been sent by then.
func Show(w http.ResponseWriter, status int, set *template.Template, name string, data any) error {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'")
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	return set.ExecuteTemplate(w, name, data)
}
