package trace

import (
	"fmt"
	"strings"
)

// String is the trace as a text sequence, a line per exchange in the order
// the requests were sent: step, hop, what was asked, what came back.
func (t Trace) String() string {
	var b strings.Builder
	for i, e := range t.Exchanges {
		fmt.Fprintf(&b, "%3d  %-20s %s\n", e.Sent, t.StepOf(i), e)
	}
	return b.String()
}

// String is the exchange on one line: hop, what was asked, what came back.
func (e Exchange) String() string {
	return fmt.Sprintf("%s -> %s  %s  %s", e.From, e.To, e.asks(), e.answers())
}

func (e Exchange) asks() string {
	line := e.Request.Method + " " + e.Path()
	if e.To != "" && e.Host() != "" {
		line = e.Request.Method + " " + e.Host() + e.Path()
	}
	if m := e.Asked(); m.Method != "" {
		line += " " + strings.TrimSpace(m.Method+" "+m.Name())
	}
	return line
}

func (e Exchange) answers() string {
	switch {
	case e.Failure != "":
		return "failed: " + e.Failure
	case e.Response == nil:
		return "no answer"
	default:
		return fmt.Sprint(e.Response.Status)
	}
}
