package baseline

import (
	"errors"
	"fmt"
	"slices"

	"postpatch/probes/fact"
)

// What moves may take of a host's file: what is not learned is told as a change.
const (
	maxMove  = 64 << 10 // bytes of one line
	maxMoves = 64 << 20 // bytes of all
)

// Learn folds samples of one host, oldest first, into one: each check is that of the
// newest sample in which it was observed, and what its readings did from sample to
// sample is in Moves. A check that no sample could observe stays as the newest tells
// it. A sample in which a check was not observed, or told nothing, says nothing of how
// it moves; nor does one of another machine, or of a check that asked otherwise. The
// naming tells which items are the same.
func Learn(samples []Host, naming Naming) (Host, error) {
	if len(samples) == 0 {
		return Host{}, errors.New("learning what moves: there is no sample")
	}
	newest := samples[len(samples)-1]
	out := Host{Host: newest.Host}
	for _, s := range samples {
		if s.Host != out.Host {
			return Host{}, fmt.Errorf("learning what moves: a sample is of host %q, another of %q", s.Host, out.Host)
		}
		if s.Identity != "" {
			out.Identity = s.Identity
		}
	}
	samples = slices.Clone(samples)
	samples = slices.DeleteFunc(samples, func(s Host) bool { return s.Identity != "" && s.Identity != out.Identity })
	for i, s := range samples {
		samples[i] = s.sorted()
	}
	if !slices.ContainsFunc(samples, func(s Host) bool { return s.Unreachable == "" }) {
		out.Unreachable = samples[len(samples)-1].Unreachable
	}
	for _, check := range checksOf(samples) {
		out.learn(viewsOf(samples, check), naming)
	}
	out.Moves = out.fitting()
	return out, nil
}

// view is what one sample has of one check.
type view struct {
	record   Check
	tried    bool // there is a record
	answers  bool // the host did
	readings []fact.Reading
}

func (v view) observed() bool {
	return v.tried && v.answers && v.record.Error == "" && len(v.readings) > 0
}

func checksOf(samples []Host) []string {
	var all []string
	for _, s := range samples {
		for _, c := range s.Checks {
			all = append(all, c.Check)
		}
		for i, r := range s.Readings {
			if i == 0 || r.Key.Check != s.Readings[i-1].Key.Check {
				all = append(all, r.Key.Check)
			}
		}
	}
	return sortedOnce(all)
}

func viewsOf(samples []Host, check string) []view {
	views := make([]view, len(samples))
	for i, s := range samples {
		views[i] = view{answers: s.Unreachable == "", readings: partOf(s.Readings, check)}
		side := observed{host: s}
		views[i].record, views[i].tried = side.record(check)
	}
	return views
}

// learn takes in one check of all samples.
func (h *Host) learn(views []view, naming Naming) {
	newest := best(views)
	if newest.tried {
		h.Checks = append(h.Checks, newest.record)
	}
	h.Readings = append(h.Readings, newest.readings...)
	var seen []fact.Reading
	peers := 0
	for _, v := range views {
		if v.observed() && v.record.Asked == newest.record.Asked && v.record.Kind == newest.record.Kind {
			peers++
			spelt := Respell(Host{Readings: v.readings}, Host{Readings: newest.readings}, naming)
			seen = append(seen, spelt.Readings...)
		}
	}
	slices.SortStableFunc(seen, compareReadings)
	for len(seen) > 0 {
		n := 1
		for n < len(seen) && seen[n].Key == seen[0].Key {
			n++
		}
		if m, moves := moveOf(seen[:n], n < peers); moves {
			h.Moves = append(h.Moves, m)
		}
		seen = seen[n:]
	}
}

// best chooses the view that the baseline is made of: the newest that was observed,
// else the newest that at least says why it was not.
func best(views []view) view {
	var chosen view
	rank := 0
	for _, v := range views {
		mine := 1
		switch {
		case v.observed():
			mine = 4
		case v.tried && v.answers:
			mine = 3
		case v.tried:
			mine = 2
		}
		if mine >= rank {
			chosen, rank = v, mine
		}
	}
	return chosen
}

// moveOf makes a move of what the samples have of one reading, if it moved.
func moveOf(seen []fact.Reading, absent bool) (Move, bool) {
	m := Move{Key: seen[0].Key, Absent: absent}
	values := make([]fact.Value, len(seen))
	for i, r := range seen {
		if values[i] = r.Value; r.Value == nil || r.Value.Type() != values[0].Type() {
			return Move{}, false // nothing that could be told in a range
		}
	}
	switch values[0].(type) {
	case fact.Text, fact.Bool:
		slices.SortFunc(values, compareWords)
		m.Seen = slices.CompactFunc(values, fact.Equal)
	case fact.Set:
		m.Seen = setsOf(values)
	default:
		byOrder := func(a, b fact.Value) int { order, _ := fact.Order(a, b); return order }
		m.Seen = []fact.Value{slices.MinFunc(values, byOrder), slices.MaxFunc(values, byOrder)}
	}
	return m, m.check() == nil
}

// setsOf returns what is in all sets, and what is in any.
func setsOf(values []fact.Value) []fact.Value {
	in := map[string]int{}
	for _, v := range values {
		set, _ := v.(fact.Set)
		for _, elem := range set.Elems() {
			in[elem]++
		}
	}
	var always, ever []string
	for elem, n := range in {
		ever = append(ever, elem)
		if n == len(values) {
			always = append(always, elem)
		}
	}
	return []fact.Value{fact.SetOf(always...), fact.SetOf(ever...)}
}

// fitting leaves out moves that the host's file has no room for.
func (h Host) fitting() []Move {
	var fit []Move
	room, lines := maxMoves, maxLines-2-len(h.Checks)-len(h.Readings)
	for _, m := range h.Moves {
		line := len(appendMove(nil, m))
		if line > maxMove {
			continue
		}
		if room -= line; room < 0 || len(fit) >= lines {
			break
		}
		fit = append(fit, m)
	}
	return fit
}
