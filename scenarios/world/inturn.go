package world

import "github.com/portico-mcp/portico/simulators/client"

// Turn is a call that somebody makes again and again, with progress.
type Turn struct {
	Session *Session
	Tool    string
	Args    Args
}

// InTurn lets the turns be taken one after another, so many times, and gives the
// answers of each turn in order. They do not overlap: a trace could not say which
// hop belongs to which.
func (w *World) InTurn(times int, turns ...Turn) ([][]Answer, error) {
	answers := make([][]Answer, len(turns))
	for range times {
		for i, t := range turns {
			a, err := t.Session.call(t.Tool, t.Args, client.WithProgress())
			if err != nil {
				return nil, err
			}
			answers[i] = append(answers[i], a)
		}
	}
	return answers, nil
}
