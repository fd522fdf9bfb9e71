package rpc

import (
	"encoding/json"
	"fmt"
)

// Values of result.resultType.
const (
	complete      = "complete"
	inputRequired = "input_required"
)

// CheckResultType judges the resultType of a stateless upstream's result:
// absent, as from older servers, means complete; any other value that this
// portal does not relay makes the result invalid (MCP 2026-07-28, Base
// Protocol). The error is an *[Error].
func CheckResultType(m Message) error {
	kind, ok := m.ResultType()
	if !ok || kind != "" && kind != complete && kind != inputRequired {
		return Internal("the upstream answered with a result type that this portal does not relay")
	}
	return nil
}

// TranslateResult fits the result of a method from the revision the upstream
// speaks to the one the client speaks. Between equal revisions it stays as it
// is. A result of server/discover becomes one of initialize and the other way
// round. What cannot be carried over is refused with an *[Error] that says
// what is missing: so far, an upstream asking for input.
func TranslateResult(method string, result json.RawMessage, from, to Revision) (json.RawMessage, error) {
	if (from == Stateless) == (to == Stateless) {
		return result, nil
	}
	o, err := ParseObject(result, "resultType")
	if err != nil {
		return nil, fmt.Errorf("translate the result of %s: %w", method, err)
	}
	if from == Stateless {
		err = statefulResult(method, &o)
	} else {
		statelessResult(method, &o)
	}
	if err != nil {
		return nil, err
	}
	return o.Bytes(), nil
}

// statelessResult adds what the newer revision requires. The result is
// private and stale at once: the portal knows nothing of how long it holds,
// nor that it holds for anyone else.
func statelessResult(method string, o *Object) {
	switch method {
	case "tools/list":
		translateTools(o, Stateful, Stateless)
	case "initialize":
		discovered(o)
		method = "server/discover"
	}
	o.SetString("resultType", complete)
	if !cacheable(method) {
		return
	}
	if _, ok := o.Get("ttlMs"); !ok {
		o.Set("ttlMs", json.RawMessage("0"))
	}
	if _, ok := o.Get("cacheScope"); !ok {
		o.SetString("cacheScope", "private")
	}
}

// statefulResult takes out what the older revision does not know.
func statefulResult(method string, o *Object) error {
	kind, _ := o.GetString("resultType")
	if _, present := o.Get("resultType"); present && kind != complete {
		return notComplete(kind)
	}
	o.Delete("resultType")
	if cacheable(method) {
		o.Delete("ttlMs")
		o.Delete("cacheScope")
	}
	switch method {
	case "tools/list":
		translateTools(o, Stateless, Stateful)
	case "tools/call":
		// MCP 2025-11-25, Tools, "Structured Content": an object or nothing.
		if v, ok := o.Get("structuredContent"); ok && v[0] != '{' {
			o.Delete("structuredContent")
		}
	case "server/discover":
		initialized(o)
	}
	return nil
}

func notComplete(kind string) error {
	if kind == inputRequired {
		return Internal("the upstream asks for input (input_required), which this portal does not relay to clients of " +
			string(Stateful) + " and older yet")
	}
	return Internal("the upstream answered with a result type that this portal does not relay")
}

// initialized turns a discover result into an initialize result.
func initialized(o *Object) {
	o.SetString("protocolVersion", string(Stateful))
	o.Delete("supportedVersions")
	meta := o.GetObject("_meta")
	info, ok := meta.Get(metaServerInfo)
	if !ok {
		info = json.RawMessage(`{"name":"","version":""}`)
	}
	o.Set("serverInfo", info)
}

// discovered turns an initialize result into a discover result.
func discovered(o *Object) {
	o.Delete("protocolVersion")
	o.Set("supportedVersions", json.RawMessage(`["`+string(Stateless)+`"]`))
	info, ok := o.Get("serverInfo")
	if !ok {
		return
	}
	meta := o.GetObject("_meta")
	meta.Set(metaServerInfo, info)
	o.Delete("serverInfo")
	o.Set("_meta", meta.Bytes())
}
