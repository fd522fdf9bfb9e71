package access_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/mock"

	"github.com/portico-mcp/portico/reference/access"
)

// withProvider is a door in front of an identity provider that is told what to
// expect.
func withProvider(t *testing.T) (*door, *MockIdentityProvider) {
	t.Helper()
	d, idp := &door{allowed: true, cookies: map[string]string{}}, NewMockIdentityProvider(t)
	a, err := access.New(access.Config{
		Origin: origin, Audience: "portal", OIDC: access.OIDCConfig{Issuer: "https://idp.example"}, Provider: idp, Next: http.NotFoundHandler(),
	})
	if err != nil {
		t.Fatal(err)
	}
	d.Access = a
	return d, idp
}

// The code is exchanged with the secrets of its own login, and no login has
// those of another.
func TestEachLoginHasSecretsOfItsOwn(t *testing.T) {
	d, idp := withProvider(t)
	var logins []access.Login
	idp.EXPECT().AuthorizationURL(mock.Anything, mock.Anything).RunAndReturn(func(_ *http.Request, l access.Login) (string, error) {
		logins = append(logins, l)
		return "https://idp.example/authorize?state=" + l.State, nil
	}).Twice()
	id := d.register(t)
	for range 2 {
		d.form("/oauth/consent", d.consent(t, request(id)), true)
	}
	one, two := logins[0], logins[1]
	if one.State == two.State || one.Nonce == two.Nonce || one.Verifier == two.Verifier || one.State == one.Nonce {
		t.Errorf("%+v, %+v", one, two)
	}
	idp.EXPECT().Identity(mock.Anything, two, "c-2").Return(access.Identity{Subject: "00u-alice"}, nil).Once()
	address := access.CallbackPath + "?code=c-2&state=" + url.QueryEscape(two.State)
	if res := d.send("GET", address, nil, "", true); res.StatusCode != http.StatusSeeOther {
		t.Errorf("status %d", res.StatusCode)
	}
	if res := d.send("GET", address, nil, "", true); res.StatusCode != http.StatusForbidden {
		t.Errorf("the same answer again: status %d", res.StatusCode)
	}
}

func TestWhatTheIdentityProviderFailsAt(t *testing.T) {
	inside := errors.New("dial 10.0.0.7: refused")
	t.Run("where to sign in", func(t *testing.T) {
		d, idp := withProvider(t)
		idp.EXPECT().AuthorizationURL(mock.Anything, mock.Anything).Return("", inside).Once()
		res := d.form("/oauth/consent", d.consent(t, request(d.register(t))), true)
		if res.StatusCode != http.StatusBadGateway || res.Header.Get("Location") != "" {
			t.Errorf("status %d, to %q", res.StatusCode, res.Header.Get("Location"))
		}
	})
	t.Run("who signed in", func(t *testing.T) {
		d, idp := withProvider(t)
		idp.EXPECT().AuthorizationURL(mock.Anything, mock.Anything).Return("https://idp.example/authorize", nil).Once()
		idp.EXPECT().Identity(mock.Anything, mock.Anything, "c-1").Return(access.Identity{}, inside).Once()
		d.form("/oauth/consent", d.consent(t, request(d.register(t))), true)
		login := idp.Calls[0].Arguments.Get(1).(access.Login)
		back := location(t, d.send("GET", access.CallbackPath+"?code=c-1&state="+url.QueryEscape(login.State), nil, "", true))
		if q := back.Query(); q.Get("error") != "server_error" || q.Has("code") || strings.Contains(back.String(), "10.0.0.7") {
			t.Errorf("sent back to %s", back)
		}
	})
}
