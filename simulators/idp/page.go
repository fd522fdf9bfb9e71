package idp

import (
	"html/template"
	"net/http"
)

// The pages need no script, and their policy allows none.
const (
	style = `<style>
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 22rem; margin: 10vh auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; line-height: 1.25; }
label, input { display: block; width: 100%; box-sizing: border-box; }
input, button { font: inherit; padding: .5rem; }
button { padding: .5rem 1.2rem; }
[role=alert] { border-left: .25rem solid #c33; padding-left: .75rem; }
</style>`
	loginHTML = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Sign in</title>` + style + `</head>
<body>
<main>
<h1>Sign in</h1>
<p>to continue to {{.Client}}</p>
{{with .Problem}}<p role="alert">{{.}}</p>
{{end}}<form method="post" action="/login">
<input type="hidden" name="csrf_token" value="{{.CSRF}}">
<p><label>Username <input name="username" autocomplete="username" value="{{.Username}}" required autofocus></label></p>
<p><label>Password <input name="password" type="password" autocomplete="current-password" required></label></p>
<p><button type="submit">Sign in</button></p>
</form>
</main>
</body>
</html>
`
	problemHTML = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Cannot sign in</title>` + style + `</head>
<body>
<main>
<h1>Cannot sign in</h1>
<p role="alert">{{.}}</p>
</main>
</body>
</html>
`
)

// pages are for a person's eyes.
type pages struct {
	login   *template.Template
	problem *template.Template
}

// loginForm is what the login page shows.
type loginForm struct {
	Client   string
	CSRF     string
	Username string
	Problem  string
}

func newPages() pages {
	return pages{
		login:   template.Must(template.New("login").Parse(loginHTML)),
		problem: template.Must(template.New("problem").Parse(problemHTML)),
	}
}

func (p pages) writeLogin(w http.ResponseWriter, status int, form loginForm) {
	writePageHead(w, status)
	_ = p.login.Execute(w, form) // a reader that left is the only failure
}

func (p pages) writeProblem(w http.ResponseWriter, status int, text string) {
	writePageHead(w, status)
	_ = p.problem.Execute(w, text) // a reader that left is the only failure
}

// writePageHead announces a page that nobody may frame, cache or restyle. The
// policy has no form-action: browsers apply that to the redirect after a form
// as well, and this one ends at a client's redirect URI.
func writePageHead(w http.ResponseWriter, status int) {
	h := w.Header()
	guardHeaders(h)
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
}

// guardHeaders keeps an answer out of caches and its address out of Referer
// headers: both can hold a code or a state.
func guardHeaders(h http.Header) {
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
}
