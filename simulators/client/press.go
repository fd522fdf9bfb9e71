package client

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// What a label begins with, by what pressing it does.
var (
	connects  = []string{"connect"}
	allows    = []string{"allow", "approve", "authorize", "accept"}
	continues = []string{"continue", "done"}
	refuses   = []string{"deny", "refuse", "reject", "decline", "cancel"}
)

// presser decides what to press next during one visit.
type presser struct {
	browser   *Browser
	connected map[string]bool
	last      string // what was pressed on the page before
}

// choose picks what to press. Nothing but Connect is pressed again that led
// straight back: a password that is refused stays refused.
func (p *presser) choose(d *document) (control, bool) {
	for _, wanted := range []func(control) bool{labelled(connects), asksPassword, labelled(allows), labelled(continues)} {
		for _, c := range d.controls {
			if !wanted(c) {
				continue
			}
			if p.browser.refuses(c, d) {
				if no, ok := p.no(d); ok {
					return no, true
				}
				continue
			}
			if p.take(c) {
				return c, true
			}
		}
	}
	return control{}, false
}

// no finds what refuses on a page.
func (p *presser) no(d *document) (control, bool) {
	for _, c := range d.controls {
		if labelled(refuses)(c) && p.take(c) {
			return c, true
		}
	}
	return control{}, false
}

// take says whether a control may be pressed, and notes that it is.
func (p *presser) take(c control) bool {
	key := c.key()
	if labelled(connects)(c) {
		if p.connected[key] {
			return false
		}
		p.connected[key] = true
	} else if key == p.last {
		return false
	}
	p.last = key
	return true
}

func (b *Browser) refuses(c control, d *document) bool {
	word := firstWord(c.label)
	return slices.ContainsFunc(b.refused, func(r refused) bool {
		return r.label == word && strings.HasPrefix(d.page.URL, r.prefix)
	})
}

func labelled(words []string) func(control) bool {
	return func(c control) bool { return slices.Contains(words, firstWord(c.label)) }
}

func asksPassword(c control) bool { return c.password && !labelled(refuses)(c) }

// firstWord is the first word of a label in lower case, without what is no
// letter: "Connect wiki…" is "connect", "Connected" is not.
func firstWord(label string) string {
	words := strings.FieldsFunc(strings.ToLower(label), func(r rune) bool { return !('a' <= r && r <= 'z') })
	if len(words) == 0 {
		return ""
	}
	return words[0]
}

// key tells controls apart across two showings of a page: by what the page put
// there, and not by what somebody typed. What proves that a form is the page's
// own differs each time and is left out.
func (c control) key() string {
	parts := []string{c.verb, c.to.String(), c.label}
	for _, f := range c.fields {
		name := strings.ToLower(f.name)
		proof := strings.Contains(name, "token") || strings.Contains(name, "csrf") || strings.Contains(name, "nonce")
		if f.kind == "button" || f.kind == "hidden" && !proof {
			parts = append(parts, f.name+"="+f.value)
		}
	}
	return strings.Join(parts, "\n")
}

// press is the navigation that pressing a control on a page begins.
func (c control) press(d *document, login Login) navigation {
	n := navigation{verb: c.verb, to: c.to, from: d.url, secretive: d.secretive}
	if c.fields == nil {
		return n
	}
	form := c.fill(login)
	if c.verb == http.MethodPost {
		n.form = form
		return n
	}
	to := *c.to
	to.RawQuery = form.Encode() // a form sent by GET replaces the query, HTML "Mutate action URL"
	n.to = &to
	return n
}

// fill fills in a form as it is, and types the login where a password is asked
// for: the user's name goes into the field called username, or else into the
// first field for text.
func (c control) fill(login Login) url.Values {
	form := url.Values{}
	for _, f := range c.fields {
		form.Add(f.name, f.value)
	}
	if !c.password {
		return form
	}
	name := slices.IndexFunc(c.fields, func(f field) bool { return f.name == "username" })
	if name < 0 {
		name = slices.IndexFunc(c.fields, func(f field) bool { return f.kind == "" || f.kind == "text" || f.kind == "email" })
	}
	if name >= 0 {
		form.Set(c.fields[name].name, login.Username)
	}
	for _, f := range c.fields {
		if f.kind == "password" {
			form.Set(f.name, login.Password)
		}
	}
	return form
}
