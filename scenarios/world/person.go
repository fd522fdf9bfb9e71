package world

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/portico-mcp/portico/fixtures"
	"github.com/portico-mcp/portico/simulators/client"
	"github.com/portico-mcp/portico/simulators/trace"
)

// Person is somebody with an MCP client and a browser, or a machine with a
// service token.
type Person struct {
	world   *World
	party   trace.Party
	fixture fixtures.Person
	service *fixtures.Service
	website string              // where the client describes itself; empty: it registers
	amiss   Args                // what its description says other than it should; nil: nothing
	program string              // what the client calls itself; empty: the person's client
	held    *client.Credentials // what it holds from the beginning; nil: nothing
	browser *client.Browser
	client  *client.Client
}

// DescribedAt gives the person a client that describes itself in a document on
// a website of its own (MCP 2026-07-28 Client Registration, "Client ID
// Metadata Documents") and does not register. What amiss says stands in the
// document in place of the truth.
func (p *Person) DescribedAt(website trace.Party, amiss ...Args) *Person {
	for _, a := range amiss {
		p.amiss = a
	}
	origin, err := p.world.town.Serve(website, string(website)+".example", http.HandlerFunc(p.describe))
	must(err)
	p.website = origin
	return p
}

// describe answers with the client's metadata document.
func (p *Person) describe(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	document := Args{
		"client_id": p.website + metadataPath, "client_name": p.called(), "redirect_uris": []string{p.client.RedirectURI()},
		"grant_types": []string{"authorization_code", "refresh_token"}, "response_types": []string{"code"}, "token_endpoint_auth_method": "none",
	}
	maps.Copy(document, p.amiss)
	_ = json.NewEncoder(w).Encode(document)
}

const metadataPath = "/client.json"

// Party is the name under which the trace knows the person's client.
func (p *Person) Party() trace.Party { return p.party }

// Connect goes through the whole door: challenge, discovery, sign-in, session.
// If the door stays shut, the story ends: what it checks cannot be tested.
func (p *Person) Connect() *Session {
	s, err := p.TryConnect()
	if err != nil {
		p.world.end(err.Error())
	}
	return s
}

// TryConnect is Connect for stories in which the door may stay shut.
func (p *Person) TryConnect() (*Session, error) {
	c, err := p.mcp()
	if err != nil {
		return nil, err
	}
	ended := p.acts("connects")
	s, err := c.Connect(p.world.ctx)
	ended(err != nil)
	if err != nil {
		return nil, fmt.Errorf("%s connects: %w", p.party, err)
	}
	return &Session{person: p, session: s}, nil
}

// AccessToken is the token the portal gave the person's client. If it gave none
// the story ends: nothing can be said of where it went.
func (p *Person) AccessToken() string {
	if p.client == nil {
		fail(fmt.Errorf("%s has not connected", p.party))
	}
	token := p.client.Credentials().AccessToken
	if token == "" {
		p.world.end(fmt.Sprintf("%s was given no access token", p.party))
	}
	return token
}

// ServiceToken is the pair of values that a machine gets in with.
func (p *Person) ServiceToken() (id, secret string) {
	if p.service == nil {
		fail(fmt.Errorf("%s is no machine", p.party))
	}
	return p.service.ClientID, p.service.ClientSecret
}

// Revoke gives the tokens of the person's client back, where the portal's metadata
// says that one does (RFC 7009 §2.1).
func (p *Person) Revoke() Reply {
	var metadata struct {
		Endpoint string `json:"revocation_endpoint"`
	}
	_ = json.Unmarshal([]byte(p.Fetch("/.well-known/oauth-authorization-server").Body), &metadata)
	if metadata.Endpoint == "" {
		p.world.end("the portal names no revocation endpoint")
	}
	c, err := p.mcp()
	must(err)
	held := c.Credentials()
	form := url.Values{"token": {held.RefreshToken}, "client_id": {held.ClientID}}
	return p.Send(http.MethodPost, metadata.Endpoint, http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, form.Encode())
}

// Knock sends one raw request to the portal's MCP endpoint, with no credential
// and none of a client's manners.
func (p *Person) Knock(method string, header http.Header, body string) Reply {
	return p.Send(method, "/mcp", header, body)
}

// Fetch gets a path of the portal's origin.
func (p *Person) Fetch(path string) Reply { return p.Send(http.MethodGet, path, nil, "") }

// Send sends one raw request to a path of the portal's origin, or to a whole
// URL; redirects are not followed.
func (p *Person) Send(method, path string, header http.Header, body string) Reply {
	dial, err := p.world.town.Client(p.party, trace.Client)
	must(err)
	req, err := http.NewRequestWithContext(p.world.ctx, method, p.address(path), strings.NewReader(body))
	must(err)
	if header != nil {
		req.Header = header.Clone()
	}
	ended := p.acts(method + " " + strings.SplitN(path, "?", 2)[0])
	once := *dial
	once.Timeout = patience
	once.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := once.Do(req)
	must(err)
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, mostOfABody))
	must(err)
	ended(res.StatusCode >= http.StatusBadRequest)
	return Reply{Status: res.StatusCode, Header: res.Header, Body: string(b)}
}

// patience is how long an answer to a raw request may take to its last byte.
const patience = time.Minute

// mostOfABody is how much of an answer is read, in bytes: a hostile portal may
// never end.
const mostOfABody = 16 << 20

// acts remembers what the person does, as the client or in the browser.
func (p *Person) acts(what string) (ended func(refused bool)) {
	seats := []fixtures.Seat{fixtures.AtClient}
	if p.service == nil && what == "connects" {
		seats = append(seats, fixtures.AtBrowser)
	}
	return p.world.acts(string(p.party)+" "+what, []trace.Party{p.party, p.party + ".browser"}, seats...)
}

// mcp is the person's client, made at first use.
func (p *Person) mcp() (*client.Client, error) {
	if p.client != nil {
		return p.client, nil
	}
	config, err := p.config()
	if err != nil {
		return nil, err
	}
	p.client = client.New(config)
	return p.client, nil
}

func (p *Person) config() (client.Config, error) {
	dial, err := p.world.town.Client(p.party, trace.Client)
	if err != nil {
		return client.Config{}, err
	}
	c := client.Config{
		Endpoint: p.world.town.Endpoint, Revision: p.world.revision, Name: p.called(), HTTP: dial, Credentials: p.held,
	}
	if p.service != nil {
		c.ServiceToken = &client.ServiceToken{ClientID: p.service.ClientID, ClientSecret: p.service.ClientSecret}
		return c, nil
	}
	if p.website != "" {
		c.MetadataURL = p.website + metadataPath
	}
	c.Browser, err = p.surfs()
	return c, err
}
