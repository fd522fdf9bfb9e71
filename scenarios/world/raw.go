package world

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/portico-mcp/portico/fixtures"
)

// PostEach posts bodies one after another as they are, each with the session's
// credential, and with header in place of the session's.
func (s *Session) PostEach(header http.Header, bodies ...string) []Reply {
	var all []Reply
	for _, body := range bodies {
		all = append(all, s.Post(body, header))
	}
	return all
}

// PostUnder posts a body as it is, once under each of the headers.
func (s *Session) PostUnder(body string, headers ...http.Header) []Reply {
	var all []Reply
	for _, header := range headers {
		all = append(all, s.Post(body, header))
	}
	return all
}

// Inside is the URL of the MCP endpoint on the portal's own host, behind the
// front door, where only application tokens count. A portal that shows no such
// host ends the story.
func (w *World) Inside() string {
	origin := w.town.Origins["portal"]
	if origin == "" {
		w.end("the portal has no host of its own behind the front door")
	}
	return origin + "/mcp"
}

// InsideHost is the host, and port if it has one, of [World.Inside].
func (w *World) InsideHost() string {
	at, err := url.Parse(w.Inside())
	must(err)
	return at.Host
}

// Origin is the portal's public origin, without a final slash.
func (w *World) Origin() string { return strings.TrimSuffix(w.town.Endpoint, "/mcp") }

// Timed does something and says how long it took.
func (w *World) Timed(act func()) time.Duration {
	w.looked(fixtures.AtClock)
	began := time.Now()
	act()
	return time.Since(began)
}

// Until lets time go by until a moment; one that is past is a mistake of the
// story.
func (w *World) Until(moment time.Time) {
	d := time.Until(moment)
	if d <= 0 {
		fail(fmt.Errorf("%s is past", moment))
	}
	w.Pass(d)
}
