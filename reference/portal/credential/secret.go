package credential

import (
	"fmt"
	"io"
	"log/slog"
)

// Secret is a value that must not be shown. Every way of printing, logging or
// marshalling it gives a placeholder; string(s) is the value itself.
type Secret string

const redacted = "[redacted]"

// String returns a placeholder.
func (Secret) String() string { return redacted }

// GoString returns a placeholder.
func (Secret) GoString() string { return redacted }

// Format prints a placeholder for every verb: without it fmt falls back to the
// bare value for verbs that do not fit a string.
func (Secret) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, redacted) }

// LogValue returns a placeholder.
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalJSON returns a placeholder, so a [Store] that writes JSON must convert
// the secrets of a grant itself (and encrypt them).
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// MarshalText returns a placeholder.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
