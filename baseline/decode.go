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
	rest   string // the lines that follow
	line   int    // the number of the current one
	format int    // of the lines
}

func (p *parser) host() (Host, error) {
	h, err := p.head()
	if err != nil {
		return Host{}, err
	}
	for {
		line, err := p.next()
		if err != nil {
			return Host{}, err
		}
		if h.Readings == nil {
			h.Readings = make([]fact.Reading, 0, min(strings.Count(p.rest, "\n"), maxLines))
		}
		switch {
		case strings.HasPrefix(line, trailerStart):
			return h, p.trailer(line)
		case strings.HasPrefix(line, learnedStart):
			err = p.learned(&h, line)
		case len(h.Moves) > 0:
			err = errors.New("a reading stands behind what was learned")
		default:
			err = h.addReading(line)
		}
		if err != nil {
			return Host{}, err
		}
	}
}

// head reads the header and the checks.
func (p *parser) head() (Host, error) {
	line, err := p.next()
	if err != nil {
		return Host{}, err
	}
	h, err := p.header(line)
	for err == nil && isCheck(p.rest) {
		if line, err = p.next(); err == nil {
			err = h.addCheck(line)
		}
	}
	return h, err
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
	if err := checkTrailer(line, p.line-1); err != nil {
		return err
	}
	if p.rest != "" {
		return errors.New("something follows the last line")
	}
	return nil
}

func checkTrailer(line string, lines int) error {
	if want := strings.TrimSuffix(string(appendTrailer(nil, lines)), "\n"); line != want {
		return fmt.Errorf("want %s, got %.60q: lines are missing or added", want, line)
	}
	return nil
}

func (p *parser) header(line string) (Host, error) {
	var h Host
	c := cursor{rest: line}
	c.text(`{"host":`, &h.Host)
	p.format = c.number(`,"format":`)
	if c.err == nil && p.format > FormatVersion {
		return Host{}, newerError(p.format)
	}
	c.text(`,"identity":`, &h.Identity)
	c.text(`,"unreachable":`, &h.Unreachable)
	c.end()
	if c.err == nil && p.format < 1 {
		return Host{}, fmt.Errorf("format %d is none", p.format)
	}
	return h, c.err
}

// isCheck tells whether text begins with a check's line. A reading's begins with the
// check, too.
func isCheck(text string) bool {
	c := cursor{rest: text}
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
	r, err := parseReading(h.Host, line)
	if err != nil {
		return err
	}
	if n := len(h.Readings); n > 0 {
		last := h.Readings[n-1].Key
		likeLast(&r.Key, last)
		if last.Compare(r.Key) >= 0 {
			return misplaced(r.Key)
		}
	}
	h.Readings = append(h.Readings, r)
	return nil
}

// likeLast lets a key share the texts that it has in common with the one before it:
// what is the same memory is soon compared.
func likeLast(k *fact.Key, last fact.Key) {
	if k.Check == last.Check {
		k.Check = last.Check
	}
	if k.Item == last.Item {
		k.Item = last.Item
	}
}

// misplaced is the error of a reading that does not come after the one before it.
func misplaced(k fact.Key) error {
	return fmt.Errorf("reading %.80q of item %.80q is there twice or out of order", k.Name, k.Item)
}

func parseReading(host, line string) (fact.Reading, error) {
	key, value, err := parseKey(host, line)
	if err != nil {
		return fact.Reading{}, err
	}
	r := fact.Reading{Key: key}
	r.Value, err = fact.DecodeString(value)
	return r, err
}

// parseKey reads a reading's line up to its value, which it returns as it stands.
func parseKey(host, line string) (key fact.Key, value string, err error) {
	key.Host = host
	c := cursor{rest: line}
	c.text(`{"check":`, &key.Check)
	c.text(`,"item":`, &key.Item)
	c.text(`,"name":`, &key.Name)
	c.literal(`,"value":`)
	if c.err != nil {
		return key, "", c.err
	}
	value, closed := strings.CutSuffix(c.rest, "}")
	if !closed {
		return key, "", errors.New("want } at the end")
	}
	return key, value, nil
}

// learned adds a move. Whether it goes with the readings is seen only where they are
// read.
func (p *parser) learned(h *Host, line string) error {
	if p.format < 2 {
		return fmt.Errorf("nothing is learned in format %d", p.format)
	}
	m, err := parseMove(h.Host, line)
	if err == nil && h.Readings != nil {
		err = h.checkMove(m)
	}
	if err != nil {
		return err
	}
	if n := len(h.Moves); n > 0 && h.Moves[n-1].Key.Compare(m.Key) >= 0 {
		return fmt.Errorf("what was learned of %.80q of item %.80q is there twice or out of order", m.Key.Name, m.Key.Item)
	}
	h.Moves = append(h.Moves, m)
	return nil
}

func parseMove(host, line string) (Move, error) {
	m := Move{Key: fact.Key{Host: host}}
	c := cursor{rest: line}
	c.text(learnedStart+`{"check":`, &m.Key.Check)
	c.text(`,"item":`, &m.Key.Item)
	c.text(`,"name":`, &m.Key.Name)
	c.literal(`},"absent":`)
	if m.Absent = strings.HasPrefix(c.rest, "true"); m.Absent {
		c.literal("true")
	} else {
		c.literal("false")
	}
	c.literal(`,"seen":[`)
	for c.err == nil {
		value, rest := cutValue(c.rest)
		v, err := fact.DecodeString(value)
		if err != nil {
			return Move{}, err
		}
		m.Seen, c.rest = append(m.Seen, v), rest
		if !strings.HasPrefix(c.rest, ",") {
			break
		}
		c.literal(",")
	}
	c.literal("]")
	c.end()
	if c.err != nil {
		return Move{}, c.err
	}
	return m, m.check()
}

// cutValue cuts behind the first brace that closes and stands in no quotes.
func cutValue(s string) (value, rest string) {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			quoted = !quoted
		case quoted && s[i] == '\\':
			i++
		case !quoted && s[i] == '}':
			return s[:i+1], s[i+1:]
		}
	}
	return s, ""
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
