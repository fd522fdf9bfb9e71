package report

import (
	"bytes"
	"encoding/json"
	"net/http"

	"github.com/portico-mcp/portico/scenarios/verdict"
	"github.com/portico-mcp/portico/simulators/trace"
)

// bodyOfEvent is how much of a body events.jsonl keeps, in bytes.
const bodyOfEvent = 64 << 10

// event is one exchange of one story. It has no time of any clock: sent and
// answered are places in the order of what happened.
type event struct {
	Story    string      `json:"story"` // by revision and title, as in results.json
	Place    int         `json:"place"` // from 1, what the evidence of results.json speaks of
	From     trace.Party `json:"from"`
	To       trace.Party `json:"to"`
	Address  string      `json:"address,omitempty"` // that the listener saw
	Sent     int         `json:"sent"`
	Answered int         `json:"answered,omitempty"`
	Request  said        `json:"request"`
	Response *said       `json:"response,omitempty"`
	Failure  string      `json:"failure,omitempty"` // why no answer came
}

// said is a request or a response.
type said struct {
	Method string      `json:"method,omitempty"`
	URL    string      `json:"url,omitempty"`
	Status int         `json:"status,omitempty"`
	Header http.Header `json:"header,omitempty"`
	Body   string      `json:"body,omitempty"`
	Cut    int         `json:"cut,omitempty"` // bytes of the body that are left out here
}

// events is the traffic of every story, an exchange a line.
func events(r verdict.Report) ([]byte, error) {
	var b bytes.Buffer
	for _, result := range r.Results {
		for i, e := range result.Trace.Exchanges {
			line, err := json.Marshal(eventOf(result.Key(), i+1, e))
			if err != nil {
				return nil, err
			}
			b.Write(asciiJSON(append(line, '\n')))
		}
	}
	return b.Bytes(), nil
}

func eventOf(story string, place int, e trace.Exchange) event {
	out := event{
		Story: story, Place: place, From: e.From, To: e.To, Address: e.Address, Sent: e.Sent, Answered: e.Answered, Failure: e.Failure,
		Request: said{Method: e.Request.Method, URL: e.Request.URL, Header: e.Request.Header},
	}
	out.Request.Body, out.Request.Cut = cut(e.Request.Body, bodyOfEvent)
	if e.Response != nil {
		out.Response = &said{Status: e.Response.Status, Header: e.Response.Header}
		out.Response.Body, out.Response.Cut = cut(e.Response.Body, bodyOfEvent)
	}
	return out
}
