package mutants

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"

	"github.com/portico-mcp/portico/scenarios/target/inprocess"
)

var _ = add(Mutant{
	ID: "reuses-consent", Says: "Takes a person's consent to one client for consent to every other.",
	Breaks: []string{"MCP-CD-01"},
	Tampering: inprocess.Tampering{Access: func(next http.Handler) http.Handler {
		return at("/oauth/consent", remembering)(at("/oauth/authorize", consenting(next, agreedBefore))(next))
	}},
})

const consented = "consented"

func agreedBefore(r *http.Request) bool {
	c, err := r.Cookie(consented)
	return err == nil && c.Value == "allow"
}

// remembering notes in the browser that its person said yes.
func remembering(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: consented, Value: form(r).Get("answer"), Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
		next.ServeHTTP(w, r)
	})
}

var hidden = regexp.MustCompile(`name="(flow|csrf)" value="([^"]*)"`)

// consenting answers the consent page in the place of the person.
func consenting(door http.Handler, when func(*http.Request) bool) handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			page := httptest.NewRecorder()
			next.ServeHTTP(page, r)
			found := hidden.FindAllStringSubmatch(page.Body.String(), -1)
			if !when(r) || len(found) != 2 {
				forward(w, page)
				return
			}
			f := url.Values{"answer": {"allow"}}
			for _, field := range found {
				f.Set(field[1], field[2])
			}
			yes := r.Clone(r.Context())
			yes.Method, yes.URL, yes.Header = http.MethodPost, &url.URL{Path: "/oauth/consent"}, http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
			for _, c := range append(page.Result().Cookies(), r.Cookies()...) {
				yes.AddCookie(c)
			}
			setBody(yes, []byte(f.Encode()))
			door.ServeHTTP(w, yes)
		})
	}
}

func forward(w http.ResponseWriter, page *httptest.ResponseRecorder) {
	for key, values := range page.Header() {
		w.Header()[key] = values
	}
	w.WriteHeader(page.Code)
	_, _ = strings.NewReader(page.Body.String()).WriteTo(w)
}
