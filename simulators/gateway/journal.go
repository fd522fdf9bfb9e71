package gateway

import (
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"sync"
	"time"
)

// Action is what the gateway decided about a request.
type Action string

// Allow forwards the request.
const Allow Action = "allow"

// Record is one request in the gateway's log. Of the header fields only the
// mirrored MCP method and name can appear in it, of bodies only the same two;
// query values that look like secrets are redacted. Secrets in a path are not
// recognised.
type Record struct {
	Time      time.Time `json:"time"` // when the request's header arrived
	ID        string    `json:"id"`   // unique in this log and not sent anywhere
	Method    string    `json:"method"`
	Host      string    `json:"host"` // upstream, lower case, port only if it is not the scheme's
	URL       string    `json:"url"`
	Status    int       `json:"status"`    // what the client got; 0: nothing
	BytesIn   int64     `json:"bytes_in"`  // of the request's body
	BytesOut  int64     `json:"bytes_out"` // of the answer's body
	MCPMethod string    `json:"mcp_method,omitempty"`
	Tool      string    `json:"mcp_tool,omitempty"` // of tools/call
	Source    string    `json:"source"`             // address of the client
	Action    Action    `json:"action,omitempty"`   // empty: refused before any decision, see Error
	Error     string    `json:"error,omitempty"`    // why there was no answer, or not all of it
}

func newRecord(r *http.Request, to site) Record {
	return Record{
		Time:   time.Now(),
		ID:     rand.Text(),
		Method: r.Method,
		Host:   to.host,
		URL:    redactedURL(r, to),
		Source: r.RemoteAddr,
	}
}

// journal is the log: records in order of arrival, and lines of JSON in order
// of completion.
type journal struct {
	mu      sync.Mutex
	entries []*Record

	writing sync.Mutex // held while output is written to
	output  io.Writer
}

// entry is a record that can still change.
type entry struct {
	journal *journal
	record  *Record
}

func (j *journal) begin(r Record) *entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.entries = append(j.entries, &r)
	return &entry{journal: j, record: &r}
}

func (j *journal) records() []Record {
	j.mu.Lock()
	defer j.mu.Unlock()
	records := make([]Record, len(j.entries))
	for i, r := range j.entries {
		records[i] = *r
	}
	return records
}

func (e *entry) change(f func(*Record)) {
	e.journal.mu.Lock()
	defer e.journal.mu.Unlock()
	f(e.record)
}

// end writes the record's line. A log that cannot be written stops nothing.
func (e *entry) end() {
	if e.journal.output == nil {
		return
	}
	var final Record
	e.change(func(r *Record) { final = *r })
	line, err := json.Marshal(final)
	if err != nil {
		return
	}
	e.journal.writing.Lock()
	defer e.journal.writing.Unlock()
	_, _ = e.journal.output.Write(append(line, '\n'))
}
