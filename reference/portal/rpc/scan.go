package rpc

import "math"

// MaxDepth is how many arrays and objects may enclose a value.
const MaxDepth = 256

// span is a half-open range of offsets in a document. The zero span is "not
// there": offset 0 is the brace of the document itself.
type span struct{ from, to uint32 }

func (s span) in(doc []byte) []byte {
	if s.to == 0 {
		return nil
	}
	return doc[s.from:s.to:s.to]
}

// level says which object of a message is being read, and so which rules its
// keys obey.
type level uint8

const (
	inPlain level = iota
	inEnvelope
	inParams
	inResult
)

// scanner validates one document in one pass, without allocating for its
// values, and notes where the members lie that the portal reads.
type scanner struct {
	doc   []byte
	at    int
	depth int
	keys  keyStack

	found   [noted]span
	twoIDs  bool   // which of them an answer has to carry is not known
	err     *Error // of the text: scanning stopped there
	refused *Error // of the meaning: scanning went on, so that the id is known
}

// document scans a whole text as one value at the given level.
func (s *scanner) document(at level) bool {
	if len(s.doc) > math.MaxInt32 {
		return s.fail("message too large")
	}
	s.space()
	if !s.value(at) {
		return false
	}
	s.space()
	if s.at != len(s.doc) {
		return s.fail("text after the end of the value")
	}
	return true
}

func (s *scanner) fail(why string) bool {
	if s.err == nil {
		s.err = ParseError("invalid JSON: " + why)
	}
	return false
}

func (s *scanner) refuse(why string) {
	if s.refused == nil {
		s.refused = InvalidRequest(why)
	}
}

func (s *scanner) space() {
	for s.at < len(s.doc) {
		switch s.doc[s.at] {
		case ' ', '\t', '\r', '\n':
			s.at++
		default:
			return
		}
	}
}

// next reports whether the next byte is c, and if so steps over it.
func (s *scanner) next(c byte) bool {
	if s.at < len(s.doc) && s.doc[s.at] == c {
		s.at++
		return true
	}
	return false
}

// value reads one value. The level matters for an object only.
func (s *scanner) value(at level) bool {
	if s.at >= len(s.doc) {
		return s.fail("unexpected end")
	}
	switch c := s.doc[s.at]; {
	case c == '{':
		return s.nested(at)
	case c == '[':
		return s.nested(inPlain)
	case c == '"':
		_, ok := s.text()
		return ok
	case c == '-' || '0' <= c && c <= '9':
		return s.number()
	case c == 't':
		return s.word("true")
	case c == 'f':
		return s.word("false")
	case c == 'n':
		return s.word("null")
	}
	return s.fail("unexpected character")
}

func (s *scanner) nested(at level) bool {
	if s.depth == MaxDepth {
		if s.err == nil {
			s.err = InvalidRequest("nested too deeply")
		}
		return false
	}
	s.depth++
	ok := false
	if s.doc[s.at] == '{' {
		ok = s.object(at)
	} else {
		ok = s.array()
	}
	s.depth--
	return ok
}

func (s *scanner) array() bool {
	s.at++
	s.space()
	if s.next(']') {
		return true
	}
	for {
		s.space()
		if !s.value(inPlain) {
			return false
		}
		s.space()
		if s.next(']') {
			return true
		}
		if !s.next(',') {
			return s.fail("expected a comma or the end of the array")
		}
	}
}

func (s *scanner) object(at level) bool {
	base := s.keys.len()
	s.at++
	s.space()
	if s.next('}') {
		return true
	}
	for {
		s.space()
		if !s.member(at) {
			return false
		}
		s.space()
		if s.next('}') {
			break
		}
		if !s.next(',') {
			return s.fail("expected a comma or the end of the object")
		}
	}
	if duplicate(s.doc, s.keys.from(base)) {
		s.refuse("duplicate key")
	}
	s.keys.cut(base)
	return true
}

// member reads `"key": value` and notes where the value lies, if it is one
// of those the portal reads.
func (s *scanner) member(at level) bool {
	k, ok := s.key()
	if !ok {
		return false
	}
	s.keys.push(k)
	which := none
	if at != inPlain {
		which = s.recognise(at, k)
	}
	from := s.at
	if !s.value(child(which)) {
		return false
	}
	if which != none {
		s.twoIDs = s.twoIDs || which == memberID && s.found[memberID].to != 0
		s.found[which] = span{uint32(from), uint32(s.at)}
	}
	return true
}

// key reads a member's name and the colon, up to the value.
func (s *scanner) key() (key, bool) {
	if s.at >= len(s.doc) || s.doc[s.at] != '"' {
		return key{}, s.fail("expected a key")
	}
	from := s.at + 1
	escaped, ok := s.text()
	if !ok {
		return key{}, false
	}
	k := key{span{uint32(from), uint32(s.at - 1)}, escaped}
	s.space()
	if !s.next(':') {
		return key{}, s.fail("expected a colon")
	}
	s.space()
	return k, true
}

func (s *scanner) word(w string) bool {
	if len(s.doc)-s.at < len(w) || string(s.doc[s.at:s.at+len(w)]) != w {
		return s.fail("unexpected character")
	}
	s.at += len(w)
	return true
}

// number reads RFC 8259 §6: no leading zero, no lone sign, point or exponent.
func (s *scanner) number() bool {
	s.next('-')
	if !s.next('0') && !s.digits() {
		return s.fail("invalid number")
	}
	if s.next('.') && !s.digits() {
		return s.fail("invalid number")
	}
	if s.next('e') || s.next('E') {
		if !s.next('+') {
			s.next('-')
		}
		if !s.digits() {
			return s.fail("invalid number")
		}
	}
	return true
}

func (s *scanner) digits() bool {
	from := s.at
	for s.at < len(s.doc) && '0' <= s.doc[s.at] && s.doc[s.at] <= '9' {
		s.at++
	}
	return s.at > from
}
