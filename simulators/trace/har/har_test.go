package har_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portico-mcp/portico/simulators/trace"
	"github.com/portico-mcp/portico/simulators/trace/har"
)

// capture is a portal behind its door, a server, and who protects and signs in.
const capture = `{"log":{"version":"1.2","creator":{"name":"x","version":"1"},"entries":[
{"startedDateTime":"2026-01-01T00:00:01.000Z","time":10,"request":{"method":"POST","url":"https://wiki.example/mcp",
 "headers":[{"name":":authority","value":"wiki.example"},{"name":"authorization","value":"Bearer t"}],
 "postData":{"mimeType":"application/json","text":"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"search\"}}"}},
 "response":{"status":200,"headers":[],"content":{"mimeType":"application/json","encoding":"base64","text":"e30="}}},
{"startedDateTime":"2026-01-01T00:00:00.990Z","time":40,"request":{"method":"POST","url":"https://Portal.example/mcp","headers":[],
 "postData":{"mimeType":"application/json","text":"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"wiki_search\"}}"}},
 "response":{"status":0,"headers":[],"content":{}}},
{"startedDateTime":"2026-01-01T00:00:02Z","time":1,"request":{"method":"POST","url":"https://as.example/token","headers":[],
 "postData":{"mimeType":"application/x-www-form-urlencoded","params":[{"name":"grant_type","value":"refresh_token"},{"name":"a","value":"b c"}]}},
 "response":{"status":200,"headers":[],"content":{"mimeType":"application/json","text":"{\"access_token\":\"t\"}"}}},
{"startedDateTime":"2026-01-01T00:00:03Z","time":1,"request":{"method":"GET","url":"https://idp.example/.well-known/openid-configuration","headers":[{"name":"Accept","value":"text/html"}]},
 "response":{"status":200,"headers":[],"content":{"mimeType":"application/json","text":"{}"}}},
{"startedDateTime":"2026-01-01T00:00:04Z","time":1,"request":{"method":"GET","url":"https://news.example/","headers":[]},"response":{"status":200,"headers":[],"content":{}}}
]}}`

func TestAnArchiveIsATrace(t *testing.T) {
	f, err := har.Read([]byte(capture))
	if err != nil {
		t.Fatal(err)
	}
	roles := f.Guess()
	want := map[string]trace.Role{"portal.example": trace.Portal, "wiki.example": trace.Upstream,
		"as.example": trace.AuthorizationServer, "idp.example": trace.IdentityProvider}
	if diff := cmp.Diff(want, roles); diff != "" {
		t.Fatal(diff)
	}
	got := f.Trace(roles)
	if diff := cmp.Diff(trace.Exchange{From: "portal.example", To: "wiki.example", Sent: 2, Answered: 3, After: 10 * time.Millisecond, Took: 10 * time.Millisecond,
		Request: trace.Request{Method: "POST", URL: "https://wiki.example/mcp",
			Header: http.Header{"Authorization": {"Bearer t"}, "Content-Type": {"application/json"}},
			Body:   `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"search"}}`},
		Response: &trace.Response{Status: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: "{}"},
	}, got.Exchanges[1]); diff != "" {
		t.Error(diff)
	}
	if first := got.Exchanges[0]; first.From != "client" || first.Response != nil || first.Failure == "" || first.Sent != 1 {
		t.Errorf("%+v", first)
	}
	if body := got.Exchanges[2].Request.Body; body != "a=b+c&grant_type=refresh_token" {
		t.Errorf("the form is %q", body)
	}
	var askers []trace.Party
	for _, e := range got.Exchanges {
		askers = append(askers, e.From)
	}
	if diff := cmp.Diff([]trace.Party{"client", "portal.example", "portal.example", "browser", ""}, askers); diff != "" {
		t.Error(diff)
	}
}

// Behind a door of its own the portal is asked by it.
func TestADoorStandsBetween(t *testing.T) {
	f, err := har.Read([]byte(strings.ReplaceAll(capture, "news.example", "door.example")))
	if err != nil {
		t.Fatal(err)
	}
	roles := f.Guess()
	roles["door.example"] = trace.Access
	got := f.Trace(roles)
	if e := got.Exchanges[0]; e.From != "door.example" {
		t.Errorf("the portal is asked by %q", e.From)
	}
	if e := got.Exchanges[4]; e.From != "client" || got.Role("client") != trace.Client {
		t.Errorf("the door is asked by %q", e.From)
	}
}

func TestWhatIsNoArchive(t *testing.T) {
	for _, b := range []string{`{}`, `{"log":{"entries":[]}}`} {
		if _, err := har.Read([]byte(b)); !errors.Is(err, har.ErrNone) {
			t.Errorf("%s: error %v", b, err)
		}
	}
	if _, err := har.Read([]byte(strings.Repeat(`{"log":`, 20_000))); err == nil {
		t.Error("what is nested without end was read")
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(capture))
	f.Add([]byte(`{"log":{"entries":[{"time":-1e300,"request":{"url":"%"}}]}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := har.Read(b)
		if err != nil {
			return
		}
		got := file.Trace(file.Guess())
		for i, e := range got.Exchanges {
			if e.Sent < 1 || i > 0 && e.Sent <= got.Exchanges[i-1].Sent {
				t.Errorf("exchange %d was sent at %d", i, e.Sent)
			}
		}
	})
}
