package rpc

import (
	"encoding/binary"
	"unicode/utf8"
)

// text reads a string (RFC 8259 §7) and reports whether it holds escapes.
// Its bytes must be UTF-8; encoding/json would let others pass and change them.
func (s *scanner) text() (escaped, ok bool) {
	s.at++
	from, ascii := s.at, true
	for {
		s.at = skipPlain(s.doc, s.at)
		if s.at >= len(s.doc) {
			return false, s.fail("unterminated string")
		}
		switch c := s.doc[s.at]; {
		case c == '"':
			s.at++
			if !ascii && !utf8.Valid(s.doc[from:s.at-1]) {
				return false, s.fail("string is not UTF-8")
			}
			return escaped, true
		case c == '\\':
			escaped = true
			if !s.escape() {
				return false, false
			}
		case c < 0x20:
			return false, s.fail("control character in a string")
		default: // c >= utf8.RuneSelf
			ascii = false
			s.at++
		}
	}
}

func (s *scanner) escape() bool {
	s.at++
	if s.at >= len(s.doc) {
		return s.fail("unterminated string")
	}
	switch s.doc[s.at] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.at++
		return true
	case 'u':
		for i := 1; i <= 4; i++ {
			if s.at+i >= len(s.doc) || !hex(s.doc[s.at+i]) {
				return s.fail("invalid escape")
			}
		}
		s.at += 5
		return true
	}
	return s.fail("invalid escape")
}

func hex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// skipPlain returns the offset of the first byte at or after i that is not a
// plain character of a string: a quote, a backslash, a control character or a
// byte above ASCII. It looks at eight bytes at a time. Borrows between
// neighbours can raise a false alarm, never hide a byte: the lowest byte that
// needs attention has no borrow below it.
func skipPlain(doc []byte, i int) int {
	for i+8 <= len(doc) {
		x := binary.LittleEndian.Uint64(doc[i:])
		stop := x | (x - 0x20*ones) | ((x ^ '"'*ones) - ones) | ((x ^ '\\'*ones) - ones)
		if stop&highs != 0 {
			break
		}
		i += 8
	}
	for i < len(doc) {
		if c := doc[i]; c < 0x20 || c == '"' || c == '\\' || c >= 0x80 {
			break
		}
		i++
	}
	return i
}
