package idp

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
)

func (c Config) check() error {
	if err := checkIssuer(c.Issuer); err != nil {
		return fmt.Errorf("issuer %q: %w", c.Issuer, err)
	}
	if err := checkPeople(c.People); err != nil {
		return err
	}
	return checkClients(c.Clients)
}

// checkIssuer wants a bare origin: the endpoints are rooted there, and an issuer
// is compared as a string, so that a trailing slash would be another issuer.
func checkIssuer(issuer string) error {
	u, err := url.Parse(issuer)
	if err != nil {
		return err
	}
	if u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil || strings.ContainsAny(issuer, "?#") {
		return errors.New("must be an origin: scheme and host, nothing else")
	}
	return checkScheme(u)
}

// checkScheme allows http on loopback only, RFC 8252 §8.3 and OpenID Connect Discovery §3.
func checkScheme(u *url.URL) error {
	switch {
	case u.Host == "":
		return errors.New("has no host")
	case u.Scheme == "https":
		return nil
	case u.Scheme == "http" && isLoopback(u.Hostname()):
		return nil
	}
	return errors.New("must be https, or http on a loopback address")
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func checkPeople(people []Person) error {
	seen := map[string]bool{}
	for _, p := range people {
		if p.Subject == "" || p.Email == "" || p.Password == "" {
			return fmt.Errorf("person %q: subject, email and password are required", p.Subject)
		}
		for _, name := range p.usernames() {
			if seen[name] {
				return fmt.Errorf("person %q: another person signs in as %q", p.Subject, name)
			}
			seen[name] = true
		}
	}
	return nil
}

func checkClients(clients []Client) error {
	seen := map[string]bool{}
	for _, c := range clients {
		if c.ID == "" || c.Secret == "" {
			return fmt.Errorf("client %q: id and secret are required", c.ID)
		}
		if seen[c.ID] {
			return fmt.Errorf("client %q is registered twice", c.ID)
		}
		seen[c.ID] = true
		for _, uri := range c.RedirectURIs {
			if err := checkRedirectURI(uri); err != nil {
				return fmt.Errorf("client %q: redirect URI %q: %w", c.ID, uri, err)
			}
		}
	}
	return nil
}

func checkRedirectURI(uri string) error {
	u, err := url.Parse(uri)
	if err != nil {
		return err
	}
	if strings.Contains(uri, "#") { // RFC 6749 §3.1.2
		return errors.New("must not have a fragment")
	}
	return checkScheme(u)
}

// usernames are what a person may type, without repetition.
func (p Person) usernames() []string {
	email := strings.ToLower(p.Email)
	if p.Subject == email {
		return []string{email}
	}
	return []string{email, p.Subject}
}

func (c Config) byUsername() map[string]Person {
	people := map[string]Person{}
	for _, p := range c.People {
		for _, name := range p.usernames() {
			people[name] = p
		}
	}
	return people
}

func (c Config) byID() map[string]Client {
	clients := map[string]Client{}
	for _, client := range c.Clients {
		clients[client.ID] = client
	}
	return clients
}
