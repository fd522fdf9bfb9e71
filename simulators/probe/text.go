package probe

import (
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// plain makes a text of a stranger harmless on a terminal: one line, no control,
// format or bidirectional characters, no more than 120 characters.
func plain(s string) string { return harmless(s, 120) }

// long is plain for sentences, which hold texts that were made plain already.
func long(s string) string { return harmless(s, 1_000) }

func harmless(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return utf8.RuneError
		}
		return r
	}, s)
	if utf8.RuneCountInString(s) > most {
		return string([]rune(s)[:most]) + "…"
	}
	return s
}

func quote(s string) string { return `"` + plain(s) + `"` }

// count says how many of something there are.
func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}

// list names several: a, b and c.
func list(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// one takes the first form for a single thing and the second for several.
func one(n int, single, several string) string {
	if n == 1 {
		return single
	}
	return several
}

func bytesOf(n int) string {
	switch {
	case n < 10<<10:
		return count(n, "byte")
	case n < 10<<20:
		return strconv.Itoa(n>>10) + " KB"
	default:
		return strconv.Itoa(n>>20) + " MB"
	}
}

func seconds(d time.Duration) string {
	if d < time.Millisecond {
		return "less than 1ms"
	}
	if d < time.Second {
		return d.Round(time.Millisecond).String()
	}
	return d.Round(100 * time.Millisecond).String()
}

// shown is a URL without the values of its query, which can be keys.
func shown(u *url.URL) string {
	base, query := divide(u)
	var kept []string
	for _, q := range query {
		kept = append(kept, q.name+"=…")
	}
	if kept == nil {
		return plain(base)
	}
	return plain(base + "?" + strings.Join(kept, "&"))
}

type parameter struct{ name, value string }

// divide takes a URL's query apart; the names stay as they were written.
func divide(u *url.URL) (base string, query []parameter) {
	stripped := *u
	stripped.RawQuery, stripped.Fragment, stripped.RawFragment, stripped.User = "", "", "", nil
	if u.RawQuery == "" {
		return stripped.String(), nil
	}
	for pair := range strings.SplitSeq(u.RawQuery, "&") {
		name, value, _ := strings.Cut(pair, "=")
		query = append(query, parameter{name, value})
	}
	return stripped.String(), query
}
