package live

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/portico-mcp/portico/simulators/network"
	"github.com/portico-mcp/portico/simulators/trace"
)

// How the stream keeps its pace, whatever the town's is.
const (
	pace      = 125 * time.Millisecond // between two events: eight a second
	mostRows  = 60                     // in an event
	mostRead  = 600                    // exchanges that a filter looks at for an event
	mostBack  = 20_000                 // journal events that a page which was away catches up with
	heartbeat = 15 * time.Second       // by which one finds out that nobody listens
	patience  = 30 * time.Second       // for a listener that does not read
)

// event is what the stream tells an open page.
type event struct {
	Rows   string `json:"rows"`   // of the journal, newest first, as HTML
	Hops   []lit  `json:"hops"`   // what passed
	Left   int    `json:"left"`   // exchanges that passed and have no row here
	Gone   int    `json:"gone"`   // exchanges that were given up so far
	Rules  string `json:"rules"`  // what the rules over traces saw, as HTML
	Marked string `json:"marked"` // rows of exchanges that were found to break one
}

// lit is a hop and how often something passed it.
type lit struct {
	From   place `json:"from"`
	To     place `json:"to"`
	Count  int   `json:"count"`
	Failed int   `json:"failed"`
}

// events keeps an open page up to date (HTML Living Standard, Server-sent
// events). It reads the journal at its own pace and takes the newest: nothing in
// the town waits for it. It ends with the request, and so with the server.
func (s *site) events(w http.ResponseWriter, r *http.Request) {
	after := s.resume(r)
	f := readFilter(r.URL.Query())
	w.Header().Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(w)
	say := func(text string) bool {
		_ = out.SetWriteDeadline(time.Now().Add(patience)) // a recorder of tests has none
		_, err := w.Write([]byte(text))
		return err == nil && out.Flush() == nil
	}
	happened, stop := s.of.Network.Watch()
	defer stop()
	told := telling{of: s}
	for alive := say("retry: 1000\n\n"); alive; {
		news, changed := told.news(f)
		if s.of.Network.Latest() != after || news {
			var e event
			e, after = s.gather(after, f)
			e.Rules, e.Marked = told.rules, told.marked
			b, err := json.Marshal(e)
			alive = err == nil && say(fmt.Sprintf("id: %d\ndata: %s\n\n", after, b)) && pause(r, nil, nil, pace)
			continue
		}
		select {
		case <-happened:
		default:
			if !pause(r, happened, changed, heartbeat) {
				return
			}
			if s.of.Network.Latest() == after {
				alive = say(":\n\n")
			}
		}
	}
}

// telling is what a stream told of the rules over traces; at first nothing, since
// the page may have been made before the latest was known.
type telling struct {
	of   *site
	seen int    // how many breaches
	last string // what the rules saw

	rules, marked string // what to tell now; empty: nothing
}

// news says whether there is something to tell of the rules, and what is closed
// when there may be more.
func (t *telling) news(f filter) (any bool, changed <-chan struct{}) {
	said, changed := t.of.of.judge.now()
	t.rules, t.marked = "", ""
	if html, err := fragment("rules", rulesOf(said)); err == nil && html != t.last {
		t.rules, t.last = html, html
	}
	t.marked, t.seen = t.of.marked(t.seen, f)
	return t.rules != "" || t.marked != "", changed
}

// resume is the event that a page knows of already.
func (s *site) resume(r *http.Request) int {
	latest := s.of.Network.Latest()
	text := r.Header.Get("Last-Event-ID")
	if text == "" {
		text = r.URL.Query().Get("since")
	}
	after, err := strconv.Atoi(text)
	if err != nil || after < 0 || after > latest {
		return latest
	}
	return after
}

// pause waits for something to happen, but not longer than d; false: nobody
// listens any more.
func pause(r *http.Request, happened, judged <-chan struct{}, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-r.Context().Done():
		return false
	case <-happened:
	case <-judged:
	case <-timer.C:
	}
	return true
}

// gather is what happened after an event, and the event to go on from.
func (s *site) gather(after int, f filter) (event, int) {
	skipped := max(0, s.of.Network.Latest()-mostBack-after)
	news := s.of.Network.News(after+skipped, 0)
	roles := s.of.Network.Roles()
	e := event{Hops: hopsOf(news.Seen, roles), Gone: news.Dropped, Left: skipped / 2} // an exchange is two events
	var rows []row
	for i := len(news.Seen) - 1; i >= 0; i-- {
		x := news.Seen[i]
		if len(rows) == mostRows || f.Set() && len(news.Seen)-i > mostRead {
			if x.Answered > 0 {
				e.Left++
			}
			continue
		}
		if r, ok := s.passes(x, f, roles); ok {
			rows = append(rows, r)
		}
	}
	byNewest(rows)
	e.Rows, _ = fragment("rows", rows)
	return e, news.Next
}

// hopsOf counts what passed each hop of the picture, and what of it failed. An
// exchange counts when it is over, a stream also when it is seen to have begun.
func hopsOf(seen []network.Seen, roles map[trace.Party]trace.Role) []lit {
	all := []lit{}
	places := map[[2]place]int{}
	for _, x := range seen {
		if x.Answered == 0 && (x.Response == nil || kindOf(x.Response.Header) != "text/event-stream") {
			continue
		}
		key := [2]place{placeOf(x.From, x.Exchange, roles), place(x.To)}
		i, ok := places[key]
		if !ok {
			i = len(all)
			places[key] = i
			all = append(all, lit{From: key[0], To: key[1]})
		}
		all[i].Count++
		if gradeOf(x) == failed {
			all[i].Failed++
		}
	}
	return all
}
