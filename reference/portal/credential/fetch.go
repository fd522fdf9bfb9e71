package credential

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	requestTimeout = 10 * time.Second
	maxAnswer      = 1 << 20 // bytes of an answer
	maxRedirects   = 3
)

// fetcher makes requests to servers the portal does not trust yet: no cookies,
// a time limit, bounded answers, and no credential ever follows a redirect.
type fetcher struct {
	reading *http.Client // follows redirects within one origin
	sending *http.Client // follows none: 307 and 308 would send the secret again (RFC 9700 §4.12)
}

// request is what one of them is sent.
type request struct {
	method, address string
	header          http.Header
	body            []byte
}

// answer is a response, read to its end.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func newFetcher(c *http.Client) fetcher {
	var reading, sending http.Client
	if c != nil {
		reading, sending = *c, *c
	}
	reading.Jar, sending.Jar = nil, nil
	reading.CheckRedirect = sameOrigin
	sending.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return fetcher{&reading, &sending}
}

func sameOrigin(req *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return errors.New("too many redirects")
	}
	if origin(req.URL) != origin(via[0].URL) {
		return errors.New("redirect to another origin")
	}
	return nil
}

// get fetches a metadata document.
func (f fetcher) get(ctx context.Context, address string) (answer, error) {
	return do(ctx, f.reading, request{method: http.MethodGet, address: address})
}

// probe asks an MCP endpoint for its challenge and reads the head of the answer
// only: a server that needs no credential may answer with an endless stream.
//
// The question is a ping. It needs neither arguments nor a session and changes
// nothing, whereas initialize would leave a session behind on a server that
// lets everybody in, and GET is answered 405 by servers without a stream before
// they look for a credential.
func (f fetcher) probe(ctx context.Context, endpoint string) (answer, error) {
	header := http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"}}
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	res, err := send(ctx, f.sending, request{http.MethodPost, endpoint, header, []byte(`{"jsonrpc":"2.0","id":1,"method":"ping"}`)})
	if err != nil {
		return answer{}, err
	}
	_ = res.Body.Close()
	return answer{status: res.StatusCode, header: res.Header}, nil
}

// post sends a JSON document or, with the header of a caller, a form.
func (f fetcher) post(ctx context.Context, address string, header http.Header, body []byte) (answer, error) {
	return do(ctx, f.sending, request{http.MethodPost, address, header, body})
}

func (f fetcher) postForm(ctx context.Context, address string, header http.Header, form url.Values) (answer, error) {
	header.Set("Content-Type", "application/x-www-form-urlencoded")
	return f.post(ctx, address, header, []byte(form.Encode()))
}

func do(ctx context.Context, client *http.Client, r request) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	res, err := send(ctx, client, r)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	read, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil {
		return answer{}, fmt.Errorf("%w: %s: %w", ErrUnavailable, r.address, err)
	}
	if len(read) > maxAnswer {
		return answer{}, fmt.Errorf("%w: %s: longer than %d bytes", ErrUnavailable, r.address, maxAnswer)
	}
	return answer{res.StatusCode, res.Header, read}, nil
}

func send(ctx context.Context, client *http.Client, r request) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, r.method, r.address, bytes.NewReader(r.body))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMetadata, err)
	}
	for name, values := range r.header {
		req.Header[name] = values
	}
	if req.Header.Get("Accept") == "" {
		req.Header.Set("Accept", "application/json")
	}
	res, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return res, nil
}

// refusal reads an OAuth error response (RFC 6749 §5.2, RFC 7591 §3.2.2); an
// answer of another form leaves nothing but its status.
func (a answer) refusal(stage Stage, secrets ...Secret) *ResponseError {
	e := &ResponseError{Stage: stage, Status: a.status}
	var doc struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	if json.Unmarshal(a.body, &doc) == nil && strings.TrimSpace(doc.Error) != "" {
		e.Code, e.Description = quote(doc.Error, secrets...), quote(doc.Description, secrets...)
	}
	return e
}
