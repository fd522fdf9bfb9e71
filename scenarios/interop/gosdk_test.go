package interop_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/modelcontextprotocol/go-sdk/oauthex"
)

// goSDK is a session of the official Go SDK's client.
type goSDK struct{ *mcp.ClientSession }

// connectGoSDK connects the official Go SDK's client. It keeps credentials
// only in memory: one that connects again is given the same handler.
func connectGoSDK(revision string) connector {
	var handler auth.OAuthHandler
	return func(t *testing.T, ctx context.Context, d door) (conversation, error) {
		if handler == nil {
			fresh, err := goSDKHandler(t, d)
			if err != nil {
				return nil, err
			}
			handler = fresh
		}
		c := mcp.NewClient(&mcp.Implementation{Name: "interop", Version: "1"}, nil)
		session, err := c.Connect(ctx, &mcp.StreamableClientTransport{Endpoint: d.endpoint, OAuthHandler: handler},
			&mcp.ClientSessionOptions{ProtocolVersion: revision})
		if err != nil {
			return nil, err
		}
		return goSDK{session}, nil
	}
}

// goSDKHandler asks for a refresh token in every way the SDK offers.
func goSDKHandler(t *testing.T, d door) (auth.OAuthHandler, error) {
	redirect, arrived := callback(t)
	return auth.NewAuthorizationCodeHandler(&auth.AuthorizationCodeHandlerConfig{
		RedirectURL:         redirect,
		RequestRefreshToken: true,
		DynamicClientRegistrationConfig: &auth.DynamicClientRegistrationConfig{Metadata: &oauthex.ClientRegistrationMetadata{
			ClientName: "interop, Go", RedirectURIs: []string{redirect}, TokenEndpointAuthMethod: "none",
			GrantTypes: []string{"authorization_code", "refresh_token"}, ResponseTypes: []string{"code"},
		}},
		AuthorizationCodeFetcher: func(ctx context.Context, args *auth.AuthorizationArgs) (*auth.AuthorizationResult, error) {
			d.open(args.URL)
			select {
			case q := <-arrived:
				return &auth.AuthorizationResult{Code: q.Get("code"), State: q.Get("state"), Iss: q.Get("iss")}, nil
			case <-ctx.Done():
				return nil, context.Cause(ctx)
			}
		},
	})
}

// callback listens on loopback for browsers that come back.
func callback(t *testing.T) (redirect string, arrived <-chan url.Values) {
	t.Helper()
	came := make(chan url.Values, 1)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /callback", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<title>Done</title><p>This window may be closed.")
		came <- r.URL.Query()
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL + "/callback", came
}

func (s goSDK) tools(ctx context.Context) ([]string, error) {
	list, err := s.ListTools(ctx, nil)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, tool := range list.Tools {
		names = append(names, tool.Name)
	}
	return names, nil
}

func (s goSDK) call(ctx context.Context, tool string, args map[string]any) (string, error) {
	result, err := s.CallTool(ctx, &mcp.CallToolParams{Name: tool, Arguments: args})
	if err != nil {
		return "", err
	}
	text := ""
	for _, content := range result.Content {
		if c, ok := content.(*mcp.TextContent); ok {
			text += c.Text
		}
	}
	if result.IsError {
		return "", fmt.Errorf("%s: %s", tool, text)
	}
	return text, nil
}

func (s goSDK) close() error { return s.Close() }
