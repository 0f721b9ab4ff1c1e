package suites

import (
	"strings"
	"time"

	"postpatch/probes/fact"
)

// Fits says whether the change is wanted of a reading that was so, as far as its where
// goes; of one that was not there it does not.
func (m MustChange) Fits(was fact.Value) bool {
	return m.Where == "" || was != nil && Glob(m.Where, was.String())
}

// Met says whether a reading is as the patch has to make it. Where the change is one
// within the family of versions that its where names, a version of another family does
// not meet it, however high it is: 26100.1 is no update of 20348.
func (m MustChange) Met(now fact.Value) bool {
	return m.Predicate.Holds(now) && (!m.stays() || Glob(m.Where, now.String()))
}

// Words are what the reading has to be: ">= 20348.4405 within 20348.*".
func (m MustChange) Words() string {
	if m.stays() {
		return m.Predicate.String() + " within " + m.Where
	}
	return m.Predicate.String()
}

// stays says whether the change stays within the family of versions of its where. It
// does where the family's highest version would meet it; what wants another family does
// not want that.
func (m MustChange) stays() bool {
	family, ok := strings.CutSuffix(m.Where, ".*")
	if !ok || strings.Trim(family, "0123456789.?") != "" {
		return false
	}
	return m.Predicate.Holds(fact.Text(strings.ReplaceAll(family, "?", "9") + ".999999999"))
}

// saneWithin are times in which an update has to be on.
func saneWithin() within { return within{time.Hour, 365 * day} }

// IsWithin says whether a text can stand in an update's within.
func IsWithin(text string) bool {
	d, ok := parseSpan(text)
	return ok && d >= saneWithin().least && d <= saneWithin().most
}
