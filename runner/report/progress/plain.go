package progress

import (
	"fmt"
	"strings"
	"time"

	"postpatch/runner/report"
	"postpatch/runner/report/fold"
)

// Without a terminal, of a small run every host that is done is told, of another one those
// that are not well: so many from one heartbeat to the next, and so many in all. A log with
// ten thousand of them is read by nobody.
const (
	smallRun  = 20
	mostABeat = 20
	mostHosts = 200
)

// told is what was told without a terminal.
type told struct {
	hosts int // in all
	since int // the last heartbeat
	more  int // were not told since then
}

// host is a line for a host that is done, if it is told.
func (t *told) host(h report.Host, s state) (line string, tell bool) {
	row := s.row(h)
	if row.Tone() == fold.Good && s.run.Hosts > smallRun {
		return "", false
	}
	if t.since >= mostABeat || t.hosts >= mostHosts {
		t.more++
		return "", false
	}
	t.hosts++
	t.since++
	line = name(h.Host) + " " + row.Word()
	if is := comesTo(h); is != "" {
		line += ": " + is
	}
	return fmt.Sprintf("%s (%s)   %s", line, short(h.Took), hostsDone(s)), true
}

// beat is the line of every half minute.
func (t *told) beat(s state, now time.Time) string {
	parts := []string{hostsDone(s)}
	if soFar := join(s.sofar()); soFar != "" {
		parts = append(parts, soFar)
	}
	if n := s.perMinute(now); n > 0 {
		parts = append(parts, report.Thousands(n)+"/min")
	}
	if left := s.left(now); left > 0 {
		parts = append(parts, "about "+short(left)+" left")
	}
	if t.more > 0 {
		parts = append(parts, report.Thousands(t.more)+" more not well and not listed")
	}
	t.since, t.more = 0, 0
	f := s.flight()
	sentences := []string{strings.Join(parts, ", ")}
	if doing := strings.Join(s.doing(f), ", "); doing != "" {
		sentences = append(sentences, doing)
	}
	if len(f.slowest) > 0 {
		names := make([]string, len(f.slowest))
		for i, v := range f.slowest {
			names[i] = v.text(now)
		}
		sentences = append(sentences, "longest: "+strings.Join(names, ", "))
	}
	if s.phase != "" {
		sentences[0] = report.CleanLine(s.phase) + ": " + sentences[0]
	}
	return strings.Join(sentences, "; ")
}

func hostsDone(s state) string {
	return fmt.Sprintf("%s/%s hosts done", report.Thousands(s.done), report.Thousands(s.run.Hosts))
}
