package rpc

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"iter"
)

// MaxEvent is the most bytes that one line, and the data of one event, may have.
const MaxEvent = 16 << 20

// ErrEventTooLong ends a stream whose line or event exceeds [MaxEvent].
var ErrEventTooLong = errors.New("event longer than 16 MiB")

// Events reads a text/event-stream (HTML Living Standard §9.2.6) and yields
// the data of each event of type "message" that has any. Comments, id and
// retry are passed over; an event that the stream breaks off in is dropped, as
// the standard says. A slice is valid until the next step of the iteration.
// A read error is yielded once, as the last pair.
func Events(r io.Reader) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		e := eventReader{in: bufio.NewReader(r)}
		for {
			data, err := e.next()
			if err == io.EOF {
				return
			}
			if !yield(data, err) || err != nil {
				return
			}
		}
	}
}

type eventReader struct {
	in      *bufio.Reader
	line    []byte
	data    []byte
	other   bool // the event has a type of its own
	skipLF  bool // the last line ended in CR: an LF that follows belongs to it
	started bool
}

// next reads up to the end of one event that is worth yielding.
func (e *eventReader) next() ([]byte, error) {
	e.data, e.other = e.data[:0], false
	for {
		if err := e.readLine(); err != nil {
			return nil, err
		}
		if len(e.line) > 0 {
			if err := e.field(); err != nil {
				return nil, err
			}
			continue
		}
		if len(e.data) > 1 && !e.other {
			return e.data[:len(e.data)-1], nil
		}
		e.data, e.other = e.data[:0], false
	}
}

// field takes one non-empty line into the event.
func (e *eventReader) field() error {
	name, value, _ := bytes.Cut(e.line, []byte(":"))
	value = bytes.TrimPrefix(value, []byte(" "))
	switch string(name) {
	case "data":
		if len(e.data)+len(value) > MaxEvent {
			return ErrEventTooLong
		}
		e.data = append(append(e.data, value...), '\n')
	case "event":
		e.other = len(value) > 0 && string(value) != "message"
	}
	return nil
}

// readLine reads a line without its end, which is CR, LF or CR LF. After a CR
// it does not wait for the next byte: an event is handed on when it is
// complete, not when the next one begins.
func (e *eventReader) readLine() error {
	e.line = e.line[:0]
	for {
		chunk, err := e.buffered()
		if err != nil {
			return err
		}
		end := lineEnd(chunk)
		if end < 0 {
			end = len(chunk)
		}
		if len(e.line)+end > MaxEvent+len("data: ") {
			return ErrEventTooLong
		}
		e.line = append(e.line, chunk[:end]...)
		if end == len(chunk) {
			e.in.Discard(end)
			continue
		}
		e.skipLF = chunk[end] == '\r'
		e.in.Discard(end + 1)
		return nil
	}
}

// buffered is what has arrived and was not read, at least one byte.
func (e *eventReader) buffered() ([]byte, error) {
	if !e.started {
		e.started = true
		if mark, _ := e.in.Peek(3); string(mark) == "\uFEFF" {
			e.in.Discard(3)
		}
	}
	for {
		if _, err := e.in.Peek(1); err != nil {
			return nil, err
		}
		chunk, _ := e.in.Peek(e.in.Buffered())
		if e.skipLF {
			e.skipLF = false
			if chunk[0] == '\n' {
				e.in.Discard(1)
				continue
			}
		}
		return chunk, nil
	}
}

// WriteEvent writes one event of type "message". Line breaks of the data,
// which in JSON can only be white space, are written as further data lines.
func WriteEvent(w io.Writer, data []byte) error {
	if _, err := io.WriteString(w, "event: message\ndata: "); err != nil {
		return err
	}
	for {
		end := lineEnd(data)
		if end < 0 {
			break
		}
		if err := writeAll(w, data[:end], "\ndata: "); err != nil {
			return err
		}
		if bytes.HasPrefix(data[end:], []byte("\r\n")) {
			end++
		}
		data = data[end+1:]
	}
	return writeAll(w, data, "\n\n")
}

func writeAll(w io.Writer, data []byte, end string) error {
	if _, err := w.Write(data); err != nil {
		return err
	}
	_, err := io.WriteString(w, end)
	return err
}

// lineEnd is the offset of the first CR or LF, or -1.
func lineEnd(b []byte) int {
	lf := bytes.IndexByte(b, '\n')
	if lf >= 0 {
		b = b[:lf]
	}
	if cr := bytes.IndexByte(b, '\r'); cr >= 0 {
		return cr
	}
	return lf
}
