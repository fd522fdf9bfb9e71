package town

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/portico-mcp/portico/fixtures"
	"github.com/portico-mcp/portico/simulators/network"
	"github.com/portico-mcp/portico/simulators/trace"
	"github.com/portico-mcp/portico/simulators/upstream"
)

func (b *builder) servers() error {
	for _, s := range b.site.World.Servers {
		endpoint, err := b.server(s)
		if err != nil {
			return fmt.Errorf("server %q: %w", s.ID, err)
		}
		b.site.Servers = append(b.site.Servers, Server{Server: s, URL: endpoint})
	}
	return nil
}

// server puts an upstream on the network, and the authorization server that
// protects it, and gives the URL of its MCP endpoint. One that stands elsewhere
// is only named.
func (b *builder) server(s fixtures.Server) (string, error) {
	if s.URL != "" {
		u, err := url.Parse(s.URL)
		if err != nil {
			return "", err
		}
		b.config.Network.Outsider(trace.Party(s.ID), trace.Upstream, u.Host)
		return s.URL, nil
	}
	h, err := b.host(trace.Party(s.ID), trace.Upstream, dnsName(s.ID))
	if err != nil {
		return "", err
	}
	server, err := b.simulator(s, h)
	if err != nil {
		return "", err
	}
	layer := b.layer(trace.Party(s.ID), trace.Upstream)
	if err := ails(layer, s.Fault); err != nil {
		return "", err
	}
	return h.Origin() + "/mcp", h.Serve(layer.Before(sends(s.Sends, server)))
}

// simulator is an upstream of ours: one that speaks in its own words, or one with
// an SDK, which the town keeps at hand.
func (b *builder) simulator(s fixtures.Server, h *network.Host) (http.Handler, error) {
	catalogue, err := s.Offers()
	if err != nil {
		return nil, err
	}
	introduces := cmp.Or(s.Introduces, s.ID)
	if len(catalogue.Verbatim) > 0 {
		config := verbatim(catalogue.Verbatim)
		config.Name, config.Revision = introduces, b.site.Revision
		return upstream.NewRaw(config), nil
	}
	config, err := offers(catalogue)
	if err != nil {
		return nil, err
	}
	config.Name, config.Revision, config.Advertise = introduces, b.site.Revision, h.Origin()
	if config.Guard, err = b.guard(s, h.Origin()+"/mcp"); err != nil {
		return nil, err
	}
	server, err := upstream.New(config)
	if err != nil {
		return nil, err
	}
	b.closers = append(b.closers, func() { _ = server.Close() })
	b.town.Servers[s.ID] = server
	return server, nil
}

// dnsName is the server's host name; an underscore is no part of one.
func dnsName(id string) string {
	return strings.ReplaceAll(id, "_", "-") + ".example"
}

func (b *builder) guard(s fixtures.Server, resource string) (upstream.Guard, error) {
	switch s.Auth {
	case fixtures.Bearer:
		return staticGuard(s.Credential)
	case fixtures.OAuth:
		return b.oauthGuard(s, resource)
	default:
		return nil, nil
	}
}

// oauthGuard puts the upstream's authorization server on a host of its own.
func (b *builder) oauthGuard(s fixtures.Server, resource string) (upstream.Guard, error) {
	var as *upstream.AuthorizationServer
	_, err := b.serve(trace.Party(s.ID+"-as"), trace.AuthorizationServer, s.ID+"-as.example", func(h *network.Host) (_ http.Handler, err error) {
		var accounts []upstream.Account
		for _, p := range b.town.People {
			accounts = append(accounts, upstream.Account{Subject: p.ID, Name: p.Email, Password: p.Password})
		}
		as, err = upstream.NewAuthorizationServer(upstream.AuthorizationServerConfig{
			Name: s.ID + "-as", Issuer: h.Origin(), Resource: resource, People: accounts, RefreshTokenLifetime: s.Grant,
			Store: b.site.Keep(s.ID + "-as.json"),
		})
		return as, err
	})
	if err != nil {
		return nil, err
	}
	b.town.AuthorizationServers[s.ID] = as
	return upstream.OAuth(as, resource), nil
}
