package baseline

import (
	"fmt"
	"strings"

	"postpatch/probes/fact"
)

// DiffText is Diff of two stored hosts, given as their lines. Lines that both sides
// have are passed over and not decoded, so that it costs what differs. The result is
// that of Diff.
//
// It refuses lines that are no stored host as far as it looks at them: what is the
// same on both sides is no difference, whatever it says. Headers, checks, moves,
// trailers and the lines that differ are read as strictly as ever; the order is checked
// of these and of the first and the last of any lines that are passed over. A move that
// does not go with its reading explains no change.
func DiffText(before, now string, rule func(fact.Key) fact.Rule) (Result, error) {
	b, err := newLines(before)
	if err != nil {
		return Result{}, fmt.Errorf("before: %w", err)
	}
	n, err := newLines(now)
	if err != nil {
		return Result{}, fmt.Errorf("now: %w", err)
	}
	if b.host.Host != n.host.Host {
		return Result{}, fmt.Errorf("the lines of before are those of host %q, the lines of now of %q",
			b.host.Host, n.host.Host)
	}
	d := differ{rule: rule, before: observed{host: b.host}, now: observed{host: n.host}}
	for !b.ended() || !n.ended() {
		if err := pass(b, n); err != nil {
			return Result{}, err
		}
		if err := d.step(b, n); err != nil {
			return Result{}, err
		}
	}
	return d.result, nil
}

// step takes in the first line of the side that comes first; both, where both have
// the reading.
func (d *differ) step(b, n *lines) error {
	if err := b.look(); err != nil {
		return fmt.Errorf("before: %w", err)
	}
	if err := n.look(); err != nil {
		return fmt.Errorf("now: %w", err)
	}
	switch order := comesFirst(b, n); {
	case b.ended() && n.ended():
	case order < 0:
		d.lone(Change{Op: Removed, Key: b.first.Key, Before: b.first.Value})
		b.drop()
	case order > 0:
		d.lone(Change{Op: Added, Key: n.first.Key, After: n.first.Value})
		n.drop()
	default:
		d.add(Change{Op: Changed, Key: b.first.Key, Before: b.first.Value, After: n.first.Value})
		b.drop()
		n.drop()
	}
	return nil
}

// comesFirst says which side's first line comes before the other's; they were looked
// at.
func comesFirst(b, n *lines) int {
	switch {
	case b.ended() && n.ended():
		return 0
	case n.ended():
		return -1
	case b.ended():
		return 1
	default:
		return compareReadings(b.first, n.first)
	}
}

// lines are the readings of one side that are still to be compared.
type lines struct {
	host   Host   // without readings
	text   string // all of it
	rest   string // the readings' lines that follow
	after  string // what follows these: moves and the trailer
	first  fact.Reading
	looked bool // at the first line
	began  bool
	last   fact.Key // of the line before rest, once it began
}

func newLines(text string) (*lines, error) {
	p := parser{rest: text}
	h, err := p.head()
	if err != nil {
		return nil, fmt.Errorf("line %d: %w", p.line, err)
	}
	count := strings.Count(text, "\n")
	start := lastLine(p.rest)
	trailer, ended := strings.CutSuffix(p.rest[start:], "\n")
	switch {
	case !ended || !strings.HasPrefix(trailer, trailerStart):
		err = errCut
	case count > maxLines:
		err = fmt.Errorf("more than %d lines", maxLines)
	default:
		err = checkTrailer(trailer, count-1)
	}
	if err != nil {
		return nil, fmt.Errorf("line %d: %w", count, err)
	}
	moves := start
	for at := lastLine(p.rest[:moves]); at < moves && strings.HasPrefix(p.rest[at:], learnedStart); {
		moves, at = at, lastLine(p.rest[:at])
	}
	l := &lines{host: h, text: text, rest: p.rest[:moves], after: p.rest[moves:]}
	number := count - strings.Count(l.after, "\n")
	for line := range strings.Lines(p.rest[moves:start]) {
		number++
		if err := p.learned(&l.host, strings.TrimSuffix(line, "\n")); err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
	}
	return l, nil
}

// lastLine returns where the last line of text begins.
func lastLine(text string) int {
	return strings.LastIndexByte(strings.TrimSuffix(text, "\n"), '\n') + 1
}

func (l *lines) ended() bool { return l.rest == "" }

// look decodes the first line that follows.
func (l *lines) look() error {
	if l.looked || l.ended() {
		return nil
	}
	line, _, _ := strings.Cut(l.rest, "\n")
	if len(line) >= maxLine {
		return l.wrong(fmt.Errorf("longer than %d bytes", maxLine))
	}
	var err error
	if l.first, err = parseReading(l.host.Host, line); err == nil {
		likeLast(&l.first.Key, l.last)
		err = l.follows(l.first.Key)
	}
	l.looked = true
	return l.wrong(err)
}

// follows says whether a key may come after the last one.
func (l *lines) follows(k fact.Key) error {
	if l.began && l.last.Compare(k) >= 0 {
		return misplaced(k)
	}
	return nil
}

// drop goes on behind the first line, which was looked at.
func (l *lines) drop() {
	_, l.rest, _ = strings.Cut(l.rest, "\n")
	l.passed(l.first.Key)
}

// passed notes the key of the line before those that follow.
func (l *lines) passed(last fact.Key) { l.last, l.began, l.looked = last, true, false }

// wrong says in which line an error is.
func (l *lines) wrong(err error) error {
	if err == nil {
		return nil
	}
	passed := l.text[:len(l.text)-len(l.rest)-len(l.after)]
	return fmt.Errorf("line %d: %w", 1+strings.Count(passed, "\n"), err)
}

// pass goes on behind the lines that both sides have next.
func pass(b, n *lines) error {
	same := commonLines(b.rest, n.rest)
	if same == "" {
		return nil
	}
	first, _, _ := strings.Cut(same, "\n")
	last := same[strings.LastIndexByte(same[:len(same)-1], '\n')+1 : len(same)-1]
	begin, _, err := parseKey(b.host.Host, first)
	if err != nil {
		return b.wrong(err)
	}
	end, _, err := parseKey(b.host.Host, last)
	if err == nil && len(first) < len(same)-1 && begin.Compare(end) >= 0 {
		err = misplaced(end)
	}
	if err != nil {
		return b.wrong(err)
	}
	for _, side := range []*lines{b, n} {
		if err := side.follows(begin); err != nil {
			return side.wrong(err)
		}
		side.rest = side.rest[len(same):]
		side.passed(end)
	}
	return nil
}

// commonLines returns the whole lines that both texts begin with.
func commonLines(a, b string) string {
	most, n := min(len(a), len(b)), 0
	for _, step := range []int{4096, 256, 16, 1} {
		for n+step <= most && a[n:n+step] == b[n:n+step] {
			n += step
		}
	}
	return a[:strings.LastIndexByte(a[:n], '\n')+1]
}
