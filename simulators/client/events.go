package client

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"iter"
)

// events are the data of the events of a stream (HTML Living Standard,
// "Server-sent events"). Comments, and events without data such as the one that
// only sets an id, have nothing to say here. Lines end with LF or CR LF.
func events(r io.Reader) iter.Seq2[[]byte, error] {
	lines := bufio.NewReader(io.LimitReader(r, maxBody))
	return func(yield func([]byte, error) bool) {
		var data [][]byte
		for {
			line, err := lines.ReadBytes('\n')
			if err != nil {
				// What no empty line ends is no event.
				if !errors.Is(err, io.EOF) {
					yield(nil, err)
				}
				return
			}
			line = bytes.TrimRight(line, "\r\n")
			if value, ok := bytes.CutPrefix(line, []byte("data:")); ok {
				data = append(data, bytes.TrimPrefix(value, []byte(" ")))
			}
			if len(line) > 0 {
				continue
			}
			if document := bytes.Join(data, []byte("\n")); len(document) > 0 && !yield(document, nil) {
				return
			}
			data = nil
		}
	}
}
