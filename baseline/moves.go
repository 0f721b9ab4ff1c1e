package baseline

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"postpatch/probes/fact"
)

// Move is a reading that moves by itself: what several samples of a host showed of
// it while nothing was done to the host. Inside of that, a change says nothing.
type Move struct {
	Key fact.Key
	// Absent says that some of the samples did not have the reading.
	Absent bool
	// Seen says what it was. Of ints, durations and times these are the lowest and the
	// highest; of sets, what was always in it and what ever was; of texts and bools,
	// all that it was, sorted.
	Seen []fact.Value
}

// errOutside marks a move that does not go with the reading that it is of.
var errOutside = errors.New("the baseline's own value is outside of it")

// Holds says whether a value is one that moving by itself explains; nil stands for a
// reading that is not there.
func (m Move) Holds(v fact.Value) bool {
	if v == nil {
		return m.Absent
	}
	switch v := v.(type) {
	case fact.Set:
		always, ever, ok := m.sets()
		return ok && v.Covers(always) && ever.Covers(v)
	case fact.Text, fact.Bool:
		return slices.ContainsFunc(m.Seen, func(seen fact.Value) bool { return fact.Equal(seen, v) })
	default:
		if len(m.Seen) != 2 {
			return false
		}
		toLow, known := fact.Order(m.Seen[0], v)
		toHigh, _ := fact.Order(v, m.Seen[1])
		return known && toLow <= 0 && toHigh <= 0
	}
}

// String is what was seen, in words: "9 to 15", "open or shut", "always a, at times b".
func (m Move) String() string {
	words := make([]string, len(m.Seen))
	for i, v := range m.Seen {
		words[i] = v.String()
	}
	text := strings.Join(words, " or ")
	if always, ever, ok := m.sets(); ok {
		inAll := always.Elems()
		atTimes := slices.DeleteFunc(ever.Elems(), func(elem string) bool { return slices.Contains(inAll, elem) })
		text = "always " + strings.Join(inAll, ", ") + "; at times " + strings.Join(atTimes, ", ")
	} else if len(m.Seen) == 2 {
		if _, ordered := fact.Order(m.Seen[0], m.Seen[1]); ordered {
			text = strings.Join(words, " to ")
		}
	}
	if m.Absent {
		text += ", or not there"
	}
	return text
}

func (m Move) sets() (always, ever fact.Set, ok bool) {
	if len(m.Seen) != 2 {
		return always, ever, false
	}
	always, ok = m.Seen[0].(fact.Set)
	ever, both := m.Seen[1].(fact.Set)
	return always, ever, ok && both
}

// check says what is wrong with a move; each has one form only.
func (m Move) check() error {
	if len(m.Seen) == 0 {
		return errors.New("it says not what was seen")
	}
	for _, v := range m.Seen {
		if v == nil || v.Type() != m.Seen[0].Type() {
			return errors.New("what was seen is not of one type")
		}
	}
	moved := m.Absent
	switch m.Seen[0].(type) {
	case fact.Text, fact.Bool:
		for i := range m.Seen[1:] {
			if compareWords(m.Seen[i], m.Seen[i+1]) >= 0 {
				return errors.New("what was seen is there twice or out of order")
			}
		}
		moved = moved || len(m.Seen) > 1
	case fact.Set:
		always, ever, ok := m.sets()
		if !ok || !ever.Covers(always) {
			return errors.New("want what was always in the set, and what ever was")
		}
		moved = moved || !always.Equal(ever)
	default:
		order := 1
		if len(m.Seen) == 2 {
			order, _ = fact.Order(m.Seen[0], m.Seen[1])
		}
		if order > 0 {
			return errors.New("want the lowest value and the highest")
		}
		moved = moved || order < 0
	}
	if !moved {
		return errors.New("it does not move")
	}
	return nil
}

// compareWords orders texts and bools as Move keeps them.
func compareWords(a, b fact.Value) int { return strings.Compare(a.String(), b.String()) }

// checkMove says whether a move can stand beside the readings, sorted, of its host.
func (h Host) checkMove(m Move) error {
	err := m.check()
	at := fact.Reading{Key: m.Key}
	i, found := slices.BinarySearchFunc(h.Readings, at, compareReadings)
	var now fact.Value
	if found {
		now = h.Readings[i].Value
	}
	switch {
	case err != nil:
	case m.Key.Host != h.Host:
		err = fmt.Errorf("it belongs to host %q", m.Key.Host)
	case !m.Holds(now):
		err = errOutside
	}
	if err != nil {
		return fmt.Errorf("what was learned of %.80q of item %.80q of %.80q: %w", m.Key.Name, m.Key.Item, m.Key.Check, err)
	}
	return nil
}

func compareMoves(a, b Move) int { return a.Key.Compare(b.Key) }

// move is what was learned of a reading; the zero Move, which holds for nothing, where
// nothing was.
func (h Host) move(k fact.Key) Move {
	i, found := slices.BinarySearchFunc(h.Moves, Move{Key: k}, compareMoves)
	if !found {
		return Move{}
	}
	return h.Moves[i]
}
