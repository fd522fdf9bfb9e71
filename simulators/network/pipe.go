package network

import (
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// pipe is a connection in memory, buffered as a kernel would: a writer waits
// only when the reader is far behind. Unlike net.Pipe, closing and writing
// never wait for a reader, so no TLS alert can hang.
func pipe(a, b net.Addr) (*conn, *conn) {
	there, back := newStream(), newStream()
	return &conn{in: back, out: there, local: a, remote: b}, &conn{in: there, out: back, local: b, remote: a}
}

const streamBuffer = 256 << 10 // bytes on the way in one direction

// stream is one direction of a connection.
type stream struct {
	mu      sync.Mutex
	changed *sync.Cond
	buf     []byte
	ended   bool // the writer has closed: EOF after what is buffered
	dropped bool // the reader has closed: writing fails
	read    limit
	write   limit
}

func newStream() *stream {
	s := &stream{}
	s.changed = sync.NewCond(&s.mu)
	return s
}

// limit is a deadline that wakes who waits on the stream.
type limit struct {
	timer   *time.Timer
	expired bool
	set     int // which deadline is in force, so that a late timer does nothing
}

func (s *stream) setLimit(l *limit, t time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l.timer != nil {
		l.timer.Stop()
	}
	l.set++
	l.expired = !t.IsZero() && !t.After(time.Now())
	if !t.IsZero() && !l.expired {
		mine := l.set
		l.timer = time.AfterFunc(time.Until(t), func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			if l.set == mine {
				l.expired = true
				s.changed.Broadcast()
			}
		})
	}
	s.changed.Broadcast()
}

func (s *stream) get(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case s.dropped:
			return 0, io.ErrClosedPipe
		case s.read.expired:
			return 0, os.ErrDeadlineExceeded
		case len(s.buf) > 0:
			n := copy(p, s.buf)
			s.buf = s.buf[n:]
			s.changed.Broadcast()
			return n, nil
		case s.ended:
			return 0, io.EOF
		}
		s.changed.Wait()
	}
}

func (s *stream) put(p []byte) (n int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch room := streamBuffer - len(s.buf); {
		case s.ended, s.dropped:
			return n, io.ErrClosedPipe
		case s.write.expired:
			return n, os.ErrDeadlineExceeded
		case len(p) == 0:
			return n, nil
		case room > 0:
			part := p[:min(room, len(p))]
			s.buf = append(s.buf, part...)
			p, n = p[len(part):], n+len(part)
			s.changed.Broadcast()
			continue
		}
		s.changed.Wait()
	}
}

func (s *stream) end(flag *bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*flag = true
	for _, l := range []*limit{&s.read, &s.write} {
		if l.timer != nil {
			l.timer.Stop()
		}
	}
	s.changed.Broadcast()
}

// conn is one end of a pipe.
type conn struct {
	in, out       *stream
	local, remote net.Addr
}

func (c *conn) Read(p []byte) (int, error)  { return c.in.get(p) }
func (c *conn) Write(p []byte) (int, error) { return c.out.put(p) }
func (c *conn) LocalAddr() net.Addr         { return c.local }
func (c *conn) RemoteAddr() net.Addr        { return c.remote }

// Close ends both directions: the other side reads what was written, then EOF.
func (c *conn) Close() error {
	c.out.end(&c.out.ended)
	c.in.end(&c.in.dropped)
	return nil
}

func (c *conn) SetDeadline(t time.Time) error {
	_ = c.SetReadDeadline(t)
	return c.SetWriteDeadline(t)
}

func (c *conn) SetReadDeadline(t time.Time) error {
	c.in.setLimit(&c.in.read, t)
	return nil
}

func (c *conn) SetWriteDeadline(t time.Time) error {
	c.out.setLimit(&c.out.write, t)
	return nil
}
