package invariant

import (
	"encoding/base64"
	"encoding/hex"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// window is how many bytes of a pattern are looked up at once; nothing shorter
// is searched for.
const window = 6

// searcher finds any of many secrets in a text in one pass: as they are, in
// base64 at any alignment, in hexadecimal.
type searcher struct {
	sieve    [1 << 10]uint64 // which windows may begin a pattern, by hash
	patterns map[string][]pattern
}

// pattern is a secret in one of its forms.
type pattern struct {
	text   string
	secret *secret
	inside int // the longest other pattern of the same window that this one begins with; -1: none
}

func newSearcher(secrets []*secret) *searcher {
	s := &searcher{patterns: map[string][]pattern{}}
	for _, each := range secrets {
		for _, form := range forms(each) {
			key := form[:window]
			s.patterns[key] = append(s.patterns[key], pattern{text: form, secret: each})
			h := sieveHash(key)
			s.sieve[h>>6] |= 1 << (h & 63)
		}
	}
	for key, list := range s.patterns {
		slices.SortStableFunc(list, func(a, b pattern) int { return strings.Compare(a.text, b.text) })
		s.patterns[key] = nested(slices.CompactFunc(list, func(a, b pattern) bool { return a.text == b.text }))
	}
	return s
}

// nested fills in which pattern of a sorted list begins with which other.
func nested(list []pattern) []pattern {
	for i := range list {
		list[i].inside = -1
		for j := i - 1; j >= 0; j = list[j].inside {
			if strings.HasPrefix(list[i].text, list[j].text) {
				list[i].inside = j
				break
			}
		}
	}
	return list
}

func sieveHash(key string) uint64 {
	var v uint64
	for i := range window {
		v = v<<8 | uint64(key[i])
	}
	return mix(v)
}

// mix spreads a window over the sieve (Fibonacci hashing).
func mix(v uint64) uint64 { return v * 0x9E3779B97F4A7C15 >> 48 }

// find calls found for every secret in the text, with where it stands.
func (s *searcher) find(text string, found func(secret *secret, start, end int)) {
	const mask = 1<<(8*window) - 1
	if len(s.patterns) == 0 || len(text) < window {
		return
	}
	var v uint64
	for end := range len(text) {
		v = (v<<8 | uint64(text[end])) & mask
		start := end - window + 1
		if start < 0 {
			continue
		}
		if h := mix(v); s.sieve[h>>6]&(1<<(h&63)) == 0 {
			continue
		}
		if p := longest(s.patterns[text[start:end+1]], text, start); p != nil {
			found(p.secret, start, start+len(p.text))
		}
	}
}

// longest is the longest pattern of the sorted list that stands at the place.
func longest(list []pattern, text string, start int) *pattern {
	rest := text[start:]
	i := sort.Search(len(list), func(i int) bool { return list[i].text > rest }) - 1
	for i >= 0 {
		p := &list[i]
		if strings.HasPrefix(rest, p.text) && (!p.secret.word || alone(text, start, start+len(p.text))) {
			return p
		}
		i = p.inside
	}
	return nil
}

// alone says whether a place in a text is a word of its own, so that "token-1"
// is not found in "refresh-token-12". What is percent-encoded before it ends a
// word too.
func alone(text string, start, end int) bool {
	before := start == 0 || !wordly(text[start-1]) || start >= 3 && text[start-3] == '%'
	return before && (end == len(text) || !wordly(text[end]))
}

func wordly(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_'
}

// forms are the texts by which a secret is known. A short one has no encoded
// forms: they would be found by chance.
func forms(s *secret) []string {
	all := []string{s.value}
	if s.word {
		return all
	}
	low := hex.EncodeToString([]byte(s.value))
	all = append(all, low, strings.ToUpper(low))
	for shift := range 3 {
		padded := append(make([]byte, shift), s.value...)
		first, last := (shift*8+5)/6, len(padded)*8/6
		std := base64.RawStdEncoding.EncodeToString(padded)[first:last]
		url := base64.RawURLEncoding.EncodeToString(padded)[first:last]
		all = append(all, std)
		if url != std {
			all = append(all, url)
		}
	}
	return all
}

// readings are a text as it is, and as it reads once its escapes are undone:
// those of a URL and those of JSON.
func readings(text string) []string {
	all := []string{text}
	if strings.IndexByte(text, '%') >= 0 {
		all = append(all, unescape(text, '%', 1, 2))
	}
	if strings.Contains(text, `\u00`) || strings.Contains(text, `\/`) {
		all = append(all, unescape(strings.ReplaceAll(text, `\/`, "/"), '\\', 2, 4))
	}
	return all
}

// unescape undoes the escapes that begin with mark and end in that many
// hexadecimal digits; what is no escape of one byte stays as it is.
func unescape(text string, mark byte, prefix, digits int) string {
	var b strings.Builder
	b.Grow(len(text))
	for i := 0; i < len(text); i++ {
		end := i + prefix + digits
		if text[i] == mark && end <= len(text) && (prefix == 1 || text[i+1] == 'u') {
			if n, err := strconv.ParseUint(text[i+prefix:end], 16, 8); err == nil {
				b.WriteByte(byte(n))
				i = end - 1
				continue
			}
		}
		b.WriteByte(text[i])
	}
	return b.String()
}
