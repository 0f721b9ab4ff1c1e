package baseline

import "fmt"

// Damage says why a snapshot cannot be compared with. It is never a pass.
type Damage struct {
	Run  string // empty when it concerns the store as a whole
	Kind Kind
	Msg  string // a sentence: what happened and the way out

	unfinished bool // it has no manifest
}

// Kind is what is wrong with a snapshot.
type Kind string

// The kinds of damage.
const (
	Missing     Kind = "missing"      // the store, the run or a host's file is not there
	Empty       Kind = "empty"        // it is there and holds nothing
	Unfinished  Kind = "unfinished"   // cut off: no manifest
	Edited      Kind = "edited"       // not what was written
	Truncated   Kind = "truncated"    // shorter than what was written
	NewerFormat Kind = "newer format" // written by a later postpatch
	Unreadable  Kind = "unreadable"   // cannot be read or makes no sense
	Untrusted   Kind = "untrusted"    // not signed, or not by somebody who counts
	OtherSuite  Kind = "other suite"  // a suite of now was not in it
)

// Error is the sentence.
func (d *Damage) Error() string { return d.Msg }

const (
	restore = "; it can be restored from a copy, and a new baseline helps only before the patch"
	retake  = "; a new baseline helps only before the patch"
	permit  = "; the account that runs postpatch needs the right to read it"
	upgrade = "; read it with the version that wrote it or a later one"
)

// damagef makes a Damage.
func damagef(run string, kind Kind, format string, args ...any) *Damage {
	return &Damage{Run: run, Kind: kind, Msg: fmt.Sprintf(format, args...)}
}

// damaged makes a Damage of what was whole once, with the way out. A capture
// after the patch would make the breakage the baseline, so none is advised.
func damaged(run string, kind Kind, format string, args ...any) *Damage {
	return damagef(run, kind, format+restore, args...)
}

// lacking makes a Damage of what never was there as a whole, with the way out.
func lacking(run string, kind Kind, format string, args ...any) *Damage {
	return damagef(run, kind, format+retake, args...)
}

// newer is the damage of a format that this program does not know yet.
func newer(run string, format int) *Damage {
	return &Damage{Run: run, Kind: NewerFormat, Msg: fmt.Sprintf(
		"baseline %s has format %d, this postpatch reads up to %d%s", run, format, FormatVersion, upgrade)}
}
