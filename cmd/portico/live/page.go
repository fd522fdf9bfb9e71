package live

import (
	"io/fs"
	"net"
	"net/http"
)

// cookieName is the cookie of a browser that opened the page. The port is in it,
// since cookies know no ports: two towns on one machine would take each other's.
func cookieName(r *http.Request) string {
	_, port, _ := net.SplitHostPort(r.Host)
	return "portico-control-" + port
}

// site is the page of the town.
type site struct {
	*control
	outcomes outcomes
}

// pages adds the page of the town: what is read with GET, what is ordered with a
// form, and the stream that keeps an open page up to date.
func (c *control) pages() {
	s := &site{control: c, outcomes: outcomes{all: map[string]effect{}}}
	for pattern, answer := range map[string]http.HandlerFunc{
		"GET /{$}":           s.home,
		"GET /state":         s.state,
		"GET /events":        s.events,
		"GET /exchange/{id}": s.exchange,
		"POST /act":          s.act,
		"POST /act/call":     s.actCall,
	} {
		c.mux.HandleFunc(pattern, s.within(answer))
	}
	c.mux.HandleFunc("GET /open", s.open)
	c.mux.HandleFunc("GET /style.css", asset("style.css", "text/css; charset=utf-8"))
	c.mux.HandleFunc("GET /page.js", asset("page.js", "text/javascript; charset=utf-8"))
	c.mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
}

// within lets in who has the town's token, and tells others how to get in.
func (s *site) within(answer http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		guardHeaders(w.Header())
		switch {
		case s.admits(r):
			answer(w, r)
		case r.Method == http.MethodPost && s.opened(r):
			show(w, http.StatusForbidden, "shut", with("Why", "This order did not come from the town's page, so nothing was done."))
		default:
			show(w, http.StatusUnauthorized, "shut", with("Why", ""))
		}
	}
}

// open gives a browser that comes with the token a cookie with it, and takes the
// token out of the address bar.
func (s *site) open(w http.ResponseWriter, r *http.Request) {
	guardHeaders(w.Header())
	if !s.knows(r.URL.Query().Get("token")) {
		show(w, http.StatusUnauthorized, "shut", with("Why", "The token in this address is not this town's: it has begun anew since."))
		return
	}
	w.Header().Set("Referrer-Policy", "no-referrer")
	http.SetCookie(w, &http.Cookie{Name: cookieName(r), Value: s.of.Token, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// asset serves a file of the page; there is nothing in it that is this town's.
func asset(name, kind string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		b, err := fs.ReadFile(pageFiles, "page/"+name)
		if err != nil {
			http.Error(w, "not found", http.StatusNotFound)
			return
		}
		guardHeaders(w.Header())
		w.Header().Set("Content-Type", kind)
		_, _ = w.Write(b)
	}
}
