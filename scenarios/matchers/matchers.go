// Package matchers judges answers and traces in the words of the stories. A
// matcher that fails prints what was seen, not "false".
package matchers

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/onsi/gomega/types"

	"github.com/portico-mcp/portico/scenarios/world"
	"github.com/portico-mcp/portico/simulators/client"
	"github.com/portico-mcp/portico/simulators/trace"
)

// matcher is a Gomega matcher over one type of actual.
type matcher[T any] struct {
	want  string
	match func(T) bool
	shows func(T) string
}

func (m matcher[T]) Match(actual any) (bool, error) {
	a, ok := actual.(T)
	if !ok {
		return false, fmt.Errorf("want a %T, got a %T", *new(T), actual)
	}
	return m.match(a), nil
}

func (m matcher[T]) FailureMessage(actual any) string { return m.message(actual, "to") }

func (m matcher[T]) NegatedFailureMessage(actual any) string { return m.message(actual, "not to") }

func (m matcher[T]) message(actual any, to string) string {
	return fmt.Sprintf("expected %s %s\nseen:\n%s", to, m.want, m.shows(actual.(T)))
}

func answers(want string, match func(world.Answer) bool) types.GomegaMatcher {
	return matcher[world.Answer]{want, match, func(a world.Answer) string {
		if a.Error != nil {
			return a.Error.Error()
		}
		return string(a.Raw)
	}}
}

func traces(want string, match func(trace.Trace) bool) types.GomegaMatcher {
	return matcher[world.Sight]{want, func(s world.Sight) bool { return match(s.Judged()) }, func(s world.Sight) string { return s.Trace.String() }}
}

// HaveText matches an answer whose text is the sentence.
func HaveText(text string) types.GomegaMatcher {
	return answers(fmt.Sprintf("have the text %q", text), func(a world.Answer) bool { return a.Error == nil && !a.IsError && a.Text == text })
}

// Mention matches an answer, good or bad, that has the words in it.
func Mention(words string) types.GomegaMatcher {
	return answers(fmt.Sprintf("mention %q", words), func(a world.Answer) bool {
		return strings.Contains(a.Text, words) || a.Error != nil && strings.Contains(a.Error.Message, words)
	})
}

// BeAToolError matches a result in which the tool, or the portal in its place,
// says that it failed.
func BeAToolError() types.GomegaMatcher {
	return answers("be a result with isError", func(a world.Answer) bool { return a.Error == nil && a.IsError })
}

// BeRefused matches an answer that is a JSON-RPC error of the code, or of another
// one that the specification allows in its place.
func BeRefused(code int, allowed ...int) types.GomegaMatcher {
	return answers("be refused with "+or(code, allowed), func(a world.Answer) bool {
		return a.Error != nil && slices.Contains(append(allowed, code), a.Error.Code)
	})
}

// or is the number that is wanted, and those that are allowed in its place.
func or(wanted int, allowed []int) string {
	text := fmt.Sprint(wanted)
	for _, n := range allowed {
		text += fmt.Sprintf(", or %d, which is allowed too", n)
	}
	return text
}

// BeError matches a JSON-RPC error of the code.
func BeError(code int) types.GomegaMatcher {
	return matcher[*client.RPCError]{fmt.Sprintf("be the error %d", code),
		func(e *client.RPCError) bool { return e != nil && e.Code == code },
		func(e *client.RPCError) string { return fmt.Sprint(e) }}
}

// HaveStatus matches an HTTP reply by its status code, or by another one that the
// specification allows in its place.
func HaveStatus(status int, allowed ...int) types.GomegaMatcher {
	return matcher[world.Reply]{"have the status " + or(status, allowed),
		func(r world.Reply) bool { return slices.Contains(append(allowed, status), r.Status) },
		func(r world.Reply) string { return fmt.Sprintf("%d %v\n%s", r.Status, r.Header, r.Body) }}
}

// BeAskedFor matches what a server heard if it was asked once for the tool or
// prompt by its own name, with exactly these arguments.
func BeAskedFor(name string, args world.Args) types.GomegaMatcher {
	return traces(fmt.Sprintf("be asked once for %s with %v", name, args), func(t trace.Trace) bool {
		calls := calls(t)
		return len(calls) == 1 && calls[0].Name() == name && sameArguments(calls[0], args)
	})
}

// BeCalled matches what a server heard if a tool was called or a prompt asked
// for, however often.
func BeCalled() types.GomegaMatcher {
	return traces("be called", func(t trace.Trace) bool { return len(calls(t)) > 0 })
}

func calls(t trace.Trace) []trace.Message {
	var all []trace.Message
	for _, e := range t.Exchanges {
		if m := e.Asked(); m.Method == "tools/call" || m.Method == "prompts/get" {
			all = append(all, m)
		}
	}
	return all
}

func sameArguments(m trace.Message, args world.Args) bool {
	var got struct{ Arguments json.RawMessage }
	want, err := json.Marshal(args)
	return err == nil && json.Unmarshal(m.Params, &got) == nil && sameJSON(want, got.Arguments)
}

// Carry matches a trace in which the secret is somewhere in a request: as it
// is, or as it looks in a URL, in base64 or in hexadecimal.
func Carry(secret string) types.GomegaMatcher {
	if secret == "" {
		panic("Carry needs a secret: nothing carries the empty one, and that would prove nothing")
	}
	return traces("carry the secret", func(t trace.Trace) bool {
		return slices.ContainsFunc(t.Exchanges, func(e trace.Exchange) bool { return carries(e, secret) })
	})
}

func carries(e trace.Exchange, secret string) bool {
	whole := e.Request.URL + "\n" + e.Request.Body
	for key, values := range e.Request.Header {
		whole += "\n" + key + ": " + strings.Join(values, "\n")
	}
	forms := []string{
		secret, url.QueryEscape(secret), hex.EncodeToString([]byte(secret)),
		base64.StdEncoding.EncodeToString([]byte(secret)), base64.RawURLEncoding.EncodeToString([]byte(secret)),
	}
	return slices.ContainsFunc(forms, func(form string) bool { return strings.Contains(whole, form) })
}

// EachCarry matches a trace that is not empty and in which every request has
// the header with the value.
func EachCarry(header, value string) types.GomegaMatcher {
	return each(fmt.Sprintf("each carry %s: %s", header, value), func(e trace.Exchange) bool {
		return e.Request.Header.Get(header) == value
	})
}

// EachComeFrom matches a trace that is not empty and in which the listener saw
// the address every time.
func EachComeFrom(address string) types.GomegaMatcher {
	return each("each come from "+address, func(e trace.Exchange) bool { return e.Address == address })
}

// EachBeSentBy matches a trace that is not empty and in which the party sent
// every request.
func EachBeSentBy(p trace.Party) types.GomegaMatcher {
	return each("each be sent by "+string(p), func(e trace.Exchange) bool { return e.From == p })
}

// EachReach matches a trace that is not empty and in which every request was
// dialled to the party.
func EachReach(p trace.Party) types.GomegaMatcher {
	return each("each reach "+string(p), func(e trace.Exchange) bool { return e.To == p })
}

func each(want string, match func(trace.Exchange) bool) types.GomegaMatcher {
	return traces(want, func(t trace.Trace) bool {
		return len(t.Exchanges) > 0 && !slices.ContainsFunc(t.Exchanges, func(e trace.Exchange) bool { return !match(e) })
	})
}

// credentialHeaders are the headers that could carry somebody's credential.
var credentialHeaders = []string{
	"Authorization", "Cookie", "Proxy-Authorization", "X-Api-Key",
	"Cf-Access-Jwt-Assertion", "Cf-Access-Client-Id", "Cf-Access-Client-Secret", "Cf-Access-Token",
}

// CarryNoCredential matches a trace that is not empty and in which no request
// has a header that could carry a credential.
func CarryNoCredential() types.GomegaMatcher {
	return each("carry no credential", func(e trace.Exchange) bool {
		return !slices.ContainsFunc(credentialHeaders, func(h string) bool { return e.Request.Header.Get(h) != "" })
	})
}

// EachHave matches a trace that is not empty and in which every request has
// the header.
func EachHave(header string) types.GomegaMatcher {
	return each("each have "+header, func(e trace.Exchange) bool { return e.Request.Header.Get(header) != "" })
}

// AnswerWith matches a trace in which some response has the header.
func AnswerWith(header string) types.GomegaMatcher {
	return traces("answer with "+header, func(t trace.Trace) bool {
		return slices.ContainsFunc(t.Exchanges, func(e trace.Exchange) bool { return e.Response != nil && e.Response.Header.Get(header) != "" })
	})
}

// AskInOrder matches a trace in which the path is posted to before the party
// first hears of anybody.
func AskInOrder(path string, party trace.Party) types.GomegaMatcher {
	return traces(fmt.Sprintf("ask %s before %s", path, party), func(t trace.Trace) bool {
		posted := slices.IndexFunc(t.Exchanges, func(e trace.Exchange) bool { return e.Path() == path && e.Request.Method == "POST" })
		reached := slices.IndexFunc(t.Exchanges, func(e trace.Exchange) bool { return e.To == party })
		return posted >= 0 && reached > posted
	})
}

// BeSilent matches a trace in which nothing happened.
func BeSilent() types.GomegaMatcher {
	return traces("be silent", func(t trace.Trace) bool { return len(t.Exchanges) == 0 })
}

// Pass matches a trace whose requests of a JSON-RPC method went through the
// parties, one hop after another.
func Pass(method string, parties ...trace.Party) types.GomegaMatcher {
	return traces(fmt.Sprintf("pass %v with %s", parties, method), func(t trace.Trace) bool {
		var way []trace.Party
		for _, e := range t.Asking(method).Exchanges {
			if len(way) == 0 {
				way = append(way, e.From)
			}
			way = append(way, e.To)
		}
		return slices.Equal(way, parties)
	})
}

// TakeSteps matches a trace whose steps come in this order, repetitions of a
// step in a row counted once.
func TakeSteps(steps ...trace.Step) types.GomegaMatcher {
	return traces(fmt.Sprintf("take the steps %v", steps), func(t trace.Trace) bool {
		var taken []trace.Step
		for i := range t.Exchanges {
			if s := t.StepOf(i); len(taken) == 0 || taken[len(taken)-1] != s {
				taken = append(taken, s)
			}
		}
		return slices.Equal(taken, steps)
	})
}
