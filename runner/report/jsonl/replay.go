package jsonl

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"postpatch/runner/report"
)

// ErrCutOff is wrapped by Replay's error when the stream ends before its run
// did: there is no verdict in it.
var ErrCutOff = errors.New("cut off")

const maxLine = 64 << 20

// Replay reads what New wrote and tells it to h, line by line. It insists on the
// order: start first, finish last, nothing after it. Anything else is an error,
// and h may then have been told a part of the stream.
func Replay(r io.Reader, h report.Handler) error {
	p := player{handler: h}
	in := bufio.NewReader(r)
	for n := 1; ; n++ {
		text, err := readLine(in)
		whole := err == nil
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("line %d: %w", n, err)
		}
		if len(bytes.TrimSpace(text)) > 0 {
			if err := p.play(text, whole); err != nil {
				return fmt.Errorf("line %d: %w", n, err)
			}
		}
		if !whole {
			break
		}
	}
	switch {
	case !p.started:
		return fmt.Errorf("the stream is empty: %w", ErrCutOff)
	case !p.finished:
		return fmt.Errorf("the stream has no finish: %w", ErrCutOff)
	default:
		return nil
	}
}

type player struct {
	handler           report.Handler
	started, finished bool
	unwell            string // why the run cannot have passed; "" where it can
}

// play tells one line; one that is not whole may be the rest of a longer one.
func (p *player) play(text []byte, whole bool) error {
	if !p.started {
		if bytes.HasPrefix(text, []byte("\xff\xfe")) || bytes.HasPrefix(text, []byte("\xfe\xff")) {
			return errors.New("this is UTF-16, as PowerShell's > writes it: let postpatch write the file itself")
		}
		text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	}
	var l line
	if err := json.Unmarshal(text, &l); err != nil {
		if !whole {
			return fmt.Errorf("the last line is not whole: %w", ErrCutOff)
		}
		return fmt.Errorf("reading a line of the stream: %w", err)
	}
	switch {
	case p.finished:
		return fmt.Errorf("%q after the finish", l.Type)
	case p.started == (l.Type == typeStart):
		return fmt.Errorf("%q out of order: a stream has one start, and it comes first", l.Type)
	}
	return p.tell(l)
}

func (p *player) tell(l line) error {
	switch {
	case l.Type == typeStart && l.Version != Version:
		return fmt.Errorf("the stream has version %d, this program reads version %d", l.Version, Version)
	case l.Type == typeStart && l.Run != nil:
		p.started = true
		return p.handler.Start(*l.Run)
	case l.Type == typeHost && l.Host != nil:
		if err := known(*l.Host); err != nil {
			return err
		}
		p.unwell = cmp.Or(p.unwell, unwell(*l.Host))
		return p.handler.Host(*l.Host)
	case l.Type == typeFinish && l.Summary != nil:
		if err := p.agrees(*l.Summary); err != nil {
			return err
		}
		p.finished = true
		return p.handler.Finish(*l.Summary)
	case l.Type == typeStart || l.Type == typeHost || l.Type == typeFinish:
		return fmt.Errorf("a %q line with nothing in it", l.Type)
	default:
		return fmt.Errorf("unknown type %q", l.Type)
	}
}

// agrees refuses a finish that passes a run which has not: the lines were changed since, or
// are not all of them. No run has ended so.
func (p *player) agrees(s report.Summary) error {
	switch {
	case s.Verdict == "":
		return errors.New("the finish has no verdict")
	case s.ExitCode == 0 && p.unwell != "":
		return fmt.Errorf("the finish says %q, and the stream has %s: somebody has changed it", s.Verdict, p.unwell)
	default:
		return nil
	}
}

// unwell says why a run that has the host is none that passes.
func unwell(h report.Host) string {
	switch {
	case h.Unreachable != "":
		return fmt.Sprintf("host %q as unreachable", h.Host)
	case h.Problem != "":
		return fmt.Sprintf("no verdict for host %q", h.Host)
	}
	for _, c := range h.Checks {
		if c.Failing || c.Outcome == report.Unknown {
			return fmt.Sprintf("%q of host %q as %s", c.ID, h.Host, c.Outcome)
		}
	}
	return ""
}

// known refuses outcomes that this program does not know: a view would leave
// them out, and what is left out looks well.
func known(h report.Host) error {
	outcomes := []report.Outcome{h.Outcome}
	for _, c := range h.Checks {
		outcomes = append(outcomes, c.Outcome)
		for _, f := range c.Findings {
			outcomes = append(outcomes, f.Outcome)
		}
	}
	all := report.Outcomes()
	for _, o := range outcomes {
		if !slices.Contains(all, o) {
			return fmt.Errorf("host %q: unknown outcome %q", h.Host, o)
		}
	}
	return nil
}

// readLine returns a line without its end; io.EOF comes with the last one when
// it has no end.
func readLine(in *bufio.Reader) ([]byte, error) {
	var text []byte
	for {
		part, err := in.ReadSlice('\n')
		if len(text)+len(part) > maxLine {
			return nil, fmt.Errorf("longer than %d MiB", maxLine>>20)
		}
		text = append(text, part...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return bytes.TrimRight(text, "\r\n"), err
		}
	}
}
