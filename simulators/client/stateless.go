package client

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
)

// The keys of _meta that every request carries (MCP 2026-07-28 Basic, "_meta").
const (
	metaRevision     = "io.modelcontextprotocol/protocolVersion"
	metaCapabilities = "io.modelcontextprotocol/clientCapabilities"
	metaClient       = "io.modelcontextprotocol/clientInfo"
)

// discover asks what the server is (MCP 2026-07-28 Discovery).
func (s *Session) discover(ctx context.Context) error {
	a, err := s.Send(ctx, "server/discover", nil)
	if err != nil {
		return err
	}
	var result struct {
		Supported []string `json:"supportedVersions"`
	}
	if json.Unmarshal(a.Raw, &result) != nil || !slices.Contains(result.Supported, s.Revision()) {
		return violation("supportedVersions has the version the server answered in", "MCP 2026-07-28 Versioning",
			"%s is not in %q", s.Revision(), result.Supported)
	}
	s.mu.Lock()
	s.greeting = a.Raw
	s.mu.Unlock()
	return nil
}

func (s *Session) meta() map[string]any {
	return map[string]any{
		metaRevision: s.Revision(), metaCapabilities: s.client.config.Capabilities, metaClient: s.implementation(),
	}
}

// stamp puts into params what makes a request stand alone; what is there stays.
func (s *Session) stamp(params json.RawMessage) (json.RawMessage, error) {
	members := map[string]any{}
	var given, meta map[string]json.RawMessage
	if params != nil {
		if err := json.Unmarshal(params, &given); err != nil {
			return nil, err
		}
	}
	if raw, has := given["_meta"]; has {
		if err := json.Unmarshal(raw, &meta); err != nil {
			return nil, err
		}
	}
	stamped := s.meta()
	for key, value := range meta {
		stamped[key] = value
	}
	for key, value := range given {
		members[key] = value
	}
	members["_meta"] = stamped
	return marshal(members)
}

// mirror copies into headers what the revision wants there besides the body
// (MCP 2026-07-28 Transports, "Request Metadata").
func (s *Session) mirror(h http.Header, method string, params json.RawMessage) {
	var named struct {
		Name      string          `json:"name"`
		URI       string          `json:"uri"`
		Arguments json.RawMessage `json:"arguments"`
		Meta      struct {
			Revision string `json:"io.modelcontextprotocol/protocolVersion"`
		} `json:"_meta"`
	}
	_ = json.Unmarshal(params, &named) // what has another shape has nothing to mirror
	h.Set(headerRevision, s.Revision())
	if named.Meta.Revision != "" {
		h.Set(headerRevision, named.Meta.Revision)
	}
	if method != "" {
		h.Set(headerMethod, headerValue(method))
	}
	switch method {
	case "tools/call":
		h.Set(headerName, headerValue(named.Name))
		maps.Copy(h, s.mirroredArguments(named.Name, named.Arguments))
	case "prompts/get":
		h.Set(headerName, headerValue(named.Name))
	case "resources/read":
		h.Set(headerName, headerValue(named.URI))
	}
}

// checkResultType: "A resultType of any value unrecognized by the client MUST be
// considered invalid", and it is missing only where an earlier revision is
// spoken (MCP 2026-07-28 Basic, "ResultType").
func (s *Session) checkResultType(raw json.RawMessage, method string) error {
	const source = "MCP 2026-07-28 Basic, \"ResultType\""
	var kind string
	_ = json.Unmarshal(raw, &kind) // what is no string is unknown
	switch kind {
	case "complete":
		return nil
	case "input_required":
		if slices.Contains([]string{"tools/call", "prompts/get", "resources/read"}, method) {
			return nil
		}
		return violation("input_required answers tools/call, prompts/get and resources/read only",
			"MCP 2026-07-28 Multi Round-Trip Requests", "it answers %s", method)
	default:
		return violation("resultType is complete or input_required", source, "it is %q", string(raw))
	}
}
