package matchers

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/onsi/gomega/types"

	"github.com/portico-mcp/portico/scenarios/world"
	"github.com/portico-mcp/portico/simulators/trace"
)

// CallsOf keeps the calls of a tool by the name that the server knows it under, as
// a server reads them that takes keys as they are.
func CallsOf(tool string) func(trace.Exchange) bool {
	return func(e trace.Exchange) bool {
		var message, params map[string]json.RawMessage
		if json.Unmarshal([]byte(e.Request.Body), &message) != nil || json.Unmarshal(message["params"], &params) != nil {
			return false
		}
		return string(message["method"]) == `"tools/call"` && string(params["name"]) == JSON(tool)
	}
}

// CallsWith keeps the calls of [CallsOf] whose arguments are exactly these.
func CallsWith(tool string, args world.Args) func(trace.Exchange) bool {
	return func(e trace.Exchange) bool {
		var message struct{ Params map[string]json.RawMessage }
		return CallsOf(tool)(e) && json.Unmarshal([]byte(e.Request.Body), &message) == nil && sameJSON(message.Params["arguments"], []byte(JSON(args)))
	}
}

// ForTokens keeps the requests to a token endpoint with a grant of the type
// (RFC 6749 §4.1.3, §6).
func ForTokens(grant string) func(trace.Exchange) bool {
	return func(e trace.Exchange) bool {
		form, err := url.ParseQuery(e.Request.Body)
		return err == nil && form.Get("grant_type") == grant
	}
}

// AnswerTheIDOf matches a reply that is a JSON-RPC message under the id of the
// request, whose error, if it is one, has an integer for a code (JSON-RPC 2.0 §5).
func AnswerTheIDOf(request string) types.GomegaMatcher {
	var asked struct{ ID json.RawMessage }
	if json.Unmarshal([]byte(request), &asked) != nil || asked.ID == nil {
		panic(fmt.Sprintf("%s has no id", request))
	}
	return matcher[world.Reply]{"answer the id " + string(asked.ID),
		func(r world.Reply) bool {
			var m struct {
				ID    json.RawMessage
				Error *struct{ Code json.Number }
			}
			if json.Unmarshal([]byte(r.Body), &m) != nil || string(m.ID) != string(asked.ID) {
				return false
			}
			if m.Error == nil {
				return true
			}
			_, err := m.Error.Code.Int64()
			return err == nil
		},
		func(r world.Reply) string { return fmt.Sprintf("%d\n%s", r.Status, r.Body) }}
}

// Say matches a reply whose body has the words in it.
func Say(words string) types.GomegaMatcher {
	if words == "" {
		panic("Say needs words: every body has none")
	}
	return matcher[world.Reply]{fmt.Sprintf("say %q", words),
		func(r world.Reply) bool { return strings.Contains(r.Body, words) },
		func(r world.Reply) string { return fmt.Sprintf("%d\n%s", r.Status, r.Body) }}
}

// HeldUp says that somebody waits for an answer. A sight in which nobody does
// shows nothing of what waiting does to others, and ends the story.
func HeldUp(t world.Sight) {
	if !slices.ContainsFunc(t.Judged().Exchanges, func(e trace.Exchange) bool { return e.Response == nil && e.Failure == "" }) {
		t.Missing("nobody waits for an answer")
	}
}

// Relabelled is a JSON Web Token whose header names another algorithm, without a
// signature (RFC 7515 §A.5); an empty name: no algorithm.
func Relabelled(token, alg string) string {
	_, rest, _ := strings.Cut(Unsigned(token), ".")
	header := map[string]string{"typ": "JWT"}
	if alg != "" {
		header["alg"] = alg
	}
	return base64.RawURLEncoding.EncodeToString([]byte(JSON(header))) + "." + rest
}

// SayAKeyTwice matches a trace in which a request's body is JSON that has one key
// twice in an object, however deep: two readers may then read it differently
// (RFC 8259 §4).
func SayAKeyTwice() types.GomegaMatcher {
	return traces("say a key twice", func(t trace.Trace) bool {
		return slices.ContainsFunc(t.Exchanges, func(e trace.Exchange) bool {
			return json.Valid([]byte(e.Request.Body)) && doubled(json.NewDecoder(strings.NewReader(e.Request.Body)))
		})
	})
}

// doubled says whether the next value of valid JSON has an object with a key twice.
func doubled(d *json.Decoder) bool {
	start, _ := d.Token()
	if start != json.Delim('{') && start != json.Delim('[') {
		return false
	}
	found, keys := false, map[json.Token]bool{}
	for d.More() {
		if start == json.Delim('{') {
			key, _ := d.Token()
			found, keys[key] = found || keys[key], true
		}
		found = doubled(d) || found
	}
	_, _ = d.Token() // its end
	return found
}

// BeErrorDetails matches what the admin API says of a failed sync if it consists
// of status_code, mcp_code, retryable, is_upstream and cause, each of its kind; the
// two codes may be missing where no server answered with one.
func BeErrorDetails() types.GomegaMatcher {
	return matcher[map[string]any]{"be details of an error",
		func(d map[string]any) bool {
			_, retryable := d["retryable"].(bool)
			_, upstream := d["is_upstream"].(bool)
			cause, _ := d["cause"].(string)
			if !retryable || !upstream || cause == "" {
				return false
			}
			for name, value := range d {
				_, number := value.(float64)
				code := (name == "status_code" || name == "mcp_code") && (number || value == nil)
				if !code && name != "retryable" && name != "is_upstream" && name != "cause" {
					return false
				}
			}
			return true
		},
		func(d map[string]any) string { return JSON(d) }}
}
