package probe

import (
	"slices"
	"strings"
	"unicode/utf8"
)

func tooled(e *evidence) bool { return len(e.tools.items) > 0 }

func offers(e *evidence) bool { return len(e.tools.items)+len(e.prompts.items) > 0 }

// What names may be.
const (
	longName    = 64
	tooLongName = 128
)

// nameRules are about names as they are behind the portal.
var nameRules = []Rule{
	{ID: "id", Level: Stop, Topic: "names", looks: func(e *evidence) bool { return e.id != "" },
		Sentence: "A server's id has letters, digits and hyphens only: a portal finds a name's server before its first underscore", Source: "{id}_{tool}", check: checkOwnID},
	{ID: "name", Level: Stop, Topic: "names", looks: offers,
		Sentence: "Every tool and prompt has a name", Source: `MCP 2025-11-25 Tools, "Data Types"`, check: checkName},
	{ID: "name-twice", Level: Stop, Topic: "names", looks: offers,
		Sentence: "Names are unique within a server; of two the first counts, or neither", Source: `MCP 2025-11-25 Tools, "Tool Names"`, check: checkNameTwice},
	{ID: "name-case", Level: Warn, Topic: "names", looks: offers,
		Sentence: "Names differ in more than capitals, since some clients fold them", Source: `MCP 2025-11-25 Tools, "Tool Names"`, check: checkNameCase},
	{ID: "name-too-long", Level: Stop, Topic: "names", looks: offers,
		Sentence: "A name has at most 128 characters, the server's id in front included", Source: `MCP 2025-11-25 Tools, "Tool Names"`, check: checkTooLong},
	{ID: "name-long", Level: Warn, Topic: "names", looks: tooled,
		Sentence: "A tool's name has at most 64 characters, the server's id in front included, or models' APIs refuse it", Source: "OpenAI API, function name; Amazon Bedrock, ToolSpecification", check: checkLongName},
	{ID: "name-characters", Level: Warn, Topic: "names", looks: offers,
		Sentence: "A name has letters, digits, underscore, hyphen and dot only", Source: `MCP 2025-11-25 Tools, "Tool Names"`, check: checkCharacters},
	{ID: "name-dot", Level: Warn, Topic: "names", looks: tooled,
		Sentence: "A tool's name has no dot, which MCP allows and models' APIs refuse", Source: "OpenAI API, function name; Amazon Bedrock, ToolSpecification", check: checkDot},
}

func checkOwnID(e *evidence) (string, *exchange) {
	if !strings.ContainsFunc(e.id, func(r rune) bool { return r == '_' || r == '.' || !inName(r) }) {
		return "", nil
	}
	return "the id " + quote(e.id) + " has other characters", nil
}

func inName(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-' || r == '.'
}

// full is the name behind the portal.
func (e *evidence) full(d definition) string {
	if e.id == "" {
		return d.name
	}
	return e.id + "_" + d.name
}

// names are the names in a list that are like something.
func names(l listing, like func(definition) bool) []string {
	var found []string
	for _, d := range l.items {
		if d.name != "" && like(d) {
			found = append(found, d.name)
		}
	}
	return found
}

// either looks through the tools, and then the prompts.
func (e *evidence) either(what func(listing) string) (string, *exchange) {
	if s := what(e.tools); s != "" {
		return "tools: " + s, e.tools.first()
	}
	if s := what(e.prompts); s != "" {
		return "prompts: " + s, e.prompts.first()
	}
	return "", nil
}

func checkName(e *evidence) (string, *exchange) {
	return e.either(func(l listing) string {
		nameless := 0
		for _, d := range l.items {
			if d.name == "" {
				nameless++
			}
		}
		if nameless == 0 {
			return ""
		}
		return count(nameless, "item") + " without a name"
	})
}

func checkNameTwice(e *evidence) (string, *exchange) {
	return e.either(func(l listing) string {
		seen := map[string]int{}
		twice := names(l, func(d definition) bool { seen[d.name]++; return seen[d.name] == 2 })
		if twice == nil {
			return ""
		}
		return few(twice) + " more than once"
	})
}

func checkNameCase(e *evidence) (string, *exchange) {
	return e.either(func(l listing) string {
		first := map[string]string{}
		var pairs []string
		for _, d := range l.items {
			key := strings.ToLower(d.name)
			other, has := first[key]
			if !has {
				first[key] = d.name
			} else if other != d.name && !slices.Contains(pairs, d.name) {
				pairs = append(pairs, other, d.name)
			}
		}
		if pairs == nil {
			return ""
		}
		return few(pairs[:2]) + " differ in capitals only" + also(len(pairs)/2-1, "pair")
	})
}

// also counts what is not named.
func also(more int, what string) string {
	if more <= 0 {
		return ""
	}
	return ", and so " + one(more, "does ", "do ") + count(more, "other "+what)
}

func checkTooLong(e *evidence) (string, *exchange) {
	return e.either(func(l listing) string {
		found := names(l, func(d definition) bool { return len(e.full(d)) > tooLongName })
		if found == nil {
			return ""
		}
		return few(found) + one(len(found), " has", " have") + " more than 128 characters" + e.withID()
	})
}

func checkLongName(e *evidence) (string, *exchange) {
	found := names(e.tools, func(d definition) bool { n := len(e.full(d)); return n > longName && n <= tooLongName })
	if found == nil {
		return "", nil
	}
	longest := slices.MaxFunc(found, func(a, b string) int { return utf8.RuneCountInString(a) - utf8.RuneCountInString(b) })
	length := len(e.full(definition{name: longest}))
	return "tools: " + few(found) + one(len(found), " has ", " have up to ") + count(length, "character") + e.withID(), e.tools.first()
}

func (e *evidence) withID() string {
	if e.id == "" {
		return ""
	}
	return " with " + plain(e.id) + "_ in front"
}

func checkCharacters(e *evidence) (string, *exchange) {
	return e.either(func(l listing) string {
		found := names(l, func(d definition) bool { return strings.ContainsFunc(d.name, func(r rune) bool { return !inName(r) }) })
		if found == nil {
			return ""
		}
		return few(found) + one(len(found), " has", " have") + " other characters"
	})
}

func checkDot(e *evidence) (string, *exchange) {
	found := names(e.tools, func(d definition) bool { return strings.Contains(d.name, ".") })
	if found == nil {
		return "", nil
	}
	return "tools: " + few(found) + one(len(found), " has a dot", " have a dot"), e.tools.first()
}
