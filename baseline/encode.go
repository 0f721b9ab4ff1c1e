package baseline

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"postpatch/probes/fact"
)

// What a host's file may hold. Put refuses what Read would.
const (
	maxLine  = 1 << 20   // bytes, with the line's end
	maxLines = 1 << 20   // with header and trailer
	maxText  = 512 << 20 // bytes of all lines
	maxFile  = 256 << 20 // bytes as stored
)

const (
	learnedStart = `{"learned":` // begins the lines of moves, and no others
	trailerStart = `{"lines":`   // begins a file's last line, and no other
)

// appendHost appends a host's lines: header, checks, readings,
// moves, trailer. Equal
// hosts have equal bytes.
func appendHost(dst []byte, h Host) ([]byte, error) {
	if err := checkHost(h); err != nil {
		return nil, err
	}
	dst = slices.Grow(dst, 256+128*len(h.Checks)+160*len(h.Readings))
	start := len(dst)
	dst = appendHeader(dst, h)
	for _, c := range h.Checks {
		dst = appendCheck(dst, c)
	}
	dst = appendReadings(dst, h.Readings)
	for _, m := range h.Moves {
		dst = appendMove(dst, m)
	}
	dst = appendTrailer(dst, 1+len(h.Checks)+len(h.Readings)+len(h.Moves))
	return dst, checkText(dst[start:])
}

// checkText says whether lines are within the limits.
func checkText(text []byte) error {
	if len(text) > maxText {
		return fmt.Errorf("it has %d bytes of readings; at most %d can be stored", len(text), maxText)
	}
	lines := 0
	for line := range bytes.Lines(text) {
		if lines++; len(line) > maxLine {
			return fmt.Errorf("this line has %d bytes, at most %d can be stored: %.200q", len(line), maxLine, line)
		}
	}
	if lines > maxLines {
		return fmt.Errorf("it has %d lines; at most %d can be stored", lines, maxLines)
	}
	return nil
}

// checkHost says whether a host, with its lists sorted, can be stored.
func checkHost(h Host) error {
	if h.Host == "" || !utf8.ValidString(h.Host) {
		return fmt.Errorf("%q is no host name", h.Host)
	}
	for i, c := range h.Checks {
		if i > 0 && c.Check == h.Checks[i-1].Check {
			return fmt.Errorf("check %q is there twice", c.Check)
		}
	}
	for i, r := range h.Readings {
		switch {
		case r.Key.Host != h.Host:
			return fmt.Errorf("reading %q of %q belongs to host %q", r.Key.Name, r.Key.Check, r.Key.Host)
		case r.Value == nil:
			return fmt.Errorf("reading %q of item %q of %q has no value", r.Key.Name, r.Key.Item, r.Key.Check)
		case i > 0 && r.Key == h.Readings[i-1].Key:
			return fmt.Errorf("reading %q of item %q of %q is there twice", r.Key.Name, r.Key.Item, r.Key.Check)
		}
	}
	for i, m := range h.Moves {
		if i > 0 && m.Key == h.Moves[i-1].Key {
			return fmt.Errorf("what was learned of %q of item %q of %q is there twice", m.Key.Name, m.Key.Item, m.Key.Check)
		}
		if err := h.checkMove(m); err != nil {
			return err
		}
	}
	return nil
}

// sorted returns the host with its lists in order; what the caller holds stays
// as it is.
func (h Host) sorted() Host {
	if !slices.IsSortedFunc(h.Checks, compareChecks) {
		h.Checks = slices.Clone(h.Checks)
		slices.SortFunc(h.Checks, compareChecks)
	}
	if !fact.InOrder(h.Readings) {
		h.Readings = slices.Clone(h.Readings)
		slices.SortStableFunc(h.Readings, compareReadings)
	}
	if !slices.IsSortedFunc(h.Moves, compareMoves) {
		h.Moves = slices.Clone(h.Moves)
		slices.SortStableFunc(h.Moves, compareMoves)
	}
	return h
}

func compareChecks(a, b Check) int          { return strings.Compare(a.Check, b.Check) }
func compareReadings(a, b fact.Reading) int { return a.Key.Compare(b.Key) }

func appendHeader(dst []byte, h Host) []byte {
	dst = append(dst, `{"host":`...)
	dst = fact.AppendQuoted(dst, h.Host)
	dst = append(dst, `,"format":`...)
	dst = strconv.AppendInt(dst, FormatVersion, 10)
	dst = append(dst, `,"identity":`...)
	dst = fact.AppendQuoted(dst, h.Identity)
	dst = append(dst, `,"unreachable":`...)
	dst = fact.AppendQuoted(dst, h.Unreachable)
	return append(dst, "}\n"...)
}

func appendCheck(dst []byte, c Check) []byte {
	dst = append(dst, `{"check":`...)
	dst = fact.AppendQuoted(dst, c.Check)
	dst = append(dst, `,"kind":`...)
	dst = fact.AppendQuoted(dst, c.Kind)
	dst = append(dst, `,"asked":`...)
	dst = fact.AppendQuoted(dst, c.Asked)
	dst = append(dst, `,"error":`...)
	dst = fact.AppendQuoted(dst, c.Error)
	dst = append(dst, `,"took":"`...)
	dst = append(dst, c.Took.String()...)
	return append(dst, "\"}\n"...)
}

func appendReading(dst []byte, r fact.Reading) []byte { return appendReadings(dst, []fact.Reading{r}) }

// appendReadings appends their lines. What a line has in common with the one before it, its
// check and its item, is copied.
func appendReadings(dst []byte, readings []fact.Reading) []byte {
	from, to := 0, 0 // the check and the item, of the line before
	for i := range readings {
		r := &readings[i]
		if last := i - 1; i > 0 && r.Key.Check == readings[last].Key.Check && r.Key.Item == readings[last].Key.Item {
			dst = append(dst, dst[from:to]...)
			from, to = len(dst)-(to-from), len(dst)
		} else {
			from = len(dst)
			dst = append(dst, `{"check":`...)
			dst = fact.AppendQuoted(dst, r.Key.Check)
			dst = append(dst, `,"item":`...)
			dst = fact.AppendQuoted(dst, r.Key.Item)
			to = len(dst)
		}
		dst = append(dst, `,"name":`...)
		dst = fact.AppendQuoted(dst, r.Key.Name)
		dst = append(dst, `,"value":`...)
		dst = fact.AppendEncoded(dst, r.Value)
		dst = append(dst, "}\n"...)
	}
	return dst
}

func appendMove(dst []byte, m Move) []byte {
	dst = append(dst, learnedStart...)
	dst = append(dst, `{"check":`...)
	dst = fact.AppendQuoted(dst, m.Key.Check)
	dst = append(dst, `,"item":`...)
	dst = fact.AppendQuoted(dst, m.Key.Item)
	dst = append(dst, `,"name":`...)
	dst = fact.AppendQuoted(dst, m.Key.Name)
	dst = append(dst, `},"absent":`...)
	dst = strconv.AppendBool(dst, m.Absent)
	dst = append(dst, `,"seen":[`...)
	for i, v := range m.Seen {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = fact.AppendEncoded(dst, v)
	}
	return append(dst, "]}\n"...)
}

func appendTrailer(dst []byte, lines int) []byte {
	dst = append(dst, trailerStart...)
	dst = strconv.AppendInt(dst, int64(lines), 10)
	return append(dst, "}\n"...)
}
