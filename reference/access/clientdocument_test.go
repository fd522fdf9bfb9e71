package access_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portico-mcp/portico/reference/access"
)

// web answers for the hosts of client metadata documents, and notes who was
// asked.
type web struct {
	body, location string
	status         int
	cache          string // Cache-Control
	asked          []string
}

func (w *web) RoundTrip(r *http.Request) (*http.Response, error) {
	w.asked = append(w.asked, r.URL.String())
	h := http.Header{"Content-Type": {"application/json"}, "Cache-Control": {w.cache}}
	if w.location != "" {
		h.Set("Location", w.location)
	}
	return &http.Response{StatusCode: w.status, Header: h, Body: io.NopCloser(strings.NewReader(w.body)), Request: r}, nil
}

const documentID = "https://editor.example/client.json"

func openFor(t *testing.T, w *web) *door {
	t.Helper()
	a, err := access.New(access.Config{
		Origin: origin, Audience: "portal", HTTP: &http.Client{Transport: w}, Provider: provider{}, Next: http.NotFoundHandler(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return &door{Access: a, cookies: map[string]string{}}
}

func TestAClientMayDescribeItselfAtItsID(t *testing.T) {
	w := &web{status: 200, body: `{"client_id":"` + documentID + `","client_name":"editor","redirect_uris":["` + client + `"]}`}
	d := openFor(t, w)
	d.consent(t, request(documentID))
	d.consent(t, request(documentID))
	if len(w.asked) != 1 {
		t.Errorf("the document was fetched %d times", len(w.asked))
	}
}

func TestAClientsDocumentIsRefused(t *testing.T) {
	good := `{"client_id":"` + documentID + `","redirect_uris":["` + client + `"]}`
	cases := map[string]struct {
		id    string
		web   web
		asked int
	}{
		"of another id":      {documentID, web{status: 200, body: strings.Replace(good, "client.json", "other.json", 1)}, 1},
		"that is not there":  {documentID, web{status: 404, body: good}, 1},
		"that is elsewhere":  {documentID, web{status: 302, body: good, location: "https://elsewhere.example/"}, 1},
		"that is no JSON":    {documentID, web{status: 200, body: `<html>`}, 1},
		"too large":          {documentID, web{status: 200, body: good + strings.Repeat(" ", 64<<10)}, 1},
		"with bad redirects": {documentID, web{status: 200, body: `{"client_id":"` + documentID + `","redirect_uris":["javascript:x"]}`}, 1},
		"in plain http":      {"http://editor.example/client.json", web{status: 200, body: good}, 0},
		"on loopback":        {"http://127.0.0.1:9/client.json", web{status: 200, body: good}, 0},
		"inside, by address": {"https://10.0.0.1/client.json", web{status: 200, body: good}, 0},
		"inside, disguised":  {"https://[::ffff:169.254.169.254]/client.json", web{status: 200, body: good}, 0},
		"inside, as a sum":   {"https://2130706433/client.json", web{status: 200, body: good}, 0},
		"inside, shortened":  {"https://127.1/client.json", web{status: 200, body: good}, 0},
		"inside, by name":    {"https://localhost./client.json", web{status: 200, body: good}, 0},
		"nowhere":            {"https://0.0.0.0/client.json", web{status: 200, body: good}, 0},
		"with a fragment":    {documentID + "#x", web{status: 200, body: good}, 0},
		"up at the end":      {"https://editor.example/a/%2e%2e", web{status: 200, body: good}, 0},
		"overlong":           {documentID + "?" + strings.Repeat("x", 2048), web{status: 200, body: good}, 0},
		"with a secret":      {documentID, web{status: 200, body: `{"client_id":"` + documentID + `","client_secret":"x","redirect_uris":["` + client + `"]}`}, 1},
		"that proves itself": {documentID, web{status: 200, body: `{"client_id":"` + documentID + `","token_endpoint_auth_method":"client_secret_basic","redirect_uris":["` + client + `"]}`}, 1},
		"without a path":     {"https://editor.example", web{status: 200, body: good}, 0},
		"with a user":        {"https://u@editor.example/client.json", web{status: 200, body: good}, 0},
		"up the path":        {"https://editor.example/a/../client.json", web{status: 200, body: good}, 0},
	}
	for name, c := range cases {
		d := openFor(t, &c.web)
		res := d.send("GET", "/oauth/authorize?"+request(c.id).Encode(), nil, "", true)
		if res.StatusCode != http.StatusBadRequest || res.Header.Get("Location") != "" {
			t.Errorf("%s: %d", name, res.StatusCode)
		}
		if len(c.web.asked) != c.asked {
			t.Errorf("%s: asked %v", name, c.web.asked)
		}
	}
}

func TestADocumentIsKeptAsItsServerSays(t *testing.T) {
	cases := map[string]struct {
		cache string
		after time.Duration
		asked int
	}{
		"unsaid, soon":     {"", 4 * time.Minute, 1},
		"unsaid, later":    {"", 6 * time.Minute, 2},
		"for an hour":      {"public, max-age=3600", 59 * time.Minute, 1},
		"after that hour":  {"public, max-age=3600", 61 * time.Minute, 2},
		"for ever":         {"max-age=31536000", 25 * time.Hour, 2},
		"not at all":       {"no-store", 0, 2},
		"not without word": {"max-age=60, no-cache", 0, 2},
		"unreadable":       {"max-age=soon", 0, 2},
	}
	for name, c := range cases {
		synctest.Test(t, func(t *testing.T) {
			w := &web{status: 200, cache: c.cache, body: `{"client_id":"` + documentID + `","redirect_uris":["` + client + `"]}`}
			d := openFor(t, w)
			d.consent(t, request(documentID))
			time.Sleep(c.after)
			d.consent(t, request(documentID))
			if len(w.asked) != c.asked {
				t.Errorf("%s: fetched %d times, want %d", name, len(w.asked), c.asked)
			}
		})
	}
}

func TestTheConsentPageSaysWhoVouchesAndWhoHears(t *testing.T) {
	page := func(d *door, id string) string {
		body, _ := io.ReadAll(d.send("GET", "/oauth/authorize?"+request(id).Encode(), nil, "", true).Body)
		return string(body)
	}
	d := openFor(t, &web{status: 200, body: `{"client_id":"` + documentID + `","redirect_uris":["` + client + `"]}`})
	described, registered := page(d, documentID), page(d, d.register(t))
	if !strings.Contains(described, "editor.example") || strings.Contains(described, "unverified") {
		t.Errorf("a client with a document:\n%s", described)
	}
	for _, want := range []string{"unverified", "127.0.0.1:3000", "your own computer", origin + "/mcp"} {
		if !strings.Contains(registered, want) {
			t.Errorf("a registered client: no %q in\n%s", want, registered)
		}
	}
}
