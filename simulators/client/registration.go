package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
)

var errUnknownClient = errors.New("the authorization server knows no such client and registers none")

// identify makes sure that the authorization server knows the client: by hand,
// else by a metadata document, else by dynamic registration, which is not done
// twice (MCP 2026-07-28 Client Registration).
func (c *Client) identify(ctx context.Context, server serverMetadata, held Credentials) (Credentials, error) {
	switch r := c.config.Registration; {
	case r != nil && r.Issuer == server.Issuer:
		return held.as(PreRegistered, r.ClientID, r.ClientSecret, methodOf(r.Method, r.ClientSecret)), nil
	case r != nil:
		return held, violation("pre-registered credentials are used where they were registered",
			"MCP 2026-07-28 Client Registration", "the client is registered at %q and the server names %q", r.Issuer, server.Issuer)
	case server.Documents && c.config.MetadataURL != "":
		return held.as(MetadataDocument, c.config.MetadataURL, "", NoSecret), nil
	case held.ClientID != "":
		return held, nil
	case server.Registration != "":
		return c.register(ctx, server, held)
	default:
		return held, errUnknownClient
	}
}

func (c Credentials) as(known Known, id, secret string, method AuthMethod) Credentials {
	c.Known, c.ClientID, c.ClientSecret, c.Method = known, id, secret, method
	return c
}

func methodOf(method AuthMethod, secret string) AuthMethod {
	switch {
	case method != "":
		return method
	case secret != "":
		return BasicSecret
	default:
		return NoSecret
	}
}

// clientMetadata is what the client says of itself (RFC 7591 §2). "MCP clients
// MUST specify an appropriate application_type" (MCP 2026-07-28 Client
// Registration).
type clientMetadata struct {
	Name            string     `json:"client_name"`
	RedirectURIs    []string   `json:"redirect_uris"`
	ApplicationType string     `json:"application_type"`
	GrantTypes      []string   `json:"grant_types"`
	ResponseTypes   []string   `json:"response_types"`
	Method          AuthMethod `json:"token_endpoint_auth_method"`
}

// register introduces the client (RFC 7591 §3.1).
func (c *Client) register(ctx context.Context, server serverMetadata, held Credentials) (Credentials, error) {
	if err := checkEndpoint(server.Registration); err != nil {
		return held, err
	}
	method := server.preferredMethod()
	body, err := json.Marshal(clientMetadata{
		Name: c.config.Name, RedirectURIs: []string{c.config.RedirectURI}, ApplicationType: applicationType(c.config.RedirectURI),
		GrantTypes: []string{"authorization_code", "refresh_token"}, ResponseTypes: []string{"code"}, Method: method,
	})
	if err != nil {
		return held, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, server.Registration, bytes.NewReader(body))
	if err != nil {
		return held, err
	}
	req.Header.Set("Content-Type", "application/json")
	var answer struct {
		ID     string     `json:"client_id"`
		Secret string     `json:"client_secret"`
		Method AuthMethod `json:"token_endpoint_auth_method"`
	}
	if err := c.oauth(req, &answer); err != nil {
		return held, err
	}
	if answer.ID == "" {
		return held, violation("a registration has a client_id", "RFC 7591 §3.2.1", "it has none")
	}
	if answer.Method != "" {
		method = answer.Method // the server may have replaced what was asked for
	}
	return held.as(Registered, answer.ID, answer.Secret, method), nil
}

// preferredMethod is none where the server does not exclude it: the client
// cannot keep a secret of its own.
func (m serverMetadata) preferredMethod() AuthMethod {
	if len(m.AuthMethods) == 0 {
		return NoSecret
	}
	for _, method := range []AuthMethod{NoSecret, BasicSecret, PostSecret} {
		if slices.Contains(m.AuthMethods, string(method)) {
			return method
		}
	}
	return NoSecret
}

func applicationType(redirectURI string) string {
	if u, err := url.Parse(redirectURI); err == nil && u.Scheme == "https" && !isLoopback(u) {
		return "web"
	}
	return "native"
}
