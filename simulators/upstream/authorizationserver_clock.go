package upstream

import (
	"sync/atomic"
	"time"
)

// clock is the time that counts for what was issued. Nothing outside sees it:
// it only decides what is still good.
type clock struct{ ahead atomic.Int64 } // nanoseconds before the real time

func (c *clock) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

// real is when a moment of this clock is on everybody's.
func (c *clock) real(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.Add(-time.Duration(c.ahead.Load()))
}

// Age makes everything that was issued d older, as if that time had passed:
// codes, access tokens, refresh tokens, the pages not answered yet and the
// sign-ins. What is issued from now on is new. A d that is not above 0 does
// nothing.
func (a *AuthorizationServer) Age(d time.Duration) {
	if d <= 0 {
		return
	}
	a.clock.ahead.Add(int64(d))
	a.keeper.keep()
}
