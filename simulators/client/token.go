package client

import (
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

var errNoRefreshToken = errors.New("there is no refresh token")

// tokenAnswer is a token response (RFC 6749 §5.1).
type tokenAnswer struct {
	AccessToken  string  `json:"access_token"`
	TokenType    string  `json:"token_type"`
	ExpiresIn    float64 `json:"expires_in"` // seconds
	RefreshToken string  `json:"refresh_token"`
}

// token asks the token endpoint. "resource MUST be included in both
// authorization requests and token requests" (MCP 2026-07-28 Authorization,
// "Resource Parameter Implementation"); a refresh is a token request.
func (c *Client) token(ctx context.Context, endpoint string, held Credentials, form url.Values) (Credentials, error) {
	form.Set("resource", held.Resource)
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Accept": {"application/json"}}
	held.authenticate(header, form)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return held, err
	}
	req.Header = header
	var answer tokenAnswer
	if err := c.oauth(req, &answer); err != nil {
		return held, err
	}
	switch {
	case answer.AccessToken == "":
		return held, violation("a token response has an access_token", "RFC 6749 §5.1", "it has none")
	case !strings.EqualFold(answer.TokenType, "Bearer"):
		return held, violation("a client does not use a token whose type it does not understand", "RFC 6749 §7.1", "token_type is %q", answer.TokenType)
	}
	held.AccessToken, held.Expiry = answer.AccessToken, time.Time{}
	if answer.ExpiresIn > 0 {
		held.Expiry = time.Now().Add(time.Duration(answer.ExpiresIn * float64(time.Second)))
	}
	if answer.RefreshToken != "" {
		held.RefreshToken = answer.RefreshToken // else the old one stays good, RFC 6749 §6
	}
	return held, nil
}

// authenticate says who the client is, by the method it is known with (RFC 6749
// §2.3.1).
func (c Credentials) authenticate(h http.Header, form url.Values) {
	switch c.Method {
	case BasicSecret:
		both := http.Request{Header: h}
		both.SetBasicAuth(url.QueryEscape(c.ClientID), url.QueryEscape(c.ClientSecret))
	case PostSecret:
		form.Set("client_id", c.ClientID)
		form.Set("client_secret", c.ClientSecret)
	default:
		form.Set("client_id", c.ClientID)
	}
}

// oauth sends a request to an endpoint of the authorization server and decodes
// its answer.
func (c *Client) oauth(req *http.Request, into any) error {
	res, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxBody))
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK && res.StatusCode != http.StatusCreated {
		refusal := &OAuthError{Status: res.StatusCode}
		var said struct {
			Code        string `json:"error"`
			Description string `json:"error_description"`
		}
		if json.Unmarshal(body, &said) == nil {
			refusal.Code, refusal.Description = said.Code, said.Description
		}
		return refusal
	}
	if !isJSON(res.Header) {
		return violation("the answer is application/json", "RFC 6749 §5.1", "it is %q", res.Header.Get("Content-Type"))
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("decode the answer of the authorization server: %w", err)
	}
	return nil
}

// renewal is a refresh under way, which others wait for.
type renewal struct {
	done chan struct{}
	err  error // once done is closed
}

// Refresh trades the refresh token for new tokens now (RFC 6749 §6). A call
// that is answered 401 does so by itself.
func (c *Client) Refresh(ctx context.Context) error {
	return c.renew(ctx, &HTTPError{}, c.Credentials().AccessToken)
}

// renew replaces an access token that was refused. However many find that out
// at once, the refresh token is sent once: a server may take its second use for
// a theft (RFC 9700 §4.14.2).
func (c *Client) renew(ctx context.Context, refused *HTTPError, used string) error {
	c.mu.Lock()
	if c.credentials.AccessToken != used {
		c.mu.Unlock()
		return nil
	}
	mine, theirs := &renewal{done: make(chan struct{})}, c.renewing
	if theirs == nil {
		c.renewing = mine
	}
	c.mu.Unlock()
	if theirs != nil {
		select {
		case <-theirs.done:
			return theirs.err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	mine.err = c.refresh(ctx, refused)
	c.mu.Lock()
	c.renewing = nil
	c.mu.Unlock()
	close(mine.done)
	return mine.err
}

func (c *Client) refresh(ctx context.Context, refused *HTTPError) error {
	held := c.Credentials()
	if held.RefreshToken == "" {
		return errNoRefreshToken
	}
	server, err := c.serverOf(ctx, held, refused)
	if err != nil {
		return err
	}
	renewed, err := c.token(ctx, server.Token, held, url.Values{
		"grant_type": {"refresh_token"}, "refresh_token": {held.RefreshToken},
	})
	var refusal *OAuthError
	if errors.As(err, &refusal) && refusal.Code == "invalid_grant" {
		held.RefreshToken = "" // it will not get better
		c.keep(held, server)
	}
	if err != nil {
		return fmt.Errorf("refresh the access token at %s: %w", server.Token, err)
	}
	c.keep(renewed, server)
	return nil
}

// serverOf is the authorization server that issued the credentials. Credentials
// of earlier come without its metadata, which is then discovered anew.
func (c *Client) serverOf(ctx context.Context, held Credentials, refused *HTTPError) (serverMetadata, error) {
	c.mu.Lock()
	known := c.server
	c.mu.Unlock()
	if known != nil && known.Issuer == held.Issuer {
		return *known, nil
	}
	_, server, err := c.discover(ctx, bearer(refused.Header))
	if err == nil && server.Issuer != held.Issuer {
		err = violation("credentials are used at the authorization server that issued them",
			"MCP 2026-07-28 Client Registration", "they are of %q and the server names %q", held.Issuer, server.Issuer)
	}
	return server, err
}
