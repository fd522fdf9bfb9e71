package probe_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/portico-mcp/portico/simulators/probe"
	"github.com/portico-mcp/portico/simulators/upstream"
)

// An event without data is no answer, and no fault.
func TestAPrimingEventIsNoFault(t *testing.T) {
	raw := upstream.NewRaw(upstream.RawConfig{Revision: "2025-11-25"})
	streams := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		recorded := httptest.NewRecorder()
		raw.ServeHTTP(recorded, r)
		for name, values := range recorded.Header() {
			w.Header()[name] = values
		}
		if recorded.Header().Get("Content-Type") != "application/json" || recorded.Code != http.StatusOK {
			w.WriteHeader(recorded.Code)
			_, _ = w.Write(recorded.Body.Bytes())
			return
		}
		streams++
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = fmt.Fprintf(w, "id: 1\ndata: \n\ndata: %s\n\n", recorded.Body)
	}))
	defer s.Close()
	report, err := probe.Look(t.Context(), probe.Config{URL: s.URL + "/mcp"})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range report.Findings {
		if f.Rule == "json-rpc" {
			t.Errorf("%s: %s", f.Rule, f.Sentence)
		}
	}
	if streams < 2 {
		t.Errorf("%d answers came as streams: this test shows nothing", streams)
	}
}
