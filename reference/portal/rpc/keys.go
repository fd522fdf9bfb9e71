package rpc

import "bytes"

// known is a member whose place in a message is noted.
type known int

const (
	none known = iota - 1
	memberJSONRPC
	memberID
	memberMethod
	memberParams
	memberResult
	memberError
	paramName
	paramURI
	paramMeta
	paramArguments
	resultType
	noted int = iota - 1
)

// child is the level of the object that a member holds.
func child(k known) level {
	switch k {
	case memberParams:
		return inParams
	case memberResult:
		return inResult
	}
	return inPlain
}

// envelopeKey finds a member of a message (JSON-RPC 2.0 §§4, 5).
func envelopeKey(name []byte) known {
	switch string(name) {
	case "jsonrpc":
		return memberJSONRPC
	case "id":
		return memberID
	case "method":
		return memberMethod
	case "params":
		return memberParams
	case "result":
		return memberResult
	case "error":
		return memberError
	}
	return none
}

func paramKey(name []byte) known {
	switch string(name) {
	case "name":
		return paramName
	case "uri":
		return paramURI
	case "_meta":
		return paramMeta
	case "arguments":
		return paramArguments
	}
	return none
}

// recognise finds which known member a key names. In the envelope and in
// params it refuses the keys that one reader may take for a known one and
// another not.
func (s *scanner) recognise(at level, k key) known {
	name := k.in(s.doc)
	switch at {
	case inEnvelope:
		if m := envelopeKey(name); m != none {
			return m
		}
		s.refuseAlike(k, foldsToEnvelope(name))
	case inParams:
		if m := paramKey(name); m != none {
			return m
		}
		s.refuseAlike(k, foldsToParam(name))
	case inResult:
		if string(name) == "resultType" {
			return resultType
		}
	}
	return none
}

func (s *scanner) refuseAlike(k key, folds bool) {
	if k.escaped {
		s.refuse("escape in a key")
	}
	if folds {
		s.refuse("key differs from a known one in case only")
	}
}

func foldsToEnvelope(name []byte) bool {
	return alike(name, "jsonrpc", "id", "method", "params", "result", "error")
}

// foldsToParam covers the members of params in every request and notification
// of either revision.
func foldsToParam(name []byte) bool {
	return alike(name, "name", "arguments", "uri", "_meta", "cursor", "ref", "argument", "context",
		"level", "task", "taskId", "inputResponses", "requestState", "notifications",
		"requestId", "reason", "progressToken", "progress", "total", "message", "data", "logger",
		"protocolVersion", "capabilities", "clientInfo")
}

// alike reports whether a key folds to one of the names, as [bytes.EqualFold]
// has it (so U+017F is an s and U+212A a k), without being that name.
func alike(name []byte, names ...string) bool {
	for _, n := range names {
		if len(name) >= len(n) && string(name) != n && foldEqual(name, n) {
			return true
		}
	}
	return false
}

func foldEqual(name []byte, known string) bool {
	var room [32]byte
	return bytes.EqualFold(name, append(room[:0], known...))
}
