package command

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/portico-mcp/portico/scenarios/verdict"
)

// progress says how a run goes: a line for each result, and never more than two
// seconds of silence. On a terminal a last line tells what is being told now.
type progress struct {
	out   io.Writer
	live  bool // a terminal, on which a line can be written over
	color bool

	mu    sync.Mutex
	done  int
	title string
	since time.Time // when the story began
	said  time.Time // when something was written last
	end   chan struct{}
	ended sync.WaitGroup
}

// silence is how long nothing may be said.
const silence = 1500 * time.Millisecond

func newProgress(out io.Writer) *progress {
	p := &progress{out: out, live: terminal(out), said: time.Now(), end: make(chan struct{})}
	p.color = p.live && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	p.ended.Go(p.tick)
	return p
}

// stop ends the live line; more than once is once.
func (p *progress) stop() {
	p.mu.Lock()
	select {
	case <-p.end:
	default:
		close(p.end)
		p.clear()
	}
	p.mu.Unlock()
	p.ended.Wait()
}

// begin is told of a story before it is told.
func (p *progress) begin(title, revision string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.title, p.since = revision+"  "+title, time.Now()
	if p.live {
		p.now()
	}
}

// result is told what a story came to.
func (p *progress) result(r verdict.Result) {
	var b bytes.Buffer
	verdict.Line(&b, r)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	p.done++
	p.said = time.Now()
	text := b.String()
	if p.color {
		text = colored(r.Verdict) + text[:len(r.Verdict.Mark())] + "\x1b[0m" + text[len(r.Verdict.Mark()):]
	}
	_, _ = io.WriteString(p.out, text)
}

func colored(v verdict.Verdict) string {
	switch {
	case v.Bad():
		return "\x1b[31m"
	case v == verdict.Pass:
		return "\x1b[32m"
	default:
		return "\x1b[33m"
	}
}

func (p *progress) tick() {
	ticks := time.NewTicker(silence / 3)
	defer ticks.Stop()
	for {
		select {
		case <-p.end:
			return
		case <-ticks.C:
			p.mu.Lock()
			if time.Since(p.said) >= silence-silence/3 {
				p.now()
			}
			p.mu.Unlock()
		}
	}
}

// now says what is being told.
func (p *progress) now() {
	title := p.title
	if title == "" {
		title = "looking whether the target can be run"
	}
	line := fmt.Sprintf("… %d told, now %s", p.done, title)
	if waited := time.Since(p.since); p.title != "" && waited >= time.Second {
		line += fmt.Sprintf(" (%d s)", int(waited.Seconds()))
	}
	p.said = time.Now()
	if !p.live {
		fmt.Fprintln(p.out, line)
		return
	}
	p.clear()
	_, _ = io.WriteString(p.out, strings.TrimSpace(string([]rune(line)[:min(len([]rune(line)), liveWidth)])))
}

// liveWidth keeps the live line on one line of most terminals, in characters.
const liveWidth = 78

func (p *progress) clear() {
	if p.live {
		_, _ = io.WriteString(p.out, "\r\x1b[K")
	}
}
