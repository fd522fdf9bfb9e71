package rpc

import (
	"net/http"
	"slices"
)

// Revision is the date that names a revision of MCP.
type Revision string

const (
	// Stateful is the last revision with initialize and sessions.
	Stateful Revision = "2025-11-25"
	// Stateless is the revision in which every request stands alone.
	Stateless Revision = "2026-07-28"
)

// Older revisions of the stateful era that use the same transport.
const (
	rev20250618 Revision = "2025-06-18"
	rev20250326 Revision = "2025-03-26"
)

// Keys of params._meta (MCP 2026-07-28, Base Protocol, "_meta").
const (
	metaPrefix       = "io.modelcontextprotocol/"
	metaVersion      = metaPrefix + "protocolVersion"
	metaCapabilities = metaPrefix + "clientCapabilities"
	metaClientInfo   = metaPrefix + "clientInfo"
	metaServerInfo   = metaPrefix + "serverInfo"
)

// Supported lists what both legs of the portal speak, newest first.
func Supported() []Revision { return []Revision{Stateless, Stateful, rev20250618, rev20250326} }

// Era is [Stateless] or [Stateful], whichever a revision by that name belongs
// to; false for one the portal does not speak.
func Era(version string) (Revision, bool) {
	rev := Revision(version)
	if !slices.Contains(Supported(), rev) {
		return "", false
	}
	if rev == Stateless {
		return Stateless, true
	}
	return Stateful, true
}

// Negotiate is the revision to answer an initialize with: the requested one if
// it is stateful and spoken here, else [Stateful] (MCP 2025-11-25, Lifecycle,
// "Version Negotiation").
func Negotiate(requested string) Revision {
	if era, ok := Era(requested); ok && era == Stateful {
		return Revision(requested)
	}
	return Stateful
}

// Choose is the newest revision spoken here among those that a server lists;
// "" if there is none.
func Choose(listed []string) Revision {
	for _, rev := range Supported() {
		if slices.Contains(listed, string(rev)) {
			return rev
		}
	}
	return ""
}

// RevisionOf is the era, [Stateful] or [Stateless], of a message that arrived
// at the front. Of a stateless request it checks what the revision demands of
// every request: the version in header and body, and the client's capabilities
// (MCP 2026-07-28, Transports, "Protocol Version Header"; Base Protocol, "_meta").
func RevisionOf(h http.Header, m Message) (Revision, *Error) {
	header, err := single(h, headerVersion)
	if err != nil {
		return "", err
	}
	raw, declared := m.Meta(metaVersion)
	meta, isString := Unquote(raw)
	if declared && !isString {
		return "", InvalidParams("_meta " + metaVersion + " is not a string")
	}
	if !declared && !namesStateless(header) {
		return statefulVersion(header)
	}
	if m.IsRequest() {
		if err := statelessRequest(m, header, meta); err != nil {
			return "", err
		}
	}
	version := meta
	if !declared {
		version = header
	}
	era, known := Era(version)
	if !known {
		return "", UnsupportedVersion(version)
	}
	return era, nil
}

// statelessRequest checks the version in both places before it is judged, so
// that a contradiction is never taken for a version.
func statelessRequest(m Message, header, meta string) *Error {
	if era, _ := Era(meta); era == Stateful && (header == "" || header == meta) {
		return nil // an old client that says in _meta what it may also say in the header
	}
	switch {
	case header == "":
		return HeaderMismatch(headerVersion + " header is missing")
	case meta == "":
		return InvalidParams("_meta " + metaVersion + " is missing")
	case header != meta:
		return HeaderMismatch(headerVersion + " header and _meta name different versions")
	case Revision(meta) != Stateless:
		return UnsupportedVersion(meta)
	}
	if caps, ok := m.Meta(metaCapabilities); !ok || caps[0] != '{' {
		return InvalidParams("_meta " + metaCapabilities + " is missing or not an object")
	}
	if info, ok := m.Meta(metaClientInfo); ok && info[0] != '{' {
		return InvalidParams("_meta " + metaClientInfo + " is not an object")
	}
	return nil
}

// statefulVersion judges the header of a request without a version in its
// body. Without a header the revision is 2025-03-26 by definition
// (MCP 2025-11-25, Transports, "Protocol Version Header").
func statefulVersion(header string) (Revision, *Error) {
	if header == "" {
		return Stateful, nil
	}
	era, known := Era(header)
	if !known {
		return "", UnsupportedVersion(header)
	}
	return era, nil
}

// namesStateless reports whether a header names the stateless revision or a
// later one: dates in this form sort as text.
func namesStateless(header string) bool { return header >= string(Stateless) && header < "3" }
