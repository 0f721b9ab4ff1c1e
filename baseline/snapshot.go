// Package baseline keeps snapshots and finds what changed between two of them.
package baseline

import (
	"slices"
	"time"

	"postpatch/probes/fact"
)

// Host is one host's part of a snapshot: every check that was tried and every
// reading that was made.
type Host struct {
	Host     string
	Identity string // which machine answered; empty when it could not be learnt
	// Unreachable says why, when nothing at the host answered.
	Unreachable string
	// Taken is when the run that saw it was begun; zero where that is not known. The host's
	// file does not hold it, the run's manifest does.
	Taken    time.Time
	Checks   []Check        // sorted by Check
	Readings []fact.Reading // sorted by key
	// Moves are the readings that moved by themselves from one sample to the next,
	// sorted by key. There are none where one sample was taken.
	Moves []Move
}

// Check is the record that a check was tried.
type Check struct {
	Check string // "<suite>/<check id>", as in fact.Key
	Kind  string
	// Asked is a digest of the check's parameters: where it has changed, other
	// items are no change of the host's.
	Asked string
	// Error says why the check could not be observed; empty when it was.
	Error string
	Took  time.Duration
}

// Manifest describes a run. It is written last, so a run without one was cut
// off.
type Manifest struct {
	Head
	Finished time.Time `json:"finished"`
	// Resumed is when the run was taken up after it had been cut off.
	Resumed []time.Time `json:"resumed,omitempty"`
	// Results is the file of what the run came to; nil where it stored none, as runs
	// before format 4.
	Results *ResultsEntry `json:"results,omitempty"`
	Hosts   []HostEntry   `json:"hosts"`  // sorted by name
	Digest  string        `json:"digest"` // SHA-256 of the manifest with this field empty
}

// SuiteInfo says which suite, in which state, a run was made with.
type SuiteInfo struct {
	Name   string `json:"name"`
	Digest string `json:"digest"` // SHA-256 of the file
}

// HostEntry is one host's line in the manifest.
type HostEntry struct {
	Host     string `json:"host"`
	File     string `json:"file"`
	SHA256   string `json:"sha256"` // of the file as stored
	Bytes    int64  `json:"bytes"`  // its length, by which a cut file is told from an edited one
	Identity string `json:"identity,omitempty"`
	Checks   int    `json:"checks"`
	Unseen   int    `json:"unseen"` // checks that could not be observed
}

// FormatVersion is the version of the stored form that this program writes. It reads
// the earlier ones, too: the first knew no Moves, the second no waves and passes, the third no results.
const FormatVersion = 4

// Sort brings the checks and readings in the order that Diff and the stored form
// rest on.
func (h *Host) Sort() {
	slices.SortFunc(h.Checks, compareChecks)
	if !fact.InOrder(h.Readings) { // as those are that come from a runner
		slices.SortFunc(h.Readings, compareReadings)
	}
	slices.SortFunc(h.Moves, compareMoves)
}

// Rename gives the host another name, in all that it holds.
func (h *Host) Rename(name string) {
	h.Host = name
	for i := range h.Readings {
		h.Readings[i].Key.Host = name
	}
	for i := range h.Moves {
		h.Moves[i].Key.Host = name
	}
}
