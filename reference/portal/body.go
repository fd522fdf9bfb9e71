package portal

import (
	"bytes"
	"errors"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/portico-mcp/portico/reference/portal/rpc"
)

// readBody reads a message that was posted as MCP asks: JSON, from a client
// that takes both kinds of answers (MCP 2025-11-25, Transports, "Sending
// Messages to the Server"), and not larger than max bytes.
func readBody(w http.ResponseWriter, r *http.Request, max int64) ([]byte, *refusal) {
	if kind, _ := mediaType(r.Header.Get("Content-Type")); kind != "application/json" {
		return nil, &refusal{http.StatusUnsupportedMediaType, rpc.InvalidRequest("the content type is not application/json")}
	}
	if e := r.Header.Get("Content-Encoding"); e != "" && e != "identity" {
		return nil, &refusal{http.StatusUnsupportedMediaType, rpc.InvalidRequest("the body is encoded")}
	}
	if accept := r.Header.Values("Accept"); !accepts(accept, "application/json") || !accepts(accept, "text/event-stream") {
		return nil, &refusal{http.StatusNotAcceptable, rpc.InvalidRequest("the client must accept application/json and text/event-stream")}
	}
	if r.ContentLength > max {
		return nil, tooLarge()
	}
	var body bytes.Buffer
	if r.ContentLength > 0 {
		body.Grow(int(r.ContentLength) + bytes.MinRead)
	}
	switch _, err := body.ReadFrom(http.MaxBytesReader(w, r.Body, max)); {
	case isTooLarge(err):
		return nil, tooLarge()
	case err != nil:
		return nil, &refusal{http.StatusBadRequest, rpc.ParseError("the body ended early")}
	}
	return body.Bytes(), nil
}

func tooLarge() *refusal {
	return &refusal{http.StatusRequestEntityTooLarge, rpc.InvalidRequest("the message is too large")}
}

func isTooLarge(err error) bool {
	_, ok := errors.AsType[*http.MaxBytesError](err)
	return ok
}

// accepts reports whether an Accept header admits a media type
// (RFC 9110 §12.5.1). No header admits everything.
func accepts(values []string, kind string) bool {
	if len(values) == 0 {
		return true
	}
	family, _, _ := strings.Cut(kind, "/")
	for _, value := range values {
		for part := range strings.SplitSeq(value, ",") {
			name, parameters := mediaType(part)
			if name != kind && name != family+"/*" && name != "*/*" {
				continue
			}
			if q, err := strconv.ParseFloat(parameters["q"], 64); err != nil || q > 0 {
				return true
			}
		}
	}
	return false
}

// mediaType reads a media type and its parameters; "" if it is none. What has
// no parameters and no capitals, as from nearly every client, is its own name.
func mediaType(value string) (name string, parameters map[string]string) {
	if value = strings.TrimSpace(value); !strings.ContainsRune(value, ';') && strings.ToLower(value) == value {
		return value, nil
	}
	name, parameters, err := mime.ParseMediaType(value)
	if err != nil {
		return "", nil
	}
	return name, parameters
}
