// Package progress tells on standard error how far a run is: a block of lines that is
// drawn anew at a terminal; anywhere else a line for a host that is not well, and one
// every half minute.
package progress

import (
	"io"
	"sync"
	"time"

	"postpatch/runner/report"
)

// How often the block is drawn at a terminal, and a line is written elsewhere.
const (
	redraw    = 200 * time.Millisecond
	heartbeat = 30 * time.Second
)

// Options say where the progress is shown.
type Options struct {
	Terminal bool
	// Size is how many columns and lines the terminal has; it is asked before each
	// drawing. Without it, or where it says 0, there are 80 and 24.
	Size  func() (columns, lines int)
	ASCII bool // for terminals that lose other characters
	Color bool
	Quiet bool // without a terminal: no lines for hosts
}

// Progress is a report.Handler that shows how far a run is. Begin, Wait, Phase, Slowed and Write
// may be called by several goroutines at once; Close ends it, with or without a Finish.
type Progress struct {
	out     io.Writer
	options Options
	stop    chan struct{}
	drawing sync.WaitGroup

	mu      sync.Mutex // guards what follows, and what is written
	running bool
	closed  bool
	state   state
	drawn   drawn
	told    told
}

// New returns a Progress that writes to w from Start on.
func New(w io.Writer, o Options) *Progress {
	return &Progress{out: w, options: o, stop: make(chan struct{}), state: newState()}
}

// Begin says that a host's visit has started. One that is waited for is visited again
// and again: the first time counts.
func (p *Progress) Begin(host string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state.begin(host, time.Now())
}

// Wait says what a host is waited for.
func (p *Progress) Wait(host, what string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state.begin(host, time.Now())
	p.state.waits[host] = what
}

// Phase says what the run as a whole is at: "look 2 of 3".
func (p *Progress) Phase(what string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state.phase = what
}

// Slowed says why fewer hosts are asked at once than could be: "slowed down to 25 at once:
// quota faults". It is "" at full pace.
func (p *Progress) Slowed(why string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state.slowed = why
}

// Start begins the show.
func (p *Progress) Start(r report.Run) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state.run = r
	if p.running || p.closed {
		return nil
	}
	p.running = true
	p.state.started = time.Now()
	p.drawing.Go(p.draw)
	return nil
}

// Host counts a finished host.
func (p *Progress) Host(h report.Host) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	asked := p.state.finish(h, now)
	if asked && p.running && !p.closed && !p.options.Terminal && !p.options.Quiet {
		if line, tell := p.told.host(h, p.state); tell {
			p.line(now, line)
		}
	}
	return nil
}

// Write writes what somebody else has to say above the block, which would tear it apart.
func (p *Progress) Write(text []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.erase()
	return p.out.Write(text)
}

// Finish ends the show: the report says the rest.
func (p *Progress) Finish(report.Summary) error {
	p.Close()
	return nil
}

// Close ends the show and leaves nothing of the block. When it returns, nothing is
// written any more but by Write. It may be called more than once.
func (p *Progress) Close() {
	p.mu.Lock()
	first := !p.closed
	p.closed = true
	p.mu.Unlock()
	if first {
		close(p.stop)
	}
	p.drawing.Wait()
}

// draw writes until Close. That standard error cannot be written to is no reason
// to end a run.
func (p *Progress) draw() {
	every := heartbeat
	if p.options.Terminal {
		every = redraw
	}
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-p.stop:
			p.mu.Lock()
			p.erase()
			p.mu.Unlock()
			return
		case <-ticker.C:
			p.beat(time.Now())
		}
	}
}

func (p *Progress) beat(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.closed:
	case p.options.Terminal:
		p.show(now)
	default:
		p.line(now, p.told.beat(p.state, now))
	}
}

// line writes one line without a terminal.
func (p *Progress) line(now time.Time, text string) {
	_, _ = io.WriteString(p.out, now.UTC().Format("15:04:05Z ")+text+"\n")
}
