package baseline

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"postpatch/probes/fact"
)

// errCut marks lines that end before their trailer.
var errCut = errors.New("the file ends before its last line")

// newerError marks a host's file of a later format.
type newerError int

func (e newerError) Error() string {
	return "format " + strconv.Itoa(int(e)) + " is newer than this program"
}

// parseHost reads what appendHost wrote and nothing else. The host keeps parts
// of text, so that a reading costs no copy.
func parseHost(text string) (Host, error) {
	p := parser{rest: text}
	h, err := p.host()
	if err != nil {
		return Host{}, fmt.Errorf("line %d: %w", p.line, err)
	}
	return h, nil
}

type parser struct {
	rest string // the lines that follow
	line int    // the number of the current one
}

func (p *parser) host() (Host, error) {
	line, err := p.next()
	if err != nil {
		return Host{}, err
	}
	h, err := parseHeader(line)
	if err != nil {
		return Host{}, err
	}
	count := min(strings.Count(p.rest, "\n"), maxLines)
	for {
		if line, err = p.next(); err != nil {
			return Host{}, err
		}
		switch {
		case strings.HasPrefix(line, `{"lines":`):
			return h, p.trailer(line)
		case len(h.Readings) == 0 && isCheck(line):
			err = h.addCheck(line)
		default:
			if h.Readings == nil {
				h.Readings = make([]fact.Reading, 0, max(1, count-len(h.Checks)-1))
			}
			err = h.addReading(line)
		}
		if err != nil {
			return Host{}, err
		}
	}
}

// next returns the next line without its end.
func (p *parser) next() (string, error) {
	p.line++
	line, rest, ended := strings.Cut(p.rest, "\n")
	switch {
	case !ended:
		return "", errCut
	case len(line) >= maxLine:
		return "", fmt.Errorf("longer than %d bytes", maxLine)
	case p.line > maxLines:
		return "", fmt.Errorf("more than %d lines", maxLines)
	}
	p.rest = rest
	return line, nil
}

func (p *parser) trailer(line string) error {
	if want := strings.TrimSuffix(string(appendTrailer(nil, p.line-1)), "\n"); line != want {
		return fmt.Errorf("want %s, got %.60q: lines are missing or added", want, line)
	}
	if p.rest != "" {
		return errors.New("something follows the last line")
	}
	return nil
}

func parseHeader(line string) (Host, error) {
	var h Host
	c := cursor{rest: line}
	c.text(`{"host":`, &h.Host)
	format := c.number(`,"format":`)
	if c.err == nil && format > FormatVersion {
		return Host{}, newerError(format)
	}
	c.text(`,"identity":`, &h.Identity)
	c.text(`,"unreachable":`, &h.Unreachable)
	c.end()
	if c.err == nil && format != FormatVersion {
		return Host{}, fmt.Errorf("format %d is none", format)
	}
	return h, c.err
}

// isCheck tells a check's line from a reading's: both begin with the check.
func isCheck(line string) bool {
	c := cursor{rest: line}
	var check string
	c.text(`{"check":`, &check)
	return c.err == nil && strings.HasPrefix(c.rest, `,"kind":`)
}

func (h *Host) addCheck(line string) error {
	var check Check
	var took string
	c := cursor{rest: line}
	c.text(`{"check":`, &check.Check)
	c.text(`,"kind":`, &check.Kind)
	c.text(`,"asked":`, &check.Asked)
	c.text(`,"error":`, &check.Error)
	c.text(`,"took":`, &took)
	c.end()
	if c.err != nil {
		return c.err
	}
	var err error
	if check.Took, err = time.ParseDuration(took); err != nil || check.Took.String() != took {
		return fmt.Errorf("took: %.40q is no duration as stored", took)
	}
	if n := len(h.Checks); n > 0 && h.Checks[n-1].Check >= check.Check {
		return fmt.Errorf("check %.80q is there twice or out of order", check.Check)
	}
	h.Checks = append(h.Checks, check)
	return nil
}

func (h *Host) addReading(line string) error {
	r := fact.Reading{Key: fact.Key{Host: h.Host}}
	c := cursor{rest: line}
	c.text(`{"check":`, &r.Key.Check)
	c.text(`,"item":`, &r.Key.Item)
	c.text(`,"name":`, &r.Key.Name)
	c.literal(`,"value":`)
	if c.err != nil {
		return c.err
	}
	value, closed := strings.CutSuffix(c.rest, "}")
	if !closed {
		return errors.New("want } at the end")
	}
	var err error
	if r.Value, err = fact.DecodeString(value); err != nil {
		return err
	}
	if n := len(h.Readings); n > 0 && h.Readings[n-1].Key.Compare(r.Key) >= 0 {
		return fmt.Errorf("reading %.80q of item %.80q is there twice or out of order", r.Key.Name, r.Key.Item)
	}
	h.Readings = append(h.Readings, r)
	return nil
}

// cursor reads one line from left to right; after the first error it stays.
type cursor struct {
	rest string
	err  error
}

func (c *cursor) literal(want string) {
	if c.err != nil {
		return
	}
	rest, found := strings.CutPrefix(c.rest, want)
	if !found {
		c.err = fmt.Errorf("want %s, got %.40q", want, c.rest)
		return
	}
	c.rest = rest
}

func (c *cursor) text(key string, into *string) {
	c.literal(key)
	if c.err == nil {
		*into, c.rest, c.err = fact.Unquote(c.rest)
	}
}

func (c *cursor) number(key string) int {
	c.literal(key)
	digits := len(c.rest) - len(strings.TrimLeft(c.rest, "0123456789"))
	n, err := strconv.Atoi(c.rest[:digits])
	if c.err == nil && (err != nil || strconv.Itoa(n) != c.rest[:digits]) {
		c.err = fmt.Errorf("want a number, got %.40q", c.rest)
	}
	c.rest = c.rest[digits:]
	return n
}

func (c *cursor) end() {
	c.literal("}")
	if c.err == nil && c.rest != "" {
		c.err = fmt.Errorf("something follows the end: %.40q", c.rest)
	}
}
