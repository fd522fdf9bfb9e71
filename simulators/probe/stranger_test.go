package probe_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
)

const (
	stateful  = "2025-11-25"
	stateless = "2026-07-28"
)

// tool is a definition that nobody has anything against.
const tool = `{"name":"search","description":"finds pages","inputSchema":{"type":"object","properties":{"query":{"type":"string"}}}}`

// asked is a JSON-RPC message that a stranger got.
type asked struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params struct {
		Cursor *string `json:"cursor"`
	} `json:"params"`
}

// stranger is an MCP server that does everything right, unless it is told
// otherwise. Every field's zero value is right.
type stranger struct {
	revision     string // the only one spoken; empty: both
	negotiated   string // answer to initialize; empty: 2025-11-25
	session      string // the id it gives; empty: "session-1"
	tools        string // members of the list, with commas; empty: one good tool
	prompts      string // the same; empty: none
	capabilities string
	hints        string // of 2026-07-28 results; empty: good ones

	notified int // status of notifications; 0: 202
	gets     int // status of a GET; 0: 405

	// lax lets pass what must be refused: "origin", "type", "accept", "lost",
	// "unnamed".
	lax string

	// instead answers in the stranger's place, if it returns true. m.Method is
	// empty where there is no message.
	instead func(w http.ResponseWriter, r *http.Request, m asked) bool
}

func (s stranger) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var m asked
	_ = json.Unmarshal(body, &m) // a GET has none
	if s.instead != nil && s.instead(w, r, m) {
		return
	}
	if refused := s.refusal(r, m); refused != 0 {
		w.WriteHeader(refused)
		return
	}
	if m.ID == nil {
		w.WriteHeader(or(s.notified, 202))
		return
	}
	s.answer(w, m, r.Header.Get("Mcp-Protocol-Version") == stateless)
}

func (s stranger) refusal(r *http.Request, m asked) int {
	strict := func(what string) bool { return !strings.Contains(s.lax, what) }
	accept := r.Header.Get("Accept")
	modern := r.Header.Get("Mcp-Protocol-Version") == stateless
	switch id := r.Header.Get("Mcp-Session-Id"); {
	case r.Method == http.MethodDelete:
		return 200
	case r.Method != http.MethodPost:
		return or(s.gets, 405)
	case r.URL.Path != "/mcp":
		return 404
	case r.Header.Get("Origin") != "" && strict("origin"):
		return 403
	case r.Header.Get("Content-Type") != "application/json" && strict("type"):
		return 415
	case !strings.Contains(accept, "text/event-stream") && strict("accept"):
		return 406
	case modern && s.revision == stateful, !modern && s.revision == stateless:
		return 400
	case modern, m.Method == "initialize":
		return 0
	case id == "" && strict("unnamed"):
		return 400
	case id != "" && id != or(s.session, "session-1") && strict("lost"):
		return 404
	}
	return 0
}

func (s stranger) answer(w http.ResponseWriter, m asked, modern bool) {
	hints := ""
	if modern {
		hints = `,` + or(s.hints, `"resultType":"complete","ttlMs":0,"cacheScope":"private"`)
	}
	capabilities := `{"tools":{}}`
	if s.prompts != "" {
		capabilities = `{"tools":{},"prompts":{}}`
	}
	capabilities = or(s.capabilities, capabilities)
	const identity = `{"name":"wiki","version":"1.2"}`
	switch m.Method {
	case "server/discover":
		result(w, m, `{"supportedVersions":["2026-07-28"],"capabilities":`+capabilities+hints+`,"_meta":{"io.modelcontextprotocol/serverInfo":`+identity+`}}`)
	case "initialize":
		w.Header().Set("Mcp-Session-Id", or(s.session, "session-1"))
		result(w, m, `{"protocolVersion":"`+or(s.negotiated, stateful)+`","capabilities":`+capabilities+`,"serverInfo":`+identity+`}`)
	case "tools/list":
		result(w, m, `{"tools":[`+or(s.tools, tool)+`]`+hints+`}`)
	case "prompts/list":
		result(w, m, `{"prompts":[`+s.prompts+`]`+hints+`}`)
	default:
		result(w, m, `{}`)
	}
}

func result(w http.ResponseWriter, m asked, result string) {
	send(w, `{"jsonrpc":"2.0","id":`+string(m.ID)+`,"result":`+result+`}`)
}

func send(w http.ResponseWriter, body string) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, body)
}

func or[T comparable](given, otherwise T) T {
	var none T
	if given == none {
		return otherwise
	}
	return given
}

// on is an instead for one method.
func on(method string, do func(w http.ResponseWriter, r *http.Request, m asked)) func(http.ResponseWriter, *http.Request, asked) bool {
	return func(w http.ResponseWriter, r *http.Request, m asked) bool {
		if m.Method != method {
			return false
		}
		do(w, r, m)
		return true
	}
}

// status is an instead that answers everything with a status.
func status(code int, header ...string) func(http.ResponseWriter, *http.Request, asked) bool {
	return func(w http.ResponseWriter, r *http.Request, _ asked) bool {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(code)
		return true
	}
}

// hangUp closes the connection without an answer.
func hangUp(w http.ResponseWriter, _ *http.Request, _ asked) {
	connection, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		_ = connection.Close()
	}
}

// inMemory calls a handler without a network, and notes the hosts asked.
type inMemory struct {
	http.Handler
	hosts map[string]bool
}

// RoundTrip answers a request.
func (m inMemory) RoundTrip(r *http.Request) (*http.Response, error) {
	m.hosts[r.URL.Host] = true
	if r.Body == nil {
		r.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	m.ServeHTTP(w, r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return w.Result(), nil
}

// login is a server that wants a token, and what it publishes. {base} in the
// documents is its origin; an empty document is not there.
type login struct {
	challenge, resource, server string
}

const (
	goodChallenge = `Bearer realm="wiki", resource_metadata="{base}/.well-known/oauth-protected-resource/mcp"`
	goodResource  = `{"resource":"{base}/mcp","authorization_servers":["{base}/as"]}`
	goodServer    = `{"issuer":"{base}/as","authorization_endpoint":"{base}/authorize","token_endpoint":"{base}/token","registration_endpoint":"{base}/register",` +
		`"code_challenge_methods_supported":["S256"],"authorization_response_iss_parameter_supported":true}`
)

const token = "Bearer secret-of-alice"

func (l login) handler() http.Handler {
	inside := stranger{}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		base := func(s string) string { return strings.ReplaceAll(s, "{base}", "http://"+r.Host) }
		document := ""
		switch {
		case r.URL.Path == "/.well-known/oauth-protected-resource/mcp":
			document = l.resource
		case r.URL.Path == "/.well-known/oauth-authorization-server/as":
			document = l.server
		case r.URL.Path == "/mcp" && r.Header.Get("Authorization") == token:
			inside.ServeHTTP(w, r)
			return
		case r.URL.Path == "/mcp":
			if l.challenge != "" {
				w.Header().Set("WWW-Authenticate", base(l.challenge))
			}
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if document == "" {
			http.NotFound(w, r)
			return
		}
		send(w, base(document))
	})
}
