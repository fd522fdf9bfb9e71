package credential

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	flowLifetime = 10 * time.Minute // from Begin to Finish
	maxFlows     = 128              // open flows of one owner; the oldest gives way
)

// flow is an authorization request that was sent and not answered yet.
type flow struct {
	owner    Owner
	server   string
	returnTo string
	as       metadata // as it was when the flow began
	client   Registration
	dynamic  bool
	verifier string
	redirect string
	resource string
	scope    string
	expires  time.Time
}

// Begin prepares the owner's consent for s and returns the URL to send the
// browser to. It discovers the authorization server afresh and registers with it
// if need be. returnTo comes back from Finish as it is. Errors wrap
// ErrUnavailable, ErrMetadata, ErrRegistration or *[ResponseError].
func (v *Vault) Begin(ctx context.Context, owner Owner, s Server, returnTo string) (authorizationURL string, err error) {
	where, err := v.begin(ctx, owner, s, returnTo)
	if err != nil {
		return "", fmt.Errorf("begin authorization for upstream %q: %w", s.ID, err)
	}
	return where, nil
}

func (v *Vault) begin(ctx context.Context, owner Owner, s Server, returnTo string) (string, error) {
	found, err := v.fetch.discover(ctx, s)
	if err != nil {
		return "", err
	}
	v.note(s.ID, found)
	client, err := v.client(ctx, s, found.as)
	if unsaved := v.record(); err == nil && unsaved != nil {
		err = fmt.Errorf("store registration: %w", unsaved)
	}
	if err != nil {
		return "", err
	}
	f := flow{
		owner: owner, server: s.ID, returnTo: returnTo, as: found.as.essence(), client: client, dynamic: s.Manual == nil,
		verifier: unguessable(), redirect: v.config.redirectURI(owner), resource: found.resource.Resource,
		scope: v.scope(Key{owner, s.ID}, s, found), expires: time.Now().Add(flowLifetime),
	}
	state := unguessable()
	where, err := f.authorizationURL(state)
	if err != nil {
		return "", err
	}
	v.keep(state, f)
	return where, nil
}

// note remembers which authorization servers the server names now.
func (v *Vault) note(server string, found discovered) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.issuers[server] = append(slices.Clone(found.resource.Issuers), found.as.Issuer)
}

// client returns the portal's client at the authorization server: the one made
// by hand, else the one registered with this issuer before, else a new one.
func (v *Vault) client(ctx context.Context, s Server, as metadata) (Registration, error) {
	if s.Manual != nil {
		return s.Manual.manual(as, v.pin(s, as.Issuer))
	}
	return v.registers.do(ctx, as.Issuer, func(ctx context.Context) (Registration, error) {
		if c := v.registered(as.Issuer); c.good(time.Now()) {
			return c.Registration, nil
		}
		c, err := v.fetch.register(ctx, v.config, as)
		if err != nil {
			return Registration{}, err
		}
		v.mu.Lock()
		defer v.mu.Unlock()
		v.clients[as.Issuer] = c
		return c.Registration, nil
	})
}

// pin returns the issuer that a manual registration without one belongs to: the
// first it was used with. A secret must not follow a server that moves.
func (v *Vault) pin(s Server, issuer string) string {
	v.mu.Lock()
	defer v.mu.Unlock()
	place := s.ID + " " + s.Manual.ClientID // a new client may belong elsewhere
	if _, known := v.pins[place]; !known {
		v.pins[place] = issuer
	}
	return v.pins[place]
}

func (v *Vault) registered(issuer string) client {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.clients[issuer]
}

// unregister forgets a client that its authorization server no longer knows, so
// that the next Begin registers again; a newer one is left alone. It is left out
// of the store with the next write.
func (v *Vault) unregister(c Registration) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.clients[c.Issuer].ClientID == c.ClientID {
		delete(v.clients, c.Issuer)
	}
}

// scope decides what to ask for: what a step-up needs, else the challenge's
// scopes, which are authoritative, else the configured ones as given, else those
// the metadata lists, else nothing (MCP 2026-07-28 Authorization, "Scope
// Selection Strategy"). offline_access is added where the authorization server
// offers it, unless the administrator chose the scopes.
func (v *Vault) scope(key Key, s Server, found discovered) string {
	scopes := v.doubt(key).scopes
	switch {
	case scopes != nil:
	case len(found.challenge.scopes) > 0:
		scopes = found.challenge.scopes
	case len(s.Scopes) > 0:
		return strings.Join(s.Scopes, " ")
	default:
		scopes = cleanScopes(found.resource.Scopes)
	}
	const offline = "offline_access" // OpenID Connect Core §11
	if len(scopes) > 0 && slices.Contains(found.as.Scopes, offline) && !slices.Contains(scopes, offline) {
		scopes = append(slices.Clone(scopes), offline)
	}
	return strings.Join(scopes, " ")
}

// authorizationURL adds the request to the endpoint (RFC 6749 §4.1.1, RFC 7636
// §4.3, RFC 8707 §2.1). An endpoint whose own query holds one of the parameters
// is refused: which of the two counts would be the other side's choice.
func (f flow) authorizationURL(state string) (string, error) {
	u, err := parseURL(f.as.Authorization)
	if err != nil {
		return "", fmt.Errorf("%w: authorization_endpoint: %w", ErrMetadata, err)
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return "", fmt.Errorf("%w: authorization_endpoint: its query cannot be read", ErrMetadata)
	}
	digest := sha256.Sum256([]byte(f.verifier))
	request := url.Values{
		"response_type": {"code"}, "client_id": {f.client.ClientID}, "redirect_uri": {f.redirect}, "state": {state},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(digest[:])}, "code_challenge_method": {"S256"},
		"resource": {f.resource}, "scope": {f.scope},
	}
	for name, value := range request {
		if query.Has(name) {
			return "", fmt.Errorf("%w: authorization_endpoint with a parameter %q of its own", ErrMetadata, name)
		}
		query[name] = value
	}
	if f.scope == "" {
		query.Del("scope")
	}
	u.RawQuery = query.Encode()
	return u.String(), nil
}

// keep stores the flow under its state and sweeps what has expired.
func (v *Vault) keep(state string, f flow) {
	v.mu.Lock()
	defer v.mu.Unlock()
	now, open, oldest := time.Now(), 0, ""
	for s, p := range v.pending {
		if !now.Before(p.expires) {
			delete(v.pending, s)
			continue
		}
		if p.owner != f.owner {
			continue
		}
		if open++; oldest == "" || p.expires.Before(v.pending[oldest].expires) {
			oldest = s
		}
	}
	if open >= maxFlows {
		delete(v.pending, oldest)
	}
	v.pending[state] = f
}

// take removes and returns the flow of this state: a state is good once, and one
// that another owner has shown is burnt.
func (v *Vault) take(owner Owner, state string) (flow, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	f, ok := v.pending[state]
	delete(v.pending, state)
	switch {
	case !ok || !time.Now().Before(f.expires):
		return flow{}, ErrState
	case f.owner != owner:
		return flow{}, fmt.Errorf("%w: begun by somebody else", ErrState)
	}
	return f, nil
}

// unguessable is 256 random bits in 43 characters, as a state and as a code
// verifier (RFC 7636 §4.1).
func unguessable() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

// once returns the only value of a parameter; a repeated one is an error (RFC
// 6749 §3.1), an absent one "".
func once(query url.Values, name string) (value string, present bool, err error) {
	switch values := query[name]; len(values) {
	case 0:
		return "", false, nil
	case 1:
		return values[0], true, nil
	default:
		return "", false, errors.New("parameter " + name + " occurs twice")
	}
}
