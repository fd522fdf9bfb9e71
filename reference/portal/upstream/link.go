package upstream

import (
	"bytes"
	"encoding/json"

	"github.com/portico-mcp/portico/reference/portal/rpc"
)

// link is what a handshake agreed on. It never changes; a new handshake makes
// a new one.
type link struct {
	revision rpc.Revision // as negotiated, maybe an older stateful one; "": before the handshake
	session  string       // Mcp-Session-Id; "": none
	greeting greeting
	probe    bool // of the handshake itself: no answer can mean that it is gone
}

// era is Stateful or Stateless.
func (l *link) era() rpc.Revision {
	if l.revision == rpc.Stateless {
		return rpc.Stateless
	}
	return rpc.Stateful
}

// greeting is what a server says about itself, raw; nil: nothing was said.
type greeting struct {
	capabilities, serverInfo json.RawMessage
	instructions             string
}

// greet reads an initialize result.
func greet(result json.RawMessage) (greeting, rpc.Object, error) {
	o, err := rpc.ParseObject(result, "protocolVersion", "supportedVersions", "capabilities")
	if err != nil {
		return greeting{}, o, err
	}
	var g greeting
	capabilities, _ := o.Get("capabilities")
	serverInfo, _ := o.Get("serverInfo")
	g.capabilities, g.serverInfo = bytes.Clone(capabilities), bytes.Clone(serverInfo) // they outlive the message
	g.instructions, _ = o.GetString("instructions")
	return g, o, nil
}
