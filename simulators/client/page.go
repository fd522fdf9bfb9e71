package client

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// document is a page with what can be pressed on it.
type document struct {
	page      Page
	url       *url.URL
	secretive bool // Referrer-Policy: no-referrer
	controls  []control
}

// control is a link or the button of a form.
type control struct {
	label    string
	verb     string
	to       *url.URL
	fields   []field // of the form, the button among them; nil: a link
	password bool    // the form asks for a password
}

type field struct{ name, value, kind string }

// read reads a page and notes that it was seen. What is no HTML is a page with
// text and nothing to press.
func (b *Browser) read(res *http.Response, at *url.URL) (*document, error) {
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxBody))
	if err != nil {
		return nil, fmt.Errorf("read a page of %s: %w", origin(at), err)
	}
	d := &document{
		url: at, page: Page{URL: at.String(), Status: res.StatusCode},
		secretive: res.Header.Get("Referrer-Policy") == "no-referrer",
	}
	if media := mediaType(res.Header); media == "text/html" || media == "application/xhtml+xml" {
		d.parse(string(body))
	} else {
		d.page.Text = strings.Join(strings.Fields(string(body)), " ")
	}
	b.mu.Lock()
	b.pages = append(b.pages, d.page)
	b.mu.Unlock()
	return d, nil
}

func (d *document) parse(body string) {
	root, err := html.ParseWithOptions(strings.NewReader(body), html.ParseOptionEnableScripting(false))
	if err != nil { // a reader of a string does not fail
		return
	}
	for n := range root.Descendants() {
		if n.Type != html.ElementNode || unseen(n) {
			continue
		}
		switch n.DataAtom {
		case atom.Title:
			if d.page.Title == "" {
				d.page.Title = textOf(n)
			}
		case atom.Body:
			d.page.Text = textOf(n)
		case atom.A:
			d.addLink(n)
		case atom.Form:
			d.addForm(n)
		}
	}
	for _, c := range d.controls {
		d.page.Labels = append(d.page.Labels, c.label)
	}
}

func (d *document) addLink(n *html.Node) {
	to, err := d.url.Parse(attribute(n, "href"))
	if err != nil || !has(n, "href") {
		return
	}
	d.controls = append(d.controls, control{label: labelOf(n), verb: http.MethodGet, to: to})
}

// addForm adds a control for each button of a form, or one without a label for
// a form that has none.
func (d *document) addForm(form *html.Node) {
	to, err := d.url.Parse(attribute(form, "action"))
	if err != nil {
		return
	}
	base := control{verb: http.MethodGet, to: to, fields: []field{}}
	if strings.EqualFold(attribute(form, "method"), "post") {
		base.verb = http.MethodPost
	}
	var buttons []*html.Node
	for n := range form.Descendants() {
		switch {
		case n.Type != html.ElementNode || has(n, "disabled") || unseen(n):
		case isButton(n):
			buttons = append(buttons, n)
		default:
			if f, ok := fieldOf(n); ok {
				base.fields = append(base.fields, f)
				base.password = base.password || f.kind == "password"
			}
		}
	}
	if len(buttons) == 0 {
		d.controls = append(d.controls, base)
	}
	for _, button := range buttons {
		d.controls = append(d.controls, base.with(button, d.url))
	}
}

// with is the form as one of its buttons sends it.
func (c control) with(button *html.Node, page *url.URL) control {
	c.label = labelOf(button)
	if name := attribute(button, "name"); name != "" {
		c.fields = append(c.fields[:len(c.fields):len(c.fields)], field{name, attribute(button, "value"), "button"})
	}
	if to, err := page.Parse(attribute(button, "formaction")); err == nil && has(button, "formaction") {
		c.to = to
	}
	return c
}

func isButton(n *html.Node) bool {
	kind := strings.ToLower(attribute(n, "type"))
	return n.DataAtom == atom.Button && (kind == "" || kind == "submit") || n.DataAtom == atom.Input && kind == "submit"
}

// fieldOf is what a form sends for an element that nobody touches, or is to
// fill in.
func fieldOf(n *html.Node) (field, bool) {
	f := field{name: attribute(n, "name"), value: attribute(n, "value"), kind: strings.ToLower(attribute(n, "type"))}
	switch n.DataAtom {
	case atom.Input:
		switch f.kind {
		case "checkbox", "radio":
			if f.value == "" {
				f.value = "on"
			}
			return f, f.name != "" && has(n, "checked")
		case "button", "reset", "image", "file":
			return f, false
		}
	case atom.Textarea:
		f.value, f.kind = textOf(n), "textarea"
	case atom.Select:
		f.value, f.kind = selected(n), "select"
	default:
		return f, false
	}
	return f, f.name != ""
}

// selected is the value of the option that is chosen, or else the first.
func selected(n *html.Node) string {
	var first *html.Node
	for o := range n.Descendants() {
		if o.DataAtom != atom.Option {
			continue
		}
		if has(o, "selected") {
			first = o
			break
		}
		if first == nil {
			first = o
		}
	}
	switch {
	case first == nil:
		return ""
	case has(first, "value"):
		return attribute(first, "value")
	default:
		return textOf(first)
	}
}

// labelOf is what a person reads on a link or button, or is told by a reader.
func labelOf(n *html.Node) string {
	if n.DataAtom == atom.Input {
		return attribute(n, "value")
	}
	if text := textOf(n); text != "" {
		return text
	}
	return attribute(n, "aria-label")
}

// textOf is what is to be read in an element, on one line.
func textOf(n *html.Node) string {
	var words []string
	for d := range n.Descendants() {
		if d.Type == html.TextNode && !unread(d, n) {
			words = append(words, strings.Fields(d.Data)...)
		}
	}
	return strings.Join(words, " ")
}

// unread says whether text stands in an element, below another, that shows
// none.
func unread(text, below *html.Node) bool {
	for n := text.Parent; n != nil && n != below; n = n.Parent {
		if has(n, "hidden") || n.DataAtom == atom.Script || n.DataAtom == atom.Style || n.DataAtom == atom.Template {
			return true
		}
	}
	return false
}

func unseen(n *html.Node) bool {
	for ; n != nil; n = n.Parent {
		if has(n, "hidden") {
			return true
		}
	}
	return false
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	for _, a := range n.Attr {
		if a.Key == name {
			return true
		}
	}
	return false
}
