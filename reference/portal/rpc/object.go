package rpc

import "encoding/json"

// Object is a JSON object that is edited as text: what an edit does not touch
// stays byte for byte. Editing never changes the slice it was parsed from.
// The zero Object is {}.
type Object struct {
	raw     []byte
	members []member
}

type member struct {
	key   key
	value span
}

// ParseObject reads an object, whole and validated; its members' values stay
// raw. Duplicate keys are refused, and so are keys that could be mistaken for
// one of the names in known (see the package comment). The error is an *[Error].
func ParseObject(raw json.RawMessage, known ...string) (Object, error) {
	s := scanner{doc: raw}
	s.space()
	if s.at >= len(raw) || raw[s.at] != '{' {
		return Object{}, InvalidRequest("not an object")
	}
	o := Object{raw: raw}
	if !s.members(&o) {
		return Object{}, s.err
	}
	if s.refused != nil {
		return Object{}, s.refused
	}
	for _, m := range o.members {
		if len(known) > 0 && (m.key.escaped || alike(m.key.in(raw), known...)) {
			return Object{}, InvalidRequest("key that could be mistaken for another")
		}
	}
	return o, nil
}

// members reads a whole object, collecting its members.
func (s *scanner) members(o *Object) bool {
	s.at++
	s.depth++
	s.space()
	if !s.next('}') {
		for {
			s.space()
			k, ok := s.key()
			if !ok {
				return false
			}
			from := s.at
			if !s.value(inPlain) {
				return false
			}
			o.members = append(o.members, member{k, span{uint32(from), uint32(s.at)}})
			s.keys.push(k)
			s.space()
			if s.next('}') {
				break
			}
			if !s.next(',') {
				return s.fail("expected a comma or the end of the object")
			}
		}
	}
	if duplicate(s.doc, s.keys.from(0)) {
		s.refuse("duplicate key")
	}
	s.space()
	if s.at != len(s.doc) {
		return s.fail("text after the end of the value")
	}
	return true
}

// Len is the number of members.
func (o Object) Len() int { return len(o.members) }

func (o Object) index(name string) int {
	for i, m := range o.members {
		if m.key.escaped {
			if m.key.name(o.raw) == name {
				return i
			}
		} else if string(o.raw[m.key.from:m.key.to]) == name {
			return i
		}
	}
	return -1
}

// Get is the raw value of a member.
func (o Object) Get(name string) (json.RawMessage, bool) {
	i := o.index(name)
	if i < 0 {
		return nil, false
	}
	return o.members[i].value.in(o.raw), true
}

// GetString is the value of a member that is a string.
func (o Object) GetString(name string) (string, bool) {
	v, ok := o.Get(name)
	if !ok {
		return "", false
	}
	return Unquote(v)
}

// GetObject is the value of a member that is an object; the empty Object if
// it is absent or something else.
func (o Object) GetObject(name string) Object {
	v, ok := o.Get(name)
	if !ok {
		return Object{}
	}
	inner, err := ParseObject(v)
	if err != nil {
		return Object{}
	}
	return inner
}

// Set replaces a member's value where it stands, or adds the member at the
// end. The value must be valid JSON.
func (o *Object) Set(name string, value json.RawMessage) {
	if i := o.index(name); i >= 0 {
		at := o.members[i].value
		o.splice(at, value)
		o.members[i].value = span{at.from, at.from + uint32(len(value))}
		return
	}
	quoted := Quote(name)
	text := append(append([]byte{}, quoted...), ':')
	at := uint32(0)
	if n := len(o.members); n > 0 {
		at = o.members[n-1].value.to
		text = append([]byte{','}, text...)
	} else {
		at = o.openEnd()
	}
	end := at + uint32(len(text))
	keyTo := end - 2
	k := key{span{keyTo - uint32(len(quoted)-2), keyTo}, len(quoted)-2 != len(name)}
	o.splice(span{at, at}, append(text, value...))
	o.members = append(o.members, member{k, span{end, end + uint32(len(value))}})
}

// SetString is [Object.Set] of a string.
func (o *Object) SetString(name, value string) { o.Set(name, Quote(value)) }

// openEnd is the offset behind the opening brace.
func (o *Object) openEnd() uint32 {
	if o.raw == nil {
		o.raw = []byte("{}")
	}
	for i, c := range o.raw {
		if c == '{' {
			return uint32(i + 1)
		}
	}
	return 1
}

// Delete removes a member together with one comma.
func (o *Object) Delete(name string) {
	i := o.index(name)
	if i < 0 {
		return
	}
	m := o.members[i]
	cut := span{m.key.from - 1, m.value.to}
	switch {
	case i > 0:
		cut.from = o.members[i-1].value.to
	case len(o.members) > 1:
		cut.to = o.members[1].key.from - 1
	}
	o.members = append(append([]member{}, o.members[:i]...), o.members[i+1:]...)
	o.splice(cut, nil)
}

// splice replaces a range of the text and moves the members behind it.
func (o *Object) splice(at span, text []byte) {
	out := make([]byte, 0, len(o.raw)+len(text))
	out = append(append(append(out, o.raw[:at.from]...), text...), o.raw[at.to:]...)
	o.raw = out
	delta := uint32(len(text)) - (at.to - at.from) // modulo 2^32: may stand for less than zero
	moved := append([]member{}, o.members...)
	for i := range moved {
		if m := &moved[i]; m.key.from > at.from {
			m.key.from += delta
			m.key.to += delta
			m.value.from += delta
			m.value.to += delta
		}
	}
	o.members = moved
}

// Bytes is the object's text.
func (o Object) Bytes() json.RawMessage {
	if o.raw == nil {
		return json.RawMessage("{}")
	}
	return o.raw
}

// Lookup is the raw value of a member of a valid object, found without
// allocating; the zero value and false if raw is not an object or lacks it.
func Lookup(raw json.RawMessage, name string) (json.RawMessage, bool) {
	s := scanner{doc: raw}
	if s.space(); !s.next('{') {
		return nil, false
	}
	for s.space(); !s.next('}'); s.space() {
		k, ok := s.key()
		if !ok {
			return nil, false
		}
		from := s.at
		if !s.value(inPlain) {
			return nil, false
		}
		if string(k.in(raw)) == name || k.escaped && k.name(raw) == name {
			return raw[from:s.at:s.at], true
		}
		s.space()
		s.next(',')
	}
	return nil, false
}
