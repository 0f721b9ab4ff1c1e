package runnertest

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes"
	"postpatch/probes/probetest"
)

// See is what a check of these arguments sees of a recorded host.
func See(r *probetest.Recording, args map[string]any) Seen {
	readings, err := r.Observe(args)
	return Seen{Readings: readings, Err: err}
}

// Check is a check of a host that is recorded in a file.
type Check struct {
	Kind  probes.Kind
	File  string
	Entry string         // as a suite writes it; "- disk: {}" when empty
	Args  map[string]any // the same as the kind takes it
}

// Story is what a patch does to a host, and what the check tells of it.
type Story struct {
	Expect        string // further lines of the check: "expect: {state: up}"
	Before, After []probetest.Change
	Want          []string
}

// Told is Told of the host as it is recorded but for the changes before, and as it
// is recorded but for those after.
func (c Check) Told(t testing.TB, s Story) []string {
	t.Helper()
	var seen [2]Seen
	for i, changes := range [2][]probetest.Change{s.Before, s.After} {
		seen[i] = See(probetest.Load(t, c.Kind, c.File, c.Args).With(changes...), c.Args)
	}
	entry := c.Entry
	if entry == "" {
		entry = "- " + c.Kind.Name + ": {}"
	}
	if s.Expect != "" {
		entry += "\n  " + s.Expect
	}
	return Told(t, c.Kind, entry, seen)
}

// Tells holds that the check tells of each story what it should.
func (c Check) Tells(t *testing.T, stories map[string]Story) {
	t.Helper()
	for name, s := range stories {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(s.Want, c.Told(t, s)); d != "" {
				t.Errorf("told (-want +got):\n%s", d)
			}
		})
	}
}

// Passes holds that the check passes whichever of the changes come after.
func (c Check) Passes(t *testing.T, noise map[string][]probetest.Change) {
	t.Helper()
	stories := map[string]Story{}
	for name, after := range noise {
		stories[name] = Story{After: after, Want: []string{"passed"}}
	}
	c.Tells(t, stories)
}
