// Package progress tells on standard error how far a run is: one line that is
// drawn anew at a terminal, a line every half minute anywhere else.
package progress

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"postpatch/runner/report"
)

// How often the line is drawn at a terminal, and written elsewhere.
const (
	redraw    = 200 * time.Millisecond
	heartbeat = 30 * time.Second
)

// Options say where the progress is shown.
type Options struct {
	Terminal bool
	Width    int // of the terminal in columns; 80 when 0
}

// Progress is a report.Handler that shows how far a run is. Begin may be called
// by several goroutines at once; Close ends it, with or without a Finish.
type Progress struct {
	out     io.Writer
	options Options
	stop    chan struct{}
	drawing sync.WaitGroup

	mu       sync.Mutex // guards what follows, but lastLine, which is draw's alone
	running  bool
	closed   bool
	run      report.Run
	begun    map[string]time.Time // hosts in flight
	waits    map[string]string    // what such a host is waited for
	done     int
	counts   map[report.Outcome]int
	unseen   int
	lastLine string
}

// New returns a Progress that writes to w from Start on.
func New(w io.Writer, o Options) *Progress {
	o.Width = cmp.Or(max(o.Width, 0), 80)
	return &Progress{
		out: w, options: o, stop: make(chan struct{}), begun: map[string]time.Time{}, waits: map[string]string{},
		counts: map[report.Outcome]int{},
	}
}

// Begin says that a host's visit has started. One that is waited for is visited again
// and again: the first time counts.
func (p *Progress) Begin(host string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.begun[host].IsZero() {
		p.begun[host] = time.Now()
	}
}

// Wait says what a host is waited for.
func (p *Progress) Wait(host, what string) {
	p.Begin(host)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waits[host] = what
}

// Start begins the show.
func (p *Progress) Start(r report.Run) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.run = r
	if p.running || p.closed {
		return nil
	}
	p.running = true
	p.drawing.Go(p.draw)
	return nil
}

// Host counts a finished host.
func (p *Progress) Host(h report.Host) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.begun, h.Host)
	delete(p.waits, h.Host)
	p.done++
	for o, n := range h.Counts {
		p.counts[o] += n
	}
	if h.Unreachable != "" {
		p.unseen++
	}
	return nil
}

// Finish ends the show: the report says the rest.
func (p *Progress) Finish(report.Summary) error {
	p.Close()
	return nil
}

// Close ends the show and leaves the terminal's line empty. When it returns,
// nothing is written any more. It may be called more than once.
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
			if p.options.Terminal {
				p.put("")
			}
			return
		case <-ticker.C:
			p.put(p.line(time.Now()))
		}
	}
}

// put writes a line; at a terminal over the one before, and only when it is
// another one.
func (p *Progress) put(line string) {
	switch {
	case !p.options.Terminal:
		_, _ = io.WriteString(p.out, line+"\n")
	case line != p.lastLine:
		p.lastLine = line
		_, _ = io.WriteString(p.out, "\r\x1b[K"+line)
	}
}

// line says how far the run is: "412/500 hosts done, 3 regressed, waiting for: …".
func (p *Progress) line(now time.Time) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	parts := []string{fmt.Sprintf("%d/%d hosts done", p.done, p.run.Hosts)}
	for _, c := range []struct {
		n    int
		what string
	}{
		{p.counts[report.Regressed], "regressed"},
		{p.counts[report.Failed], "failed"},
		{p.counts[report.Unmet], "unmet"},
		{p.unseen, "unreachable"},
	} {
		if c.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", c.n, c.what))
		}
	}
	if waiting := p.waiting(now); waiting != "" {
		parts = append(parts, "waiting for: "+waiting)
	}
	text := strings.Join(parts, ", ")
	if !p.options.Terminal {
		return now.UTC().Format("15:04:05Z ") + text
	}
	return fit(text, p.options.Width-1)
}

// waiting names the hosts that take longest.
func (p *Progress) waiting(now time.Time) string {
	type visit struct {
		host  string
		since time.Time
	}
	var all []visit
	for host, since := range p.begun {
		all = append(all, visit{host, since})
	}
	slices.SortFunc(all, func(a, b visit) int { return cmp.Or(a.since.Compare(b.since), cmp.Compare(a.host, b.host)) })
	const named = 3
	var names []string
	for _, v := range all[:min(named, len(all))] {
		name := fmt.Sprintf("%s (%s", report.CleanLine(v.host), now.Sub(v.since).Truncate(time.Second))
		if what := p.waits[v.host]; what != "" {
			name += ": " + report.CleanLine(fit(what, mostWords))
		}
		names = append(names, name+")")
	}
	if more := len(all) - len(names); more > 0 {
		names = append(names, fmt.Sprintf("%d more", more))
	}
	return strings.Join(names, ", ")
}

// mostWords are characters of what a host is waited for.
const mostWords = 60

// fit cuts a line, so that the terminal does not break it in two.
func fit(s string, width int) string {
	runes := []rune(s)
	if len(runes) <= width {
		return s
	}
	return string(runes[:max(width-3, 0)]) + "..."
}
