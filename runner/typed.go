package runner

import "postpatch/probes/fact"

// typed is a reading in the type that the kind declares; nil for one that is not there,
// and for one that another version of the kind told in another type. What is expected
// can be held against the first alone: that it does not meet the other says nothing of
// the host.
func (s *sheet) typed(side values, at place) fact.Value {
	v := side.at(at)
	if v == nil {
		return nil
	}
	if spec := specOf(s.c.Kind, at.reading); spec != nil && spec.Type != v.Type() {
		return nil
	}
	return v
}
