package rpc_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/portico-mcp/portico/reference/portal/rpc"
)

const call = `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"wiki_search","arguments":{"q":"badgers"},"_meta":{"progressToken":1}}}`

func TestParseFindsTheMembers(t *testing.T) {
	m := parse(t, " "+call+"\r\n")
	got := map[string]string{"id": string(m.ID), "method": m.Method, "params": string(m.Params)}
	want := map[string]string{"id": "7", "method": "tools/call",
		"params": `{"name":"wiki_search","arguments":{"q":"badgers"},"_meta":{"progressToken":1}}`}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if name, ok := m.Name(); name != "wiki_search" || !ok {
		t.Errorf("Name() = %q, %v", name, ok)
	}
	if v, ok := m.Param("arguments"); string(v) != `{"q":"badgers"}` || !ok {
		t.Errorf(`Param("arguments") = %s, %v`, v, ok)
	}
	if v, ok := m.Meta("progressToken"); string(v) != "1" || !ok {
		t.Errorf(`Meta("progressToken") = %s, %v`, v, ok)
	}
	if _, ok := m.Param("cursor"); ok {
		t.Error("found a member that is not there")
	}
}

func TestParseKinds(t *testing.T) {
	tests := []struct {
		raw                             string
		request, notification, response bool
	}{
		{`{"jsonrpc":"2.0","id":"a","method":"ping"}`, true, false, false},
		{`{"jsonrpc":"2.0","method":"notifications/initialized"}`, false, true, false},
		{`{"jsonrpc":"2.0","id":-1,"result":{}}`, false, false, true},
		{`{"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":""}}`, false, false, true},
		{`{"jsonrpc":"2.0","id":null,"error":{"code":-1,"message":""}}`, false, false, true},
		{`{"jsonrpc":"2.0","error":{"code":-1,"message":""}}`, false, false, true},
	}
	for _, tt := range tests {
		m := parse(t, tt.raw)
		if m.IsRequest() != tt.request || m.IsNotification() != tt.notification || m.IsResponse() != tt.response {
			t.Errorf("%s: request %v, notification %v, response %v", tt.raw, m.IsRequest(), m.IsNotification(), m.IsResponse())
		}
	}
}

func TestParseDecodesAnEscapedMethod(t *testing.T) {
	if m := parse(t, `{"jsonrpc":"2.0","id":1,"method":"tools\/call"}`); m.Method != "tools/call" {
		t.Errorf("method %q", m.Method)
	}
}

func TestParseRefuses(t *testing.T) {
	envelope := func(members string) string { return `{"jsonrpc":"2.0","id":7,` + members + `}` }
	params := func(members string) string { return envelope(`"method":"tools/call","params":{` + members + `}`) }
	tests := []struct {
		name, raw string
		code      int
		id        string // that the answer can carry
	}{
		{"nothing", ``, -32700, ""},
		{"half", `{"jsonrpc":"2.0","id":7`, -32700, ""},
		{"text after the end", call + `{}`, -32700, ""},
		{"byte order mark", "\uFEFF" + call, -32700, ""},
		{"comment", `/**/` + call, -32700, ""},
		{"trailing comma", `{"jsonrpc":"2.0",}`, -32700, ""},
		{"vertical tab", "\v" + call, -32700, ""},
		{"not UTF-8", params("\"name\":\"\xff\""), -32700, ""},
		{"overlong UTF-8", params("\"name\":\"\xc0\xaf\""), -32700, ""},
		{"NaN", params(`"name":NaN`), -32700, ""},
		{"leading zero", params(`"name":01`), -32700, ""},
		{"batch", `[` + call + `]`, -32600, ""},
		{"string", `"ping"`, -32600, ""},
		{"null", `null`, -32600, ""},
		{"no version", `{"id":7,"method":"ping"}`, -32600, "7"},
		{"version 1.0", `{"jsonrpc":"1.0","id":7,"method":"ping"}`, -32600, "7"},
		{"version with blank", `{"jsonrpc":"2.0 ","id":7,"method":"ping"}`, -32600, "7"},
		{"version as number", `{"jsonrpc":2.0,"id":7,"method":"ping"}`, -32600, "7"},
		{"null id", `{"jsonrpc":"2.0","id":null,"method":"ping"}`, -32600, ""},
		{"object id", `{"jsonrpc":"2.0","id":{},"method":"ping"}`, -32600, ""},
		{"empty method", envelope(`"method":""`), -32600, "7"},
		{"method not a string", envelope(`"method":1`), -32600, "7"},
		{"neither", `{"jsonrpc":"2.0","id":7}`, -32600, "7"},
		{"request and response", envelope(`"method":"ping","result":{}`), -32600, "7"},
		{"result and error", envelope(`"result":{},"error":{}`), -32600, "7"},
		{"result without id", `{"jsonrpc":"2.0","result":{}}`, -32600, ""},
		{"params is an array", envelope(`"method":"ping","params":[]`), -32602, "7"},
		{"params is null", envelope(`"method":"ping","params":null`), -32602, "7"},
		{"two methods", envelope(`"method":"ping","method":"tools/list"`), -32600, "7"},
		{"two ids", envelope(`"method":"ping","id":8`), -32600, ""},
		{"two unknown members", envelope(`"method":"ping","x":1,"x":2`), -32600, "7"},
		{"Method", envelope(`"method":"ping","Method":"tools/list"`), -32600, "7"},
		{"Method alone", envelope(`"Method":"tools/list"`), -32600, "7"},
		{"paramſ", envelope(`"method":"tools/call","params":{},"paramſ":{}`), -32600, "7"},
		{"escaped method", envelope(`"method":"ping","m\u0065thod":"tools/list"`), -32600, "7"},
		{"escaped unknown key", envelope(`"method":"ping","\u0078":1`), -32600, "7"},
		{"two names", params(`"name":"a","name":"b"`), -32600, "7"},
		{"NAME", params(`"name":"a","NAME":"b"`), -32600, "7"},
		{"argumentſ", params(`"name":"a","argumentſ":{}`), -32600, "7"},
		{"escaped name", params(`"name":"a","n\u0061me":"b"`), -32600, "7"},
		{"toKen with the Kelvin sign", params(`"progressTo` + "\u212A" + `en":1`), -32600, "7"},
		{"two keys in _meta", params(`"_meta":{"a":1,"a":2}`), -32600, "7"},
		{"two keys in _meta, one escaped", params(`"_meta":{"a":1,"\u0061":2}`), -32600, "7"},
		{"two keys in arguments", params(`"name":"a","arguments":{"b":1,"b":2}`), -32600, "7"},
		{"two keys deep in an array", params(`"arguments":[[{"b":1,"b":2}]]`), -32600, "7"},
		{"two of many keys", params(`"arguments":{` + manyKeys(50) + `"k0":1}`), -32600, "7"},
		{"too deep", params(`"arguments":` + strings.Repeat("[", 300) + strings.Repeat("]", 300)), -32600, ""},
		{"far too deep", strings.Repeat("[", 1e6), -32600, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, err := rpc.Parse([]byte(tt.raw))
			var refused *rpc.Error
			if !errors.As(err, &refused) {
				t.Fatalf("accepted: %v", err)
			}
			if refused.Code != tt.code || string(m.ID) != tt.id {
				t.Errorf("code %d, id %q; want %d, %q (%s)", refused.Code, m.ID, tt.code, tt.id, refused.Message)
			}
		})
	}
}

func TestParseAccepts(t *testing.T) {
	for name, raw := range map[string]string{
		"other case in _meta":       `"_meta":{"a":1,"A":2}`,
		"other case in arguments":   `"arguments":{"name":1,"Name":2}`,
		"escaped key in _meta":      `"_meta":{"io.modelcontextprotocol\/protocolVersion":"x"}`,
		"prototype":                 `"arguments":{"__proto__":{},"constructor":1}`,
		"NUL key beside its prefix": `"arguments":{"name":1,"name\u0000":2}`,
		"lone surrogate":            `"arguments":"\ud800"`,
		"big numbers":               `"arguments":[1e999999999,-0,123456789012345678901234567890]`,
		"unknown member":            `"x-unknown":[]`,
		"many keys":                 `"arguments":{` + manyKeys(60) + `"last":1}`,
		"as deep as allowed":        `"arguments":` + strings.Repeat("[", rpc.MaxDepth-2) + strings.Repeat("]", rpc.MaxDepth-2),
	} {
		t.Run(name, func(t *testing.T) {
			raw := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{` + raw + `}}`
			if m := parse(t, raw); string(m.Raw) != raw {
				t.Errorf("changed: %s", m.Raw)
			}
		})
	}
}

func TestRenameInPlaceKeepsLengthAndAllOtherBytes(t *testing.T) {
	raw := []byte(call)
	m := parseBytes(t, raw)
	params := m.Rename("search")
	want := strings.Replace(call, `"wiki_search"`, `     "search"`, 1)
	if string(raw) != want {
		t.Errorf("raw is now\n%s, want\n%s", raw, want)
	}
	if &params[0] != &m.Params[0] {
		t.Error("params were copied")
	}
}

func TestRenameToALongerNameLeavesTheMessage(t *testing.T) {
	m := parse(t, call)
	params := m.Rename("a_much_longer_name")
	if want := strings.Replace(string(m.Params), "wiki_search", "a_much_longer_name", 1); string(params) != want {
		t.Errorf("got %s, want %s", params, want)
	}
	if string(m.Raw) != call {
		t.Error("the message changed")
	}
}

func TestParseAgreesWithEncodingJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		doc := rapid.StringOf(rapid.RuneFrom([]rune(`{}[]":,\/u0123abeE+-.trufalsn é€😀`+"\t\n\x00"))).Draw(t, "text")
		agrees(t, []byte(doc))
	})
}

// TestEveryByteInEveryPlaceOfAString covers the reading of eight bytes at once.
func TestEveryByteInEveryPlaceOfAString(t *testing.T) {
	for place := range 20 {
		for b := range 256 {
			doc := []byte(`"` + strings.Repeat("x", 20) + `"`)
			doc[place+1] = byte(b)
			agrees(t, doc)
		}
	}
}

func FuzzScanner(f *testing.F) {
	for _, seed := range []string{call, `[1,-0.5e+7,"\u00e9",{"a":{}}]`, `{"a":tru}`, "\"\xed\xa0\x80\""} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, doc []byte) { agrees(t, doc) })
}

// agrees checks the scanner against json.Valid. Elements scans a whole text
// whose values obey no rules of their own.
func agrees(t interface{ Fatalf(string, ...any) }, doc []byte) {
	array := append(append([]byte("["), doc...), ']')
	_, err := rpc.Elements(array)
	if json.Valid(array) == (err == nil) {
		return
	}
	var refused *rpc.Error
	if errors.As(err, &refused) && (refused.Code == -32600 || !utf8.Valid(doc)) {
		return // duplicate keys, depth, text that is not UTF-8
	}
	t.Fatalf("json.Valid(%q) = %v, but %v", array, json.Valid(array), err)
}

func TestParseDoesNotAllocate(t *testing.T) {
	raw := []byte(call)
	if n := testing.AllocsPerRun(100, func() { _, _ = rpc.Parse(raw) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkParse(b *testing.B) {
	objects := `{"jsonrpc":"2.0","id":1,"result":{"content":[` + strings.Repeat(`{"type":"text","text":"some words here","n":12},`, 1300) + `{}]}}`
	for name, doc := range map[string]string{
		"200B":         call + strings.Repeat(" ", 70),
		"64KB-text":    strings.Replace(call, "badgers", strings.Repeat("badgers ", 8192), 1),
		"64KB-objects": objects,
	} {
		b.Run(name, func(b *testing.B) {
			raw := []byte(doc)
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := rpc.Parse(raw); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func manyKeys(n int) string {
	var keys strings.Builder
	for i := range n {
		keys.WriteString(`"k` + strings.Repeat("x", i) + `":0,`)
	}
	return strings.Replace(keys.String(), `"k"`, `"k0"`, 1)
}

func parse(t *testing.T, raw string) rpc.Message {
	t.Helper()
	return parseBytes(t, []byte(raw))
}

func parseBytes(t *testing.T, raw []byte) rpc.Message {
	t.Helper()
	m, err := rpc.Parse(raw)
	if err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return m
}
