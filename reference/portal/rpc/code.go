package rpc

import (
	"encoding/json"
	"strconv"
)

// Codes of JSON-RPC 2.0 §5.1 and of MCP 2026-07-28, Base Protocol, "Error Codes".
const (
	CodeParseError         = -32700
	CodeInvalidRequest     = -32600
	CodeMethodNotFound     = -32601
	CodeInvalidParams      = -32602
	CodeInternal           = -32603
	CodeHeaderMismatch     = -32020
	CodeMissingCapability  = -32021
	CodeUnsupportedVersion = -32022
)

// Codes that only the older revisions know.
const (
	codeResourceNotFound = -32002
	codeURLElicitation   = -32042
)

// TranslateError fits the error object of an upstream's answer to the client's
// revision. Message and data stay; the code changes where the client's
// revision does not have it, or must not be sent it, or where it speaks of the
// portal's own request and not of the client's (MCP 2026-07-28, Base Protocol,
// "Error Codes"). What is not an error object becomes -32603.
func TranslateError(e json.RawMessage, from, to Revision) json.RawMessage {
	decoded, ok := decodeError(e)
	if !ok {
		return decoded.Raw()
	}
	code := translateCode(decoded, from, to)
	if code == decoded.Code {
		return e
	}
	o, err := ParseObject(e)
	if err != nil {
		return decoded.Raw()
	}
	o.Set("code", json.RawMessage(strconv.Itoa(code)))
	return o.Bytes()
}

func translateCode(e *Error, from, to Revision) int {
	if to == Stateless {
		return statelessCode(e.Code, from)
	}
	if from != Stateless {
		return e.Code
	}
	switch e.Code {
	case CodeHeaderMismatch, CodeUnsupportedVersion:
		return CodeInternal
	case CodeMissingCapability:
		return CodeInvalidParams
	case CodeInvalidParams:
		if data, err := ParseObject(e.Data); err == nil {
			if _, ok := data.Get("uri"); ok {
				return codeResourceNotFound
			}
		}
	}
	return e.Code
}

// statelessCode keeps out what a server of the newer revision must not emit:
// the older revisions' codes and the undefined part of the reserved range.
func statelessCode(code int, from Revision) int {
	switch {
	case code == codeResourceNotFound:
		return CodeInvalidParams
	case code == codeURLElicitation:
		return CodeInternal
	case code == CodeMissingCapability && from == Stateless:
		return code
	case -32099 <= code && code <= -32020:
		return CodeInternal
	}
	return code
}
