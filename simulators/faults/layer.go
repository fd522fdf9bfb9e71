package faults

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/portico-mcp/portico/simulators/trace"
)

// Layer stands in front of a party and before its guard. Without a fault it
// changes nothing.
type Layer struct {
	role trace.Role

	mu     sync.Mutex
	last   int
	active []*active
	held   context.Context // of the requests that a fault holds
	letGo  context.CancelFunc
}

// active is a fault that is set.
type active struct {
	Fault
	kind Kind
	dice *rand.Rand
}

// NewLayer makes the layer of a party of that role.
func NewLayer(role trace.Role) *Layer {
	l := &Layer{role: role}
	l.held, l.letGo = context.WithCancel(context.Background())
	return l
}

// Befalls says whether a kind of fault can befall the layer's party.
func (l *Layer) Befalls(k Kind) bool { return slices.Contains(k.At, l.role) }

// Set lets a fault strike from now on and returns it with its ID. The error is
// ErrUnknown or ErrImpossible.
func (l *Layer) Set(f Fault) (Fault, error) {
	k, err := Find(f.Kind)
	if err != nil {
		return Fault{}, err
	}
	if err := k.check(f, l.role); err != nil {
		return Fault{}, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last++
	f = k.complete(f)
	f.ID, f.Struck = l.last, 0
	l.active = append(l.active, &active{Fault: f, kind: k, dice: rand.New(rand.NewPCG(f.Seed, 0))})
	return f, nil
}

// Clear ends every fault of a kind, all of them if it is empty, and says how
// many there were. Requests that faults hold are let go: their connections are
// closed without an answer.
func (l *Layer) Clear(kind string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.letGo()
	l.held, l.letGo = context.WithCancel(context.Background())
	before := len(l.active)
	l.active = slices.DeleteFunc(l.active, func(a *active) bool { return kind == "" || a.Kind == kind })
	return before - len(l.active)
}

// List is the faults that can still strike, oldest first.
func (l *Layer) List() []Fault {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make([]Fault, 0, len(l.active))
	for _, a := range l.active {
		all = append(all, a.Fault)
	}
	return all
}

// Before puts the layer in front of a party's handler.
func (l *Layer) Before(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		struck, held := l.strike(r)
		if len(struck) == 0 {
			next.ServeHTTP(w, r)
			return
		}
		handler := next
		for _, a := range slices.Backward(struck) {
			handler = a.kind.befall(a.Fault, handler)
		}
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		defer context.AfterFunc(held, cancel)()
		handler.ServeHTTP(w, r.WithContext(ctx))
	})
}

// strike picks the faults that strike a request, takes those out that have
// struck often enough, and gives what ends when the request is let go.
func (l *Layer) strike(r *http.Request) (struck []*active, held context.Context) {
	l.mu.Lock()
	none := len(l.active) == 0
	l.mu.Unlock()
	if none {
		return nil, nil
	}
	asked := read(r)
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, a := range l.active {
		if !a.concerns(l.role, r, asked) || !a.hits() {
			continue
		}
		once := *a
		struck = append(struck, &once)
		if !a.kind.passes {
			break // what stands behind it never sees the request
		}
	}
	l.active = slices.DeleteFunc(l.active, func(a *active) bool { return a.Times > 0 && a.Struck >= a.Times })
	return struck, l.held
}

// hits counts a matching request down, rolls the dice, and counts the strike.
func (a *active) hits() bool {
	if a.Spares > 0 {
		a.Spares--
		return false
	}
	if a.Chance > 0 && a.dice.Float64() >= a.Chance {
		return false
	}
	a.Struck++
	return true
}

func (a *active) concerns(role trace.Role, r *http.Request, q question) bool {
	if a.kind.needs != nil && !a.kind.needs(r) {
		return false
	}
	switch {
	case strings.HasPrefix(a.On, "/"):
		return r.URL.Path == a.On
	case a.On != "":
		return q.method == a.On
	case a.kind.strikes != nil:
		return a.kind.strikes(r)
	case slices.Contains(speakers, role):
		return r.URL.Path == endpoint
	default:
		return true
	}
}

// endpoint is where parties that speak MCP speak it.
const endpoint = "/mcp"

// question is what a fault wants to know of a request's body.
type question struct{ method string }

// maxBody is how much of a body is looked at, in bytes.
const maxBody = 8 << 20

// read looks into a request's body and leaves it to be read again. The form of
// a token request becomes its PostForm.
func read(r *http.Request) question {
	if r.Method == http.MethodConnect || r.Body == nil {
		return question{}
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	r.Body = readAgain{io.MultiReader(bytes.NewReader(body), r.Body), r.Body}
	if err != nil {
		return question{}
	}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		*r = *r.WithContext(withForm(r.Context(), string(body)))
		return question{}
	}
	var message struct{ Method string }
	_ = json.Unmarshal(body, &message)
	return question{message.Method}
}

type readAgain struct {
	io.Reader
	io.Closer
}

// String is the fault in words: "fail 401 on tools/call, 1 time".
func (f Fault) String() string {
	var b strings.Builder
	b.WriteString(f.Kind)
	if f.Status != 0 {
		fmt.Fprintf(&b, " %d", f.Status)
	}
	if f.Delay != 0 {
		fmt.Fprintf(&b, " %s", time.Duration(f.Delay))
	}
	if f.On != "" {
		fmt.Fprintf(&b, " on %s", f.On)
	}
	if f.Times > 0 {
		fmt.Fprintf(&b, ", %d of %d times", f.Struck, f.Times)
	} else {
		fmt.Fprintf(&b, ", struck %d times", f.Struck)
	}
	if f.Chance > 0 {
		fmt.Fprintf(&b, ", by a chance of %g (seed %d)", f.Chance, f.Seed)
	}
	return b.String()
}
