package rpc

import (
	"encoding/json"
	"fmt"
	"strings"
)

// TranslateParams fits a request's params, for the revision the client speaks,
// to the one the upstream speaks. Between equal revisions they stay as they
// are. Towards [Stateless] the version and what the caller declared are put
// into _meta; towards [Stateful] the keys of the newer protocol are taken out.
// nil params stay nil where nothing has to be added.
func TranslateParams(params json.RawMessage, from, to Revision, c Caller) (json.RawMessage, error) {
	switch {
	case from == to || from != Stateless && to != Stateless:
		return params, nil
	case to == Stateless:
		return statelessParams(params, c.Bridgeable())
	default:
		return statefulParams(params)
	}
}

func statelessParams(params json.RawMessage, c Caller) (json.RawMessage, error) {
	o, err := paramsObject(params)
	if err != nil {
		return nil, err
	}
	meta := o.GetObject("_meta")
	meta.SetString(metaVersion, string(Stateless))
	meta.Set(metaCapabilities, c.Capabilities)
	meta.Set(metaClientInfo, c.ClientInfo)
	o.Set("_meta", meta.Bytes())
	return o.Bytes(), nil
}

func statefulParams(params json.RawMessage) (json.RawMessage, error) {
	if params == nil {
		return nil, nil
	}
	o, err := paramsObject(params)
	if err != nil {
		return nil, err
	}
	o.Delete("inputResponses")
	o.Delete("requestState")
	if _, ok := o.Get("_meta"); !ok {
		return o.Bytes(), nil
	}
	meta := o.GetObject("_meta")
	for _, name := range meta.names() {
		if strings.HasPrefix(name, metaPrefix) {
			meta.Delete(name)
		}
	}
	if meta.Len() == 0 {
		o.Delete("_meta")
	} else {
		o.Set("_meta", meta.Bytes())
	}
	return o.Bytes(), nil
}

func paramsObject(params json.RawMessage) (Object, error) {
	if params == nil {
		return Object{}, nil
	}
	o, err := ParseObject(params)
	if err != nil {
		return Object{}, fmt.Errorf("translate params: %w", err)
	}
	return o, nil
}

func (o Object) names() []string {
	names := make([]string, len(o.members))
	for i, m := range o.members {
		names[i] = m.key.name(o.raw)
	}
	return names
}
