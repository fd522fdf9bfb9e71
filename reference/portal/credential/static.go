package credential

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"
)

const (
	maxHeaders = 32
	maxStatic  = 16 << 10 // bytes of a static credential
)

// reserved names are the business of HTTP itself, of MCP, or of the relay; a
// credential in them would change what a request is.
var reservedHeaders = []string{
	"Accept", "Accept-Encoding", "Connection", "Content-Encoding", "Content-Length", "Content-Type", "Expect", "Host",
	"Keep-Alive", "Last-Event-Id", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
}

// Static reads a credential that is the same for everybody and returns what puts
// it on a request. A plain text is a bearer token (RFC 6750 §2.1); a JSON object
// {"headers":{name:value}} stands for exactly those headers, and no Authorization
// besides. Values are sent as they are. A text that begins like JSON and is not
// that object is an error, never a token; no error repeats any of the text.
func Static(secret Secret) (func(context.Context, http.Header) error, error) {
	headers, err := staticHeaders(string(secret))
	if err != nil {
		return nil, fmt.Errorf("static credential: %w", err)
	}
	return func(_ context.Context, h http.Header) error {
		for name, value := range headers {
			h.Set(name, value)
		}
		return nil
	}, nil
}

func staticHeaders(text string) (map[string]string, error) {
	switch {
	case text == "":
		return nil, errors.New("empty")
	case len(text) > maxStatic:
		return nil, fmt.Errorf("longer than %d bytes", maxStatic)
	case strings.HasPrefix(strings.TrimSpace(text), "{"):
		return parseHeaders([]byte(text))
	case !visible(text):
		return nil, errors.New("a token has no spaces or control characters; give it without a scheme or line end")
	}
	return map[string]string{"Authorization": "Bearer " + text}, nil
}

// parseHeaders reads the JSON form with a token reader, because a map would hide
// names that occur twice.
func parseHeaders(text []byte) (map[string]string, error) {
	if !json.Valid(text) {
		return nil, errors.New("begins with { but is not valid JSON")
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	headers := map[string]string{}
	if err := openMember(dec, "headers"); err != nil {
		return nil, err
	}
	for dec.More() {
		name, value, err := nextHeader(dec)
		if err != nil {
			return nil, err
		}
		if _, twice := headers[name]; twice {
			return nil, fmt.Errorf("header %s occurs twice", name)
		}
		headers[name] = value
	}
	_, _ = dec.Token() // the end of "headers"
	if dec.More() {
		return nil, errors.New(`has members besides "headers"`)
	}
	if len(headers) == 0 || len(headers) > maxHeaders {
		return nil, fmt.Errorf(`"headers" must hold 1 to %d headers`, maxHeaders)
	}
	return headers, nil
}

// openMember enters the object in the member name, which must be the first.
func openMember(dec *json.Decoder, name string) error {
	for _, want := range []json.Token{json.Delim('{'), name, json.Delim('{')} {
		if got, err := dec.Token(); err != nil || got != want {
			return fmt.Errorf("must be a JSON object with one member %q, an object", name)
		}
	}
	return nil
}

func nextHeader(dec *json.Decoder) (name, value string, err error) {
	key, err := dec.Token()
	raw, isText := key.(string)
	if err != nil || !isText || !httpguts.ValidHeaderFieldName(raw) {
		return "", "", errors.New("a header name is not valid")
	}
	name = http.CanonicalHeaderKey(raw)
	if forbidden(name) {
		return "", "", fmt.Errorf("header %s cannot carry a credential", name)
	}
	got, err := dec.Token()
	value, isText = got.(string)
	if err != nil || !isText {
		return "", "", fmt.Errorf("the value of header %s is not a string", name)
	}
	if value == "" || value != strings.TrimSpace(value) || !httpguts.ValidHeaderFieldValue(value) {
		return "", "", fmt.Errorf("the value of header %s cannot be sent as it is", name)
	}
	return name, value, nil
}

func forbidden(name string) bool {
	return slices.Contains(reservedHeaders, name) || strings.HasPrefix(name, "Mcp-") || strings.HasPrefix(name, "Proxy-")
}
