package idp

import "net/http"

// metadata is the provider's configuration document, OpenID Connect Discovery
// §3 with the additions of RFC 8414 §2 (PKCE) and RFC 9207 §3 (iss in answers).
type metadata struct {
	Issuer                string   `json:"issuer"`
	AuthorizationEndpoint string   `json:"authorization_endpoint"`
	TokenEndpoint         string   `json:"token_endpoint"`
	UserInfoEndpoint      string   `json:"userinfo_endpoint"`
	JWKSURI               string   `json:"jwks_uri"`
	Scopes                []string `json:"scopes_supported"`
	ResponseTypes         []string `json:"response_types_supported"`
	ResponseModes         []string `json:"response_modes_supported"`
	GrantTypes            []string `json:"grant_types_supported"`
	SubjectTypes          []string `json:"subject_types_supported"`
	SigningAlgorithms     []string `json:"id_token_signing_alg_values_supported"`
	ClientAuthentication  []string `json:"token_endpoint_auth_methods_supported"`
	Claims                []string `json:"claims_supported"`
	ChallengeMethods      []string `json:"code_challenge_methods_supported"`
	Prompts               []string `json:"prompt_values_supported"`
	IssuerInResponse      bool     `json:"authorization_response_iss_parameter_supported"`
	ClaimsParameter       bool     `json:"claims_parameter_supported"`
	RequestParameter      bool     `json:"request_parameter_supported"`
	RequestURIParameter   bool     `json:"request_uri_parameter_supported"` // true when absent, so it is written
}

func (p *Provider) serveMetadata(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, metadata{
		Issuer:                p.issuer,
		AuthorizationEndpoint: p.issuer + "/authorize",
		TokenEndpoint:         p.issuer + "/token",
		UserInfoEndpoint:      p.issuer + "/userinfo",
		JWKSURI:               p.issuer + "/jwks",
		Scopes:                []string{"openid", "email", "profile"},
		ResponseTypes:         []string{"code"},
		ResponseModes:         []string{"query"},
		GrantTypes:            []string{"authorization_code"},
		SubjectTypes:          []string{"public"},
		SigningAlgorithms:     []string{"RS256"},
		ClientAuthentication:  []string{"client_secret_basic", "client_secret_post"},
		Claims:                []string{"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "email", "email_verified", "name"},
		ChallengeMethods:      []string{"S256"},
		Prompts:               []string{"none", "login", "consent", "select_account"},
		IssuerInResponse:      true,
	})
}

// serveKeys publishes the verification keys, RFC 7517 §5.
func (p *Provider) serveKeys(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{"keys": p.keys.published()})
}
