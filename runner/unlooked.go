package runner

import "slices"

// unlooked says whether the check itself tells that it could not look at a reading, and
// notes that something was wanted of it.
func (s *sheet) unlooked(reading string) bool {
	behind := s.spec(reading).Behind
	if behind == "" {
		return false
	}
	now := s.now.at(place{"", behind})
	if !isOneOf(s.spec(behind).Unseen, now) {
		return false
	}
	s.unsee(behind + ": " + now.String())
	return true
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
