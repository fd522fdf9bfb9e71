package rpc

import "encoding/json"

// Caller is what a client declared about itself, raw objects; nil: nothing.
type Caller struct{ Capabilities, ClientInfo json.RawMessage }

// CallerOf is what the client of a stateless request declared in its _meta.
func CallerOf(m Message) Caller {
	caps, _ := m.Meta(metaCapabilities)
	info, _ := m.Meta(metaClientInfo)
	return Caller{Capabilities: caps, ClientInfo: info}
}

// Bridgeable is the caller as an upstream may see it where the portal stands
// between two eras or two sessions: without the capabilities to be asked
// something back. Requests of an upstream to the client are not relayed yet,
// so declaring them would be a promise that nobody keeps
// (MCP 2025-11-25, Lifecycle, "Capability Negotiation").
func (c Caller) Bridgeable() Caller {
	caps, err := ParseObject(c.Capabilities)
	if err != nil {
		caps = Object{}
	}
	for _, asked := range []string{"elicitation", "sampling", "roots", "tasks"} {
		caps.Delete(asked)
	}
	info := c.ClientInfo
	if info == nil {
		info = json.RawMessage(`{"name":"portico","version":"0"}`)
	}
	return Caller{Capabilities: caps.Bytes(), ClientInfo: info}
}
