package client

import (
	"bytes"
	"context"
	"net/http"
)

// outgoing is a request to the MCP endpoint, which can be sent again with
// another credential.
type outgoing struct {
	verb   string
	header http.Header // without the credential
	body   []byte
}

// deliver sends a request with the client's credential. If that is refused and
// there is a way to a better one, it takes it and sends once more.
func (c *Client) deliver(ctx context.Context, out outgoing) (*http.Response, error) {
	header := out.header.Clone()
	used := c.authorize(header)
	res, err := c.do(ctx, outgoing{out.verb, header, out.body})
	if err != nil {
		return nil, err
	}
	remedy := c.remedy(res, used)
	if remedy == nil {
		return res, nil
	}
	refused, err := readRefusal(res)
	if err != nil {
		return nil, err
	}
	if refused.Err = remedy(ctx, refused, used); refused.Err != nil {
		return nil, refused
	}
	header = out.header.Clone()
	c.authorize(header)
	return c.do(ctx, outgoing{out.verb, header, out.body})
}

// remedy is what the client can do about a refusal of its access token; nil if
// nothing: it refreshes a token that is refused, and asks the person for what
// the token lacks (MCP 2026-07-28 Authorization, "Step-Up Authorization Flow").
func (c *Client) remedy(res *http.Response, used string) func(context.Context, *HTTPError, string) error {
	switch {
	case c.config.NoRefresh || used == "":
		return nil
	case res.StatusCode == http.StatusUnauthorized && c.Credentials().RefreshToken != "":
		return c.renew
	case res.StatusCode == http.StatusForbidden && c.config.Browser != nil &&
		bearer(res.Header).parameters["error"] == "insufficient_scope":
		return func(ctx context.Context, refused *HTTPError, _ string) error { return c.signIn(ctx, refused) }
	default:
		return nil
	}
}

// do sends a request as it is.
func (c *Client) do(ctx context.Context, out outgoing) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, out.verb, c.config.Endpoint, bytes.NewReader(out.body))
	if err != nil {
		return nil, err
	}
	req.Header = out.header
	return c.http.Do(req)
}
