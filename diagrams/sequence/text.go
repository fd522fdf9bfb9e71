package sequence

import (
	"fmt"
	"strings"

	"github.com/portico-mcp/portico/simulators/trace"
)

// Asks is what a request says, in few words: the JSON-RPC method and what it
// names, or the HTTP method and path, and the credential that it carries.
func Asks(e trace.Exchange) string {
	text := e.Request.Method + " " + e.Path()
	if m := e.Asked(); m.Method != "" {
		text = strings.TrimSpace(m.Method + " " + m.Name())
	}
	if c := credential(e); c != "" {
		text += " [" + c + "]"
	}
	return text
}

// credential is the name of the credential on a request.
func credential(e trace.Exchange) string {
	h := e.Request.Header
	if _, token, ok := strings.Cut(h.Get("Authorization"), " "); ok {
		return token
	}
	for _, name := range []string{"Cf-Access-Jwt-Assertion", "Cf-Access-Client-Id"} {
		if value := h.Get(name); value != "" {
			return value
		}
	}
	return ""
}

// Answers is what a response says: its status, what it issued, where it sends
// the browser.
func Answers(e trace.Exchange) string {
	if e.Response == nil {
		return e.Failure
	}
	text := fmt.Sprint(e.Response.Status)
	if issued := issued(e.Response.Body); issued != "" {
		text += " " + issued
	}
	if e.Response.Header.Get("Mcp-Session-Id") != "" {
		text += " " + e.Response.Header.Get("Mcp-Session-Id")
	}
	if to := e.Response.Header.Get("Location"); to != "" {
		text += " to " + place(to)
	}
	if strings.Contains(e.Response.Header.Get("Www-Authenticate"), "resource_metadata") {
		text += " resource_metadata"
	}
	if told := e.Told(); len(told) > 0 {
		if last := told[len(told)-1]; len(last.Error) > 0 {
			text += " error"
		}
		if len(told) > 1 {
			text += fmt.Sprintf(", %d notifications first", len(told)-1)
		}
	}
	return text
}

// issued is the named values that a body hands out.
func issued(body string) string {
	var found []string
	for _, field := range []string{"access_token", "refresh_token", "id_token", "client_id"} {
		if _, rest, ok := strings.Cut(body, `"`+field+`":"`); ok {
			value, _, _ := strings.Cut(rest, `"`)
			found = append(found, value)
		}
	}
	return strings.Join(found, ", ")
}

// place is host and path of an address.
func place(address string) string {
	address, _, _ = strings.Cut(address, "?")
	_, rest, ok := strings.Cut(address, "://")
	if !ok {
		return address
	}
	return rest
}

// Text is the sequence in words: one sentence after another.
func Text(t trace.Trace) string { return strings.Join(sentences(t), " ") }

// Markdown is the sequence as a numbered list, for who cannot see the picture.
func Markdown(t trace.Trace, title string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n", title)
	for i, s := range sentences(t) {
		fmt.Fprintf(&b, "%d. %s\n", i+1, s)
	}
	return []byte(b.String())
}

func sentences(t trace.Trace) []string {
	var all []string
	last := trace.Step(0)
	for _, e := range events(t) {
		x := t.Exchanges[e.exchange]
		sentence := fmt.Sprintf("%s to %s: %s.", x.From, x.To, Asks(x))
		if e.answer {
			sentence = fmt.Sprintf("%s answers %s: %s.", x.To, x.From, Answers(x))
		}
		if e.step != last && !e.answer {
			sentence, last = e.step.String()+": "+sentence, e.step
		}
		all = append(all, sentence)
	}
	return all
}
