package credential

import (
	"context"
	"errors"
	"sync"
)

var errCutShort = errors.New("the call that others waited for was cut short")

// flights lets one caller per key do the work and hands the result to all who
// asked meanwhile. The worker is the first caller itself: nothing runs on in the
// background.
type flights[K comparable, V any] struct {
	mu    sync.Mutex
	calls map[K]*flight[V]
}

type flight[V any] struct {
	done  chan struct{} // closed when value and err are final
	value V
	err   error
}

// do returns what work returns. The worker finishes even if its ctx ends, so
// work gets a context without the cancellation; those who wait leave with ctx.
func (f *flights[K, V]) do(ctx context.Context, key K, work func(context.Context) (V, error)) (V, error) {
	f.mu.Lock()
	if f.calls == nil {
		f.calls = map[K]*flight[V]{}
	}
	if c, ok := f.calls[key]; ok {
		f.mu.Unlock()
		select {
		case <-c.done:
			return c.value, c.err
		case <-ctx.Done():
			var none V
			return none, ctx.Err()
		}
	}
	c := &flight[V]{done: make(chan struct{}), err: errCutShort}
	f.calls[key] = c
	f.mu.Unlock()

	defer func() {
		f.mu.Lock()
		delete(f.calls, key)
		f.mu.Unlock()
		close(c.done)
	}()
	c.value, c.err = work(context.WithoutCancel(ctx))
	return c.value, c.err
}
