package probe

import (
	"net/http"
	"time"
)

func listed(e *evidence) bool { return e.tools.first() != nil }

// What a list may take.
const (
	slow     = 2 * time.Second
	verySlow = 10 * time.Second
	bigList  = 256 << 10
)

// listRules are about the lists as a whole.
var listRules = []Rule{
	{ID: "list", Level: Stop, Topic: "lists", looks: listed,
		Sentence: "tools/list is answered with a list, and so is prompts/list where prompts are declared", Source: `MCP 2025-11-25 Tools, "Listing Tools"`, check: checkList},
	{ID: "list-endless", Level: Stop, Topic: "lists", looks: listed,
		Sentence: "A list comes to an end, and soon: the last page has no nextCursor, and 100 pages or 10,000 items are enough", Source: "MCP 2025-11-25 Pagination", check: checkEndless},
	{ID: "list-very-slow", Level: Stop, Topic: "lists", looks: listed,
		Sentence: "A list takes no more than 10 seconds, or whoever waits for it gives up", Source: "limits of clients", check: checkVerySlow},
	{ID: "list-slow", Level: Warn, Topic: "lists", looks: listed,
		Sentence: "A list takes no more than 2 seconds: a portal asks every server for it", Source: "limits of clients", check: checkSlow},
	{ID: "list-large", Level: Warn, Topic: "lists", looks: listed,
		Sentence: "A list of tools has no more than 256 KB: a client puts all of it before a model", Source: "limits of clients", check: checkLarge},
	{ID: "list-empty", Level: Note, Topic: "lists", looks: func(e *evidence) bool { return listed(e) && e.tools.fails == "" },
		Sentence: "A server offers a tool or a prompt; a portal shows nothing else of it", Source: "MCP 2025-11-25 Tools", check: checkEmpty},
	{ID: "tools-undeclared", Level: Warn, Topic: "lists", looks: listed,
		Sentence: "A server that has tools declares the tools capability, or strict clients do not ask for them", Source: `MCP 2025-11-25 Tools, "Capabilities"`, check: checkUndeclared},
}

func checkList(e *evidence) (string, *exchange) {
	if e.tools.fails != "" && !e.locksTools() {
		return "tools/list: " + e.tools.fails, e.tools.pages[len(e.tools.pages)-1]
	}
	if e.prompts.fails != "" {
		return "prompts/list: " + e.prompts.fails, e.prompts.pages[len(e.prompts.pages)-1]
	}
	return "", nil
}

// locksTools says whether the list is behind a login, which another rule tells.
func (e *evidence) locksTools() bool {
	return e.line.authorize == nil && e.tools.pages[len(e.tools.pages)-1].is(http.StatusUnauthorized)
}

func checkEndless(e *evidence) (string, *exchange) {
	if e.tools.endless != "" {
		return "tools/list has no end: " + e.tools.endless, e.tools.first()
	}
	if e.prompts.endless != "" {
		return "prompts/list has no end: " + e.prompts.endless, e.prompts.first()
	}
	return "", nil
}

// slowest is the list that took longest.
func (e *evidence) slowest() listing {
	if e.prompts.took > e.tools.took {
		return e.prompts
	}
	return e.tools
}

func checkVerySlow(e *evidence) (string, *exchange) {
	if l := e.slowest(); l.took > verySlow {
		return l.first().what() + " took " + seconds(l.took), l.first()
	}
	return "", nil
}

func checkSlow(e *evidence) (string, *exchange) {
	if l := e.slowest(); l.took > slow && l.took <= verySlow {
		return l.first().what() + " took " + seconds(l.took), l.first()
	}
	return "", nil
}

func checkLarge(e *evidence) (string, *exchange) {
	if e.tools.bytes <= bigList {
		return "", nil
	}
	return count(len(e.tools.items), "tool") + " take " + bytesOf(e.tools.bytes), e.tools.first()
}

func checkEmpty(e *evidence) (string, *exchange) {
	if len(e.tools.items)+len(e.prompts.items) > 0 {
		return "", nil
	}
	return "the server offers neither tools nor prompts", e.tools.first()
}

func checkUndeclared(e *evidence) (string, *exchange) {
	if _, declared := e.capabilities["tools"]; declared || len(e.tools.items) == 0 {
		return "", nil
	}
	shown := e.initialize
	if e.speaksModern() {
		shown = e.discover
	}
	return "the server lists " + count(len(e.tools.items), "tool") + " and does not declare tools", shown
}
