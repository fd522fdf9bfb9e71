package idp

import (
	"sync/atomic"
	"time"
)

// clock is the time that counts for what was issued. Nothing outside sees it:
// it only decides what is still good.
type clock struct{ ahead atomic.Int64 } // nanoseconds before the real time

func (c *clock) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

// real is when a moment of this clock is on everybody's.
func (c *clock) real(t time.Time) time.Time { return t.Add(-time.Duration(c.ahead.Load())) }

// Age makes everything the provider keeps d older, as if that time had passed:
// the login pages not answered yet, codes, access tokens, sessions and the keys
// that were replaced. What is issued from now on is new. An ID token says
// itself until when it is good, and stays so. A d that is not above 0 does
// nothing.
func (p *Provider) Age(d time.Duration) {
	if d <= 0 {
		return
	}
	p.clock.ahead.Add(int64(d))
	p.keeper.keep()
}
