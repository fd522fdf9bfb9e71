package access_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/portico-mcp/portico/reference/access"
)

// web answers for the hosts of client metadata documents, and notes who was
// asked.
type web struct {
	body, location string
	status         int
	asked          []string
}

func (w *web) RoundTrip(r *http.Request) (*http.Response, error) {
	w.asked = append(w.asked, r.URL.String())
	h := http.Header{"Content-Type": {"application/json"}}
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
