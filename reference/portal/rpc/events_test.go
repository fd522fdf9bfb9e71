package rpc_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/portico-mcp/portico/reference/portal/rpc"
)

func TestEvents(t *testing.T) {
	tests := []struct {
		name, stream string
		want         []string
	}{
		{"LF", "data: a\n\ndata: b\n\n", []string{"a", "b"}},
		{"CR", "data: a\r\rdata: b\r\r", []string{"a", "b"}},
		{"CRLF", "data: a\r\n\r\ndata: b\r\n\r\n", []string{"a", "b"}},
		{"mixed", "data: a\r\n\rdata: b\n\r\n", []string{"a", "b"}},
		{"no blank after the colon", "data:a\n\n", []string{"a"}},
		{"only one blank goes", "data:  a\n\n", []string{" a"}},
		{"many lines", "data: {\ndata: }\n\n", []string{"{\n}"}},
		{"comments", ": keep-alive\n\n:\ndata: a\n: x\n\n", []string{"a"}},
		{"id, retry and unknown fields", "id: 1\nretry: 5\nfoo: x\nbar\ndata: a\n\n", []string{"a"}},
		{"priming event", "id: 1\ndata: \n\ndata: a\n\n", []string{"a"}},
		{"message", "event: message\ndata: a\n\n", []string{"a"}},
		{"another type", "event: endpoint\ndata: /x\n\ndata: a\n\n", []string{"a"}},
		{"type does not last", "event: x\n\ndata: a\n\n", []string{"a"}},
		{"broken off", "data: a\n\ndata: b\n", []string{"a"}},
		{"byte order mark", "\uFEFFdata: a\n\n", []string{"a"}},
		{"nothing", "", nil},
		{"colon in the data", "data: {\"a\":1}\n\n", []string{`{"a":1}`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, r := range []io.Reader{strings.NewReader(tt.stream), iotest.OneByteReader(strings.NewReader(tt.stream))} {
				if d := cmp.Diff(tt.want, events(t, r)); d != "" {
					t.Error(d)
				}
			}
		})
	}
}

func TestEventsHandsOnBeforeTheNextByte(t *testing.T) {
	r, w := io.Pipe()
	defer w.Close()
	go io.WriteString(w, "data: a\r\r")
	for data, err := range rpc.Events(r) { // would hang if CR waited for its LF
		if string(data) != "a" || err != nil {
			t.Errorf("%q, %v", data, err)
		}
		break
	}
}

func TestEventsEndWithTheReadError(t *testing.T) {
	broken := errors.New("broken")
	r := io.MultiReader(strings.NewReader("data: a\n\ndata: b"), iotest.ErrReader(broken))
	var got []error
	for _, err := range rpc.Events(r) {
		got = append(got, err)
	}
	if len(got) != 2 || got[0] != nil || got[1] != broken {
		t.Errorf("got %v", got)
	}
}

func TestEventsAreBounded(t *testing.T) {
	line := strings.Repeat("x", 1<<20)
	lines := "data: " + strings.Repeat(line+"\ndata: ", 17)
	for name, r := range map[string]io.Reader{
		"one line":   io.MultiReader(strings.NewReader("data: "), strings.NewReader(strings.Repeat(line, 17))),
		"many lines": strings.NewReader(lines),
	} {
		var last error
		for _, err := range rpc.Events(r) {
			last = err
		}
		if last != rpc.ErrEventTooLong {
			t.Errorf("%s: %v", name, last)
		}
	}
}

func TestWrittenEventsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var stream bytes.Buffer
		var want []string
		for _, data := range rapid.SliceOf(rapid.StringOf(rapid.RuneFrom([]rune("a: é\r\n")))).Draw(t, "data") {
			if err := rpc.WriteEvent(&stream, []byte(data)); err != nil {
				t.Fatal(err)
			}
			if data != "" {
				want = append(want, strings.ReplaceAll(strings.ReplaceAll(data, "\r\n", "\n"), "\r", "\n"))
			}
		}
		if d := cmp.Diff(want, events(t, &stream)); d != "" {
			t.Fatal(d)
		}
	})
}

func events(t interface{ Fatal(...any) }, r io.Reader) []string {
	var got []string
	for data, err := range rpc.Events(r) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, string(data))
	}
	return got
}
