package live

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// act does what a form of the page says and goes back to where it stood.
func (s *site) act(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		s.answer(w, r, effect{Text: err.Error(), Failed: true})
		return
	}
	o, err := readOrder(r)
	var said string
	if err == nil {
		said, err = s.of.Do(r.Context(), r.PostForm.Get("verb"), o)
	}
	if err != nil {
		s.answer(w, r, effect{Text: visible(err.Error()), Failed: true})
		return
	}
	s.answer(w, r, effect{Text: visible(said)})
}

// answer keeps what an order came to and sends the browser back to where it was
// given (303, RFC 9110 §15.4.4).
func (s *site) answer(w http.ResponseWriter, r *http.Request, o effect) {
	if o.At = r.PostForm.Get("back"); !sections[o.At] {
		o.At = "do"
	}
	http.Redirect(w, r, back(r.PostForm, s.outcomes.keep(o), o.At), http.StatusSeeOther)
}

// readOrder reads a form: the arguments are a0, a1 and so on, and what is left
// empty at the end is not there. The error is ErrUsage.
func readOrder(r *http.Request) (Order, error) {
	o := Order{On: strings.TrimSpace(r.PostForm.Get("on"))}
	for i := 0; r.PostForm.Has("a" + strconv.Itoa(i)); i++ {
		o.Args = append(o.Args, strings.TrimSpace(r.PostForm.Get("a"+strconv.Itoa(i))))
	}
	for len(o.Args) > 0 && o.Args[len(o.Args)-1] == "" {
		o.Args = o.Args[:len(o.Args)-1]
	}
	var err error
	number := func(name string, read func(string) error) {
		if text := strings.TrimSpace(r.PostForm.Get(name)); text != "" && err == nil {
			if read(text) != nil {
				err = fmt.Errorf("%w: %s: %q is no number", ErrUsage, name, text)
			}
		}
	}
	number("times", func(text string) (e error) { o.Times, e = strconv.Atoi(text); return })
	number("spares", func(text string) (e error) { o.Spares, e = strconv.Atoi(text); return })
	number("chance", func(text string) (e error) { o.Chance, e = strconv.ParseFloat(text, 64); return })
	number("seed", func(text string) (e error) { o.Seed, e = strconv.ParseUint(text, 10, 64); return })
	return o, err
}

// longest is how long the page waits for a tool.
const longest = 30 * time.Second

// actCall calls a tool as somebody.
func (s *site) actCall(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		s.answer(w, r, effect{Text: err.Error(), Failed: true})
		return
	}
	r.PostForm.Set("back", "call")
	call := Call{As: r.PostForm.Get("as"), Revision: r.PostForm.Get("revision"), Tool: strings.TrimSpace(r.PostForm.Get("tool"))}
	var err error
	if call.Args, err = readForm(r.PostForm.Get("args")); err == nil && call.Tool == "" {
		err = fmt.Errorf("%w: no tool is named", ErrUsage)
	}
	var called Called
	if err == nil {
		ctx, cancel := context.WithTimeout(r.Context(), longest)
		defer cancel()
		called, err = s.of.CallTool(ctx, call)
	}
	if err != nil {
		s.answer(w, r, effect{Text: visible(err.Error()), Failed: true})
		return
	}
	s.answer(w, r, s.calledOutcome(call, called))
}

// mostHops is how many hops of a call are shown below it.
const mostHops = 40

func (s *site) calledOutcome(call Call, called Called) effect {
	o := effect{Call: &called, Text: visible(call.Tool + " as " + call.As), Failed: called.Error != "" || called.IsError}
	called.Text, called.Error = cut(called.Text), cut(called.Error)
	roles := s.of.Network.Roles()
	for _, x := range called.Hops[:min(mostHops, len(called.Hops))] {
		o.Rows = append(o.Rows, s.rowOf(x, roles))
	}
	byOldest(o.Rows)
	return o
}

// readForm reads a JSON object, or arguments as [ReadArguments] does, one a line.
// The error is ErrUsage.
func readForm(text string) (map[string]any, error) {
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, "{") {
		var args map[string]any
		if err := json.Unmarshal([]byte(text), &args); err != nil {
			return nil, fmt.Errorf("%w: the arguments are no JSON object: %w", ErrUsage, err)
		}
		return args, nil
	}
	var words []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			words = append(words, line)
		}
	}
	return ReadArguments(words)
}
