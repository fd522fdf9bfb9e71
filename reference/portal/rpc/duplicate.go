package rpc

import "bytes"

// key is one member's name: its span between the quotes.
type key struct {
	span
	escaped bool
}

// keyStack holds the keys of the objects that are open, innermost last. The
// first few have their room in the scanner itself; with more of them, all move
// to the heap.
type keyStack struct {
	room [32]key
	used int
	heap []key
}

func (s *keyStack) len() int {
	if s.heap != nil {
		return len(s.heap)
	}
	return s.used
}

func (s *keyStack) push(k key) {
	if s.heap == nil && s.used < len(s.room) {
		s.room[s.used] = k
		s.used++
		return
	}
	if s.heap == nil {
		s.heap = append(make([]key, 0, 4*len(s.room)), s.room[:]...)
	}
	s.heap = append(s.heap, k)
}

func (s *keyStack) from(base int) []key {
	if s.heap != nil {
		return s.heap[base:]
	}
	return s.room[base:s.used]
}

func (s *keyStack) cut(base int) {
	if s.heap != nil {
		s.heap = s.heap[:base]
	}
	s.used = min(s.used, base)
}

// few is up to how many keys comparing each with each is cheaper than sorting.
const few = 12

// duplicate reports whether two keys of one object are the same name. It may
// reorder keys. Spellings count as what they spell.
func duplicate(doc []byte, keys []key) bool {
	for _, k := range keys {
		if k.escaped {
			return duplicateSpelling(doc, keys)
		}
	}
	if len(keys) > few {
		sortKeys(doc, keys)
		for i := 1; i < len(keys); i++ {
			if string(doc[keys[i].from:keys[i].to]) == string(doc[keys[i-1].from:keys[i-1].to]) {
				return true
			}
		}
		return false
	}
	for i, a := range keys {
		for _, b := range keys[:i] {
			if a.to-a.from == b.to-b.from && string(doc[a.from:a.to]) == string(doc[b.from:b.to]) {
				return true
			}
		}
	}
	return false
}

func duplicateSpelling(doc []byte, keys []key) bool {
	seen := make(map[string]bool, len(keys))
	for _, k := range keys {
		name := k.name(doc)
		if seen[name] {
			return true
		}
		seen[name] = true
	}
	return false
}

// name is the key as spelled out.
func (k key) name(doc []byte) string {
	if !k.escaped {
		return string(doc[k.from:k.to])
	}
	name, _ := Unquote([]byte(string(doc[k.from-1 : k.to+1]))) // a copy: the document stays on the caller's stack
	return name
}

// sortKeys is heapsort. A sort of the standard library would take a function
// or an interface, through which the scanner would escape to the heap.
func sortKeys(doc []byte, keys []key) {
	for root := len(keys)/2 - 1; root >= 0; root-- {
		sift(doc, keys, root)
	}
	for end := len(keys) - 1; end > 0; end-- {
		keys[0], keys[end] = keys[end], keys[0]
		sift(doc, keys[:end], 0)
	}
}

func sift(doc []byte, keys []key, root int) {
	for child := 2*root + 1; child < len(keys); child = 2*root + 1 {
		if child+1 < len(keys) && less(doc, keys[child], keys[child+1]) {
			child++
		}
		if !less(doc, keys[root], keys[child]) {
			return
		}
		keys[root], keys[child] = keys[child], keys[root]
		root = child
	}
}

func less(doc []byte, a, b key) bool {
	return bytes.Compare(doc[a.from:a.to], doc[b.from:b.to]) < 0
}
