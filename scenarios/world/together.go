package world

import (
	"errors"
	"sync"

	"github.com/portico-mcp/portico/simulators/client"
)

// Turn is a call that somebody makes again and again.
type Turn struct {
	Session *Session
	Tool    string
	Args    Args
}

// Together lets every turn be taken so many times, all turns at once and each with
// progress, and gives the answers of each turn in order.
func (w *World) Together(times int, turns ...Turn) [][]Answer {
	answers, failures := make([][]Answer, len(turns)), make([]error, len(turns))
	var ended []func(bool)
	for _, t := range turns {
		ended = append(ended, t.Session.person.acts("calls "+t.Tool+" again and again"))
	}
	var all sync.WaitGroup
	for i, t := range turns {
		all.Go(func() {
			for range times {
				a, err := t.Session.send(t.Tool, t.Args, client.WithProgress())
				if err != nil {
					failures[i] = err
					return
				}
				answers[i] = append(answers[i], a)
			}
		})
	}
	all.Wait()
	for i := range turns {
		ended[i](failures[i] != nil)
	}
	must(errors.Join(failures...))
	return answers
}
