// Package expect reads what a suite expects of a reading and says whether a
// value meets it.
package expect

import (
	"fmt"

	"postpatch/probes/fact"
)

// Predicate is one expectation: "running", "< 20ms", "contains KB5034441".
type Predicate struct {
	source string
	holds  func(fact.Value) bool
}

// String is the expectation in the suite's words.
func (p Predicate) String() string { return p.source }

// Holds reports whether the value meets the expectation. A nil value, a reading
// that is not there, meets none.
func (p Predicate) Holds(v fact.Value) bool { return v != nil && p.holds != nil && p.holds(v) }

// Parse reads an expectation of a reading of type t.
func Parse(source string, t fact.Type) (Predicate, error) {
	return Predicate{}, fmt.Errorf("expectation %q of a %s: not readable yet", source, t)
}
