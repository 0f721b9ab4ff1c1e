// Package fact holds what was observed: keys, a closed set of value types, and
// the rules by which two values of one key are compared.
package fact

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Key names one reading: which host, which check of which suite, which item of
// the check, which reading of the item. Two keys are the same reading when ==.
type Key struct {
	Host  string // as the suite names it
	Check string // "<suite>/<check id>"
	Item  string // "Spooler", "1433", ""; given by the probe, never guessed
	Name  string // "state"
}

// Compare orders keys by host, check, item, name, byte by byte.
func (k Key) Compare(o Key) int {
	switch { // most keys differ in their last parts, and share the first
	case k.Host != o.Host:
		return strings.Compare(k.Host, o.Host)
	case k.Check != o.Check:
		return strings.Compare(k.Check, o.Check)
	case k.Item != o.Item:
		return strings.Compare(k.Item, o.Item)
	default:
		return strings.Compare(k.Name, o.Name)
	}
}

// InOrder says whether readings are sorted by their keys; of the same key there may be
// several.
func InOrder(readings []Reading) bool {
	for i := 1; i < len(readings); i++ {
		a, b := &readings[i-1].Key, &readings[i].Key
		if a.Host != b.Host || a.Check != b.Check {
			if a.Compare(*b) > 0 {
				return false
			}
			continue
		}
		if order := strings.Compare(a.Item, b.Item); order > 0 || order == 0 && a.Name > b.Name {
			return false
		}
	}
	return true
}

// Reading is one observed fact.
type Reading struct {
	Key   Key
	Value Value
}

// Type says which of the value types a value has.
type Type int

// The closed set of types. A seventh needs a reason.
const (
	TypeUnknown Type = iota
	TypeBool
	TypeInt
	TypeText
	TypeDuration
	TypeTime
	TypeSet
)

// String returns the type's word, as stored and as shown by explain.
func (t Type) String() string {
	return [...]string{"unknown", "bool", "int", "text", "duration", "time", "set"}[t]
}

// Value is one observed value. String is its form for people.
type Value interface {
	fmt.Stringer
	Type() Type
	value() // seals the set
}

type (
	// Bool is a yes or a no.
	Bool bool
	// Int is a count, a size or a number that something goes by.
	Int int64
	// Text is kept as it was observed.
	Text string
	// Duration is how long something took or lasts.
	Duration time.Duration
	// Time is an instant: the zone it is written in does not count.
	Time time.Time
	// Set is unordered; SetOf sorts it and drops doubles.
	Set struct{ elems []string }
)

func (Bool) value()     {}
func (Int) value()      {}
func (Text) value()     {}
func (Duration) value() {}
func (Time) value()     {}
func (Set) value()      {}

// Type implements Value.
func (Bool) Type() Type { return TypeBool }

// Type implements Value.
func (Int) Type() Type { return TypeInt }

// Type implements Value.
func (Text) Type() Type { return TypeText }

// Type implements Value.
func (Duration) Type() Type { return TypeDuration }

// Type implements Value.
func (Time) Type() Type { return TypeTime }

// Type implements Value.
func (Set) Type() Type { return TypeSet }

func (b Bool) String() string { return strconv.FormatBool(bool(b)) }
func (i Int) String() string  { return strconv.FormatInt(int64(i), 10) }
func (t Text) String() string { return string(t) }

// String rounds to three digits or so, because nobody reads nanoseconds.
func (d Duration) String() string {
	v := time.Duration(d)
	for _, unit := range []time.Duration{time.Second, time.Millisecond, time.Microsecond} {
		if v.Abs() >= 10*unit {
			return v.Round(unit / 10).String()
		}
	}
	return v.String()
}

// String is RFC 3339 in UTC.
func (t Time) String() string { return time.Time(t).UTC().Format(time.RFC3339) }

// String joins the elements with ", ".
func (s Set) String() string { return strings.Join(s.elems, ", ") }

// SetOf makes a Set of the elements, sorted and without doubles.
func SetOf(elems ...string) Set {
	sorted := slices.Sorted(slices.Values(elems))
	return Set{slices.Compact(sorted)}
}

// Elems returns the elements in byte order; the caller may keep the slice.
func (s Set) Elems() []string { return slices.Clone(s.elems) }

// Covers reports whether every element of o is in s.
func (s Set) Covers(o Set) bool {
	for _, e := range o.elems {
		if _, found := slices.BinarySearch(s.elems, e); !found {
			return false
		}
	}
	return true
}

// Equal reports whether two values have the same type and the same content.
// Text("1") never equals Int(1). A nil Value equals only nil.
func Equal(a, b Value) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	switch a := a.(type) {
	case Set:
		b, ok := b.(Set)
		return ok && a.Equal(b)
	case Time:
		b, ok := b.(Time)
		return ok && a.Equal(b)
	default:
		return a == b // of different types never panics, not even on a Set
	}
}

// Equal reports whether both sets hold the same elements.
func (s Set) Equal(o Set) bool { return slices.Equal(s.elems, o.elems) }

// Equal reports whether both are the same instant, whatever their zones.
func (t Time) Equal(o Time) bool { return time.Time(t).Equal(time.Time(o)) }
