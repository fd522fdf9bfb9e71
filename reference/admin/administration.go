package admin

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/portico-mcp/portico/reference/access"
)

// Routing is whether every server's calls go through the gateway.
type Routing interface {
	Routed() bool
	RouteAll(on bool) error
}

// People are those who have access, and what they let in.
type People interface {
	Grants() []access.GrantInfo
	// Revoke ends a person's grants and browser sessions, and says how many grants.
	Revoke(email string) int
	// Expire ends a person's access tokens, and says how many.
	Expire(email string) int
}

// Keys are what application tokens are signed with.
type Keys interface {
	// Rotate puts a key in the place of the one that signs.
	Rotate(key *rsa.PrivateKey)
}

// Connections are what people allowed the portal at servers.
type Connections interface {
	// Forget drops one.
	Forget(ctx context.Context, subject, server string) error
}

// administration adds what there is to administer.
func (a *api) administration() {
	if a.Routing != nil {
		a.mux.HandleFunc("GET /portal", a.guarded(a.routing))
		a.mux.HandleFunc("PATCH /portal", a.guarded(a.route))
	}
	if a.People != nil {
		a.mux.HandleFunc("GET /grants", a.guarded(a.grants))
		a.mux.HandleFunc("POST /people/{email}/revoke", a.guarded(bodiless(a.revoke)))
		a.mux.HandleFunc("POST /people/{email}/expire", a.guarded(bodiless(a.expire)))
	}
	if a.Keys != nil {
		a.mux.HandleFunc("POST /keys/rotate", a.guarded(bodiless(a.rotate)))
	}
	if a.Connections != nil {
		a.mux.HandleFunc("DELETE /people/{subject}/servers/{id}", a.guarded(bodiless(a.forget)))
	}
}

// switchName is the portal's only setting here.
const switchName = "secure_web_gateway"

func (a *api) routing(w http.ResponseWriter, _ *http.Request) {
	success(w, map[string]bool{switchName: a.Routing.Routed()})
}

// route changes the routing, and answers with what it is then.
func (a *api) route(w http.ResponseWriter, r *http.Request) {
	sent, err := members(w, r)
	if err != nil {
		a.answer(w, nil, err)
		return
	}
	on := false
	switch raw := sent[switchName]; {
	case len(sent) == 1 && string(raw) == "true":
		on = true
	case len(sent) == 1 && string(raw) == "false":
	default:
		a.answer(w, nil, refuse(sent))
		return
	}
	err = a.Routing.RouteAll(on)
	a.answer(w, map[string]bool{switchName: a.Routing.Routed()}, err)
}

// refuse says what is wrong with the members of a PATCH.
func refuse(sent map[string]json.RawMessage) error {
	for name := range sent {
		if name != switchName {
			return fmt.Errorf("%w: there is no %q here, only %q", errBody, name, switchName)
		}
	}
	return fmt.Errorf("%w: %q is wanted, true or false", errBody, switchName)
}

func (a *api) grants(w http.ResponseWriter, _ *http.Request) { success(w, a.People.Grants()) }

func (a *api) revoke(w http.ResponseWriter, r *http.Request) {
	success(w, map[string]int{"grants": a.People.Revoke(r.PathValue("email"))})
}

func (a *api) expire(w http.ResponseWriter, r *http.Request) {
	success(w, map[string]int{"access_tokens": a.People.Expire(r.PathValue("email"))})
}

func (a *api) rotate(w http.ResponseWriter, _ *http.Request) {
	key, err := rsa.GenerateKey(rand.Reader, 2048) // bits
	if err != nil {
		failure(w, http.StatusInternalServerError, "no key could be made")
		return
	}
	a.Keys.Rotate(key)
	success(w, map[string]any{})
}

func (a *api) forget(w http.ResponseWriter, r *http.Request) {
	err := a.Connections.Forget(r.Context(), r.PathValue("subject"), r.PathValue("id"))
	a.answer(w, map[string]any{}, err)
}

// errBody says that a request's body is not what is wanted; the text says why.
var errBody = errors.New("the body is not accepted")

const maxBody = 64 << 10 // bytes

// bodiless refuses a body with members: whoever sends some believes that they
// mean something here.
func bodiless(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		sent, err := members(w, r)
		if err != nil {
			failure(w, http.StatusBadRequest, err.Error())
			return
		}
		for name := range sent {
			failure(w, http.StatusBadRequest, fmt.Sprintf("%v: there is no %q here; nothing is wanted", errBody, name))
			return
		}
		next(w, r)
	}
}

// members reads a body that is a JSON object, or nothing. Names are compared as
// they are, and one that is there twice has two readings.
func members(w http.ResponseWriter, r *http.Request) (map[string]json.RawMessage, error) {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return nil, fmt.Errorf("%w: it ends early, or is larger than %d bytes", errBody, maxBody)
	}
	sent := map[string]json.RawMessage{}
	if len(bytes.TrimSpace(text)) == 0 {
		return sent, nil
	}
	d := json.NewDecoder(bytes.NewReader(text))
	if start, err := d.Token(); err != nil || start != json.Delim('{') || !json.Valid(text) {
		return nil, fmt.Errorf("%w: it is no JSON object", errBody)
	}
	for d.More() {
		name, _ := d.Token() // a string, in valid JSON
		var value json.RawMessage
		_ = d.Decode(&value)
		if _, twice := sent[name.(string)]; twice {
			return nil, fmt.Errorf("%w: %q is there twice", errBody, name)
		}
		sent[name.(string)] = value
	}
	return sent, nil
}
