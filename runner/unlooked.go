package runner

import (
	"slices"

	"postpatch/baseline"
	"postpatch/probes"
)

// notLooked says whether a reading came or went because nobody could look, on one side
// or the other.
func (s *sheet) notLooked(change baseline.Change) bool {
	at := place{change.Key.Item, change.Key.Name}
	if change.Op == baseline.Changed || s.spec(at.reading).Behind == "" {
		return false
	}
	return !s.looked(s.before, at) || !s.looked(s.now, at)
}

// looked says whether a reading was looked at. Its item tells, or else the check as a
// whole; where neither does, what tells of them.
func (s *sheet) looked(side values, at place) bool {
	for _, behind := range s.looks(at.reading) {
		for _, item := range []string{at.item, ""} {
			if v := side.at(place{item, behind.Name}); v != nil {
				return !isOneOf(behind.Unseen, v)
			}
		}
	}
	return false
}

// looks lists what tells whether a reading was looked at, the nearest first.
func (s *sheet) looks(reading string) []*probes.ReadingSpec {
	var all []*probes.ReadingSpec
	for range s.c.Kind.Readings { // no chain is longer
		behind := s.spec(reading).Behind
		if behind == "" {
			break
		}
		all, reading = append(all, s.spec(behind)), behind
	}
	return all
}

// elsewhere says whether an item tells that its reading can be seen from another host
// only: that is as it should be, and no more is to be known here.
func (s *sheet) elsewhere(at place) bool {
	behind := s.spec(at.reading).Behind
	if at.item == "" || behind == "" {
		return false
	}
	spec := s.spec(behind)
	return isOneOf(spec.Unseen, s.now.at(place{at.item, spec.Name}))
}

// unlooked says whether the check itself tells that it could not look at a reading, and
// notes that something was wanted of it.
func (s *sheet) unlooked(reading string) bool {
	for _, behind := range s.looks(reading) {
		if now := s.now.at(place{"", behind.Name}); isOneOf(behind.Unseen, now) {
			s.unsee(behind.Name + ": " + now.String())
			return true
		}
	}
	return false
}

// lostSight leaves a check unknown that could look at something at the baseline, and cannot
// now: whatever came of it meanwhile would pass.
func (s *sheet) lostSight() {
	for _, spec := range s.c.Kind.Readings {
		if spec.Behind == "" {
			continue
		}
		at, unseen := place{"", spec.Behind}, s.spec(spec.Behind).Unseen
		before, now := s.before.at(at), s.now.at(at)
		if before != nil && !isOneOf(unseen, before) && isOneOf(unseen, now) {
			s.unsee(spec.Behind + ": " + now.String())
		}
	}
}

// unsee notes why the check is unknown, once.
func (s *sheet) unsee(why string) {
	if !slices.Contains(s.unseen, why) {
		s.unseen = append(s.unseen, why)
	}
}
