package assertion_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portico-mcp/portico/reference/portal/assertion"
)

func TestKeysAreFetchedLazilyAndOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := newIssuer()
		i.delay = time.Second
		v := i.verifier()
		if got := i.fetches.Load(); got != 0 {
			t.Fatalf("New made %d fetches", got)
		}
		var wg sync.WaitGroup
		for n := range 50 {
			token := sign(t, "k1", 0, with(person(), map[string]any{"grant": fmt.Sprint("g-", n)}))
			wg.Go(func() {
				if _, err := v.Verify(t.Context(), token); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if got := i.fetches.Load(); got != 1 {
			t.Errorf("%d fetches for 50 parallel tokens, want 1", got)
		}
	})
}

func TestRotation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := newIssuer()
		v := i.verifier()
		old := sign(t, "k1", 0, with(person(), map[string]any{"exp": time.Now().Add(time.Hour).Unix()}))
		mustVerify(t, v, old)
		time.Sleep(time.Minute)

		i.publish(publicJWK("k1", 0), publicJWK("k2", 1))
		mustVerify(t, v, sign(t, "k2", 1, person()))
		mustVerify(t, v, old)
		if got := i.fetches.Load(); got != 2 {
			t.Errorf("%d fetches, want 2", got)
		}

		i.publish(publicJWK("k2", 1))
		time.Sleep(16 * time.Minute)
		if _, err := v.Verify(t.Context(), old); !errors.Is(err, assertion.ErrInvalid) {
			t.Errorf("a token of a withdrawn key: got %v, want ErrInvalid", err)
		}
	})
}

func TestUnknownKeysCauseNoFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := newIssuer()
		v := i.verifier()
		good := sign(t, "k1", 0, person())
		mustVerify(t, v, good)
		bad := strings.Split(sign(t, "k1", 2, person()), ".")[1:]
		for n := range 1000 {
			token := strings.Join(append([]string{encode(fmt.Sprintf(`{"alg":"RS256","kid":"x%d"}`, n))}, bad...), ".")
			if _, err := v.Verify(t.Context(), token); !errors.Is(err, assertion.ErrInvalid) {
				t.Fatalf("got %v, want ErrInvalid", err)
			}
			time.Sleep(10 * time.Millisecond)
		}
		if got := i.fetches.Load(); got > 2 {
			t.Errorf("%d fetches in 10 s of unknown keys, want at most the first and one more", got)
		}
		mustVerify(t, v, good)
	})
}

func TestFailuresAreNotRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := newIssuer()
		v := i.verifier()
		token := sign(t, "k2", 1, person())
		if _, err := v.Verify(t.Context(), token); !errors.Is(err, assertion.ErrInvalid) {
			t.Fatalf("got %v, want ErrInvalid", err)
		}
		i.publish(publicJWK("k2", 1))
		time.Sleep(10 * time.Second)
		mustVerify(t, v, token)
	})
}

func TestUnusableKeySets(t *testing.T) {
	good, _ := json.Marshal(publicJWK("k1", 0))
	weak := publicJWK("k1", 0)
	weak["n"] = weak["n"].(string)[:100]
	even := publicJWK("k1", 0)
	even["e"] = "BA"
	foreign := publicJWK("k1", 0)
	foreign["alg"] = "PS256"
	encryption := publicJWK("k1", 0)
	encryption["use"] = "enc"
	other := publicJWK("k1", 0)
	other["kty"] = "oct"
	text := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status); _, _ = w.Write([]byte(body)) }
	}
	set := func(keys ...map[string]any) http.HandlerFunc {
		body, _ := json.Marshal(map[string]any{"keys": keys})
		return text(200, string(body))
	}
	cases := map[string]http.HandlerFunc{
		"status 500":     text(500, ""),
		"HTML":           text(200, "<html>"),
		"no keys":        set(),
		"too long":       text(200, `{"keys":[`+string(good)+`]}`+strings.Repeat(" ", 1<<20)),
		"a kid twice":    set(publicJWK("k1", 0), publicJWK("k1", 1)),
		"symmetric":      set(other),
		"a short key":    set(weak),
		"an even e":      set(even),
		"another alg":    set(foreign),
		"for encryption": set(encryption),
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://trap.example/keys", http.StatusTemporaryRedirect)
		},
	}
	for name, answer := range cases {
		t.Run(name, func(t *testing.T) {
			i := newIssuer()
			i.answerWith(answer)
			if _, err := i.verifier().Verify(t.Context(), sign(t, "k1", 0, person())); !errors.Is(err, assertion.ErrUnavailable) {
				t.Errorf("got %v, want ErrUnavailable", err)
			}
			if got := i.fetches.Load(); got != 1 {
				t.Errorf("%d requests, want 1", got)
			}
		})
	}
}

func TestLastGoodSetIsUsedForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := newIssuer()
		v := i.verifier()
		mustVerify(t, v, sign(t, "k1", 0, person()))
		i.answerWith(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })

		time.Sleep(time.Hour)
		mustVerify(t, v, sign(t, "k1", 0, person()))
		time.Sleep(time.Hour)
		if _, err := v.Verify(t.Context(), sign(t, "k1", 0, person())); !errors.Is(err, assertion.ErrUnavailable) {
			t.Errorf("two hours without the issuer: got %v, want ErrUnavailable", err)
		}

		i.answerWith(nil)
		time.Sleep(10 * time.Second)
		mustVerify(t, v, sign(t, "k1", 0, person()))
	})
}

func TestACallerLeavesAFetchThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := newIssuer()
		i.delay = time.Hour
		v := i.verifier()
		var wg sync.WaitGroup
		wg.Go(func() {
			began := time.Now()
			if _, err := v.Verify(t.Context(), sign(t, "k1", 0, person())); !errors.Is(err, assertion.ErrUnavailable) || time.Since(began) != 10*time.Second {
				t.Errorf("who fetches: %v after %v, want ErrUnavailable after 10 s", err, time.Since(began))
			}
		})
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := v.Verify(ctx, sign(t, "k1", 0, person())); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("who waits: got %v, want its own deadline", err)
		}
		wg.Wait()
	})
}

func mustVerify(t *testing.T, v *assertion.Verifier, token string) {
	t.Helper()
	if _, err := v.Verify(t.Context(), token); err != nil {
		t.Fatal(err)
	}
}
