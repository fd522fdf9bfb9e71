package rpc_test

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/portico-mcp/portico/reference/portal/rpc"
)

func TestObjectEdits(t *testing.T) {
	tests := []struct {
		name, raw string
		edit      func(*rpc.Object)
		want      string
	}{
		{"replace", `{ "a" : 1 , "b":2.50 }`, func(o *rpc.Object) { o.Set("a", json.RawMessage(`"x"`)) }, `{ "a" : "x" , "b":2.50 }`},
		{"add", "{ \"a\":1\n}", func(o *rpc.Object) { o.SetString("b", "<é>") }, "{ \"a\":1,\"b\":\"<é>\"\n}"},
		{"add to empty", ` { }`, func(o *rpc.Object) { o.SetString("b", "x") }, ` {"b":"x" }`},
		{"add twice", `{}`, func(o *rpc.Object) { o.SetString(`b"`, "x"); o.SetString(`b"`, "longer"); o.SetString("c", "y") }, `{"b\"":"longer","c":"y"}`},
		{"delete first", `{"a":1, "b":2}`, func(o *rpc.Object) { o.Delete("a") }, `{"b":2}`},
		{"delete middle", `{"a":1, "b":2 ,"c":3}`, func(o *rpc.Object) { o.Delete("b") }, `{"a":1 ,"c":3}`},
		{"delete last", `{"a":1, "b":2}`, func(o *rpc.Object) { o.Delete("b") }, `{"a":1}`},
		{"delete only", `{"a":1 }`, func(o *rpc.Object) { o.Delete("a") }, `{ }`},
		{"delete absent", `{"a":1 }`, func(o *rpc.Object) { o.Delete("b") }, `{"a":1 }`},
		{"escaped key", `{"x\/y":1,"b":2}`, func(o *rpc.Object) { o.Set("x/y", json.RawMessage(`3`)); o.Delete("b") }, `{"x\/y":3}`},
		{"delete, then replace behind", `{"a":1,"b":2,"c":3}`, func(o *rpc.Object) { o.Delete("a"); o.Set("c", json.RawMessage(`[]`)) }, `{"b":2,"c":[]}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			raw := json.RawMessage(tt.raw)
			o := object(t, raw)
			tt.edit(&o)
			if d := cmp.Diff(tt.want, string(o.Bytes())); d != "" {
				t.Error(d)
			}
			if string(raw) != tt.raw {
				t.Errorf("the original changed: %s", raw)
			}
		})
	}
}

func TestZeroObject(t *testing.T) {
	var o rpc.Object
	if got := string(o.Bytes()); got != "{}" {
		t.Errorf("got %s", got)
	}
	o.SetString("a", "b")
	if got := string(o.Bytes()); got != `{"a":"b"}` {
		t.Errorf("got %s", got)
	}
}

func TestParseObjectRefuses(t *testing.T) {
	for name, raw := range map[string]string{
		"array": `[]`, "nothing": ``, "null": `null`, "half": `{"a":`, "trailing": `{} {}`, "duplicate": `{"a":1,"a":2}`,
		"folded": `{"Name":1}`, "escaped": `{"n\u0061me":1}`, "long s": `{"argumentſ":1}`, "no comma": `{"a":1 "b":2}`,
	} {
		if _, err := rpc.ParseObject(json.RawMessage(raw), "name", "arguments"); err == nil {
			t.Errorf("%s: accepted %s", name, raw)
		}
	}
}

// TestObjectEditsMatchAModel edits an object and a list of its members side by
// side: what was not edited keeps its text, and the rest reads back.
func TestObjectEditsMatchAModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type pair struct{ key, value string }
		var model []pair
		seen := map[string]bool{}
		for _, k := range rapid.SliceOfN(rapid.StringN(0, 4, -1), 0, 20).Draw(t, "keys") {
			k = strings.ToValidUTF8(k, "")
			if !seen[k] {
				seen[k] = true
				model = append(model, pair{k, " " + strconv.Itoa(len(model)) + ".0e1"})
			}
		}
		var text []string
		for _, p := range model {
			text = append(text, " "+string(rpc.Quote(p.key))+" :"+p.value)
		}
		o, err := rpc.ParseObject(json.RawMessage("{" + strings.Join(text, " ,") + " }"))
		if err != nil {
			t.Fatal(err)
		}
		for range rapid.IntRange(0, 8).Draw(t, "edits") {
			k := strings.ToValidUTF8(rapid.StringN(0, 4, -1).Draw(t, "key"), "")
			if len(model) > 0 && rapid.Bool().Draw(t, "existing") {
				k = rapid.SampledFrom(model).Draw(t, "member").key
			}
			at := -1
			for i, p := range model {
				if p.key == k {
					at = i
				}
			}
			if rapid.Bool().Draw(t, "delete") {
				o.Delete(k)
				if at >= 0 {
					model = append(model[:at:at], model[at+1:]...)
				}
				continue
			}
			value := rapid.SampledFrom([]string{`1`, `"long text"`, `{"a":[]}`}).Draw(t, "value")
			o.Set(k, json.RawMessage(value))
			if at >= 0 {
				model[at].value = value
			} else {
				model = append(model, pair{k, value})
			}
		}
		again, err := rpc.ParseObject(o.Bytes())
		if err != nil {
			t.Fatalf("%s: %v", o.Bytes(), err)
		}
		for _, both := range []rpc.Object{o, again} {
			if both.Len() != len(model) {
				t.Fatalf("%s has %d members, want %d", o.Bytes(), both.Len(), len(model))
			}
			for _, p := range model {
				if v, ok := both.Get(p.key); !ok || string(v) != strings.TrimSpace(p.value) {
					t.Fatalf("%q is %s in %s, want %s", p.key, v, o.Bytes(), p.value)
				}
			}
		}
	})
}

func TestQuoteReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		quoted := rpc.Quote(text)
		if !json.Valid(quoted) {
			t.Fatalf("%s is not JSON", quoted)
		}
		got, ok := rpc.Unquote(quoted)
		if want := strings.ToValidUTF8(text, "\uFFFD"); got != want || !ok {
			t.Fatalf("got %q, want %q", got, want)
		}
	})
}

func TestArrays(t *testing.T) {
	values, err := rpc.Elements(json.RawMessage(` [ 1.0 , {"a":[]},"b"] `))
	if err != nil {
		t.Fatal(err)
	}
	if got := string(rpc.Array(values)); got != `[1.0,{"a":[]},"b"]` {
		t.Errorf("got %s", got)
	}
	for _, bad := range []string{`{}`, ``, `[1,]`, `[1 2]`, `[,1]`, `[1`, `[1]]`, `[{"a":1,"a":1}]`} {
		if _, err := rpc.Elements(json.RawMessage(bad)); err == nil {
			t.Errorf("accepted %s", bad)
		}
	}
}

func object(t *testing.T, raw json.RawMessage) rpc.Object {
	t.Helper()
	o, err := rpc.ParseObject(raw)
	if err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return o
}
