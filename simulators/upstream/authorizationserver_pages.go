package upstream

import (
	"html/template"
	"net/http"
)

// The pages need no script, and their policy allows none.
const (
	pageHead = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{{.Title}}</title>
<style>
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 28rem; margin: 10vh auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; line-height: 1.25; }
p { overflow-wrap: anywhere; }
label, input { display: block; width: 100%; box-sizing: border-box; }
input, button { font: inherit; padding: .5rem; }
button { padding: .5rem 1.2rem; margin-right: .5rem; }
[role=alert] { border-left: .25rem solid #c33; padding-left: .75rem; }
</style></head>
<body>
<main>
<h1>{{.Title}}</h1>
`
	pageFoot = `</main>
</body>
</html>
`
	loginHTML = pageHead + `<p>to let {{.Client}} act for you at {{.Resource}}</p>
{{with .Problem}}<p role="alert">{{.}}</p>
{{end}}<form method="post" action="/login">
<input type="hidden" name="token" value="{{.Token}}">
<p><label>Username <input name="username" autocomplete="username" required autofocus></label></p>
<p><label>Password <input name="password" type="password" autocomplete="current-password" required></label></p>
<p><button type="submit">Sign in</button></p>
</form>
` + pageFoot
	consentHTML = pageHead + `<p>{{.Client}}, at {{.Host}}, asks to act for {{.Account}} at {{.Resource}}. It may use:</p>
<ul>
{{range .Scopes}}<li>{{.}}</li>
{{end}}</ul>
<form method="post" action="/consent">
<input type="hidden" name="token" value="{{.Token}}">
<p><button type="submit" name="decision" value="allow">Allow</button>
<button type="submit" name="decision" value="deny">Deny</button></p>
</form>
` + pageFoot
	problemHTML = pageHead + `<p role="alert">{{.Text}}</p>
` + pageFoot
)

// pages are for a person's eyes.
type pages struct{ loginT, consentT, problemT *template.Template }

type loginPage struct{ Title, Client, Resource, Token, Problem string }

type consentPage struct {
	Title, Client, Host, Account, Resource, Token string

	Scopes []string
}

type problemPage struct{ Title, Text string }

func newPages() pages {
	return pages{
		loginT:   template.Must(template.New("login").Parse(loginHTML)),
		consentT: template.Must(template.New("consent").Parse(consentHTML)),
		problemT: template.Must(template.New("problem").Parse(problemHTML)),
	}
}

func (p pages) login(w http.ResponseWriter, status int, content loginPage) {
	content.Title = "Sign in"
	writePage(w, status, p.loginT, content)
}

func (p pages) consent(w http.ResponseWriter, content consentPage) {
	content.Title = "Allow access?"
	writePage(w, http.StatusOK, p.consentT, content)
}

func (p pages) problem(w http.ResponseWriter, status int, text string) {
	writePage(w, status, p.problemT, problemPage{Title: "This did not work", Text: text})
}

// writePage sends a page that nobody may frame or cache. The policy has no
// form-action: browsers apply that to the redirect after a form as well, and
// this one ends at a client's redirect URI.
func writePage(w http.ResponseWriter, status int, t *template.Template, content any) {
	h := w.Header()
	guardHeaders(h)
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_ = t.Execute(w, content) // a reader that left is the only failure
}

// guardHeaders keeps an answer out of caches and its address out of Referer
// headers: both can hold a code or a state.
func guardHeaders(h http.Header) {
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
}
