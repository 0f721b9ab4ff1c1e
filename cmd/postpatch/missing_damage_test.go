package main

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"postpatch/baseline"
	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/runner"
	"postpatch/runner/report"
)

// Nor does damage make a check of the corpus pass: an error, a host that is not there
// or is another, or does not say which it is, let none pass, and a reading of another
// type, another question and a baseline that is no more none that fails.
func TestNothingDamagedPasses(t *testing.T) {
	files, err := filepath.Glob("../../examples/scenarios/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	passing, failing, named := 0, 0, 0
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			for _, f := range everyCheck(t, file) {
				f.unseen(t)
				_, asks := f.host.Checks[0].Probe.(probes.Asker)
				if asks && f.known.Identity != "" && len(f.seen.Readings) > 0 {
					named++
					f.unnamed(t)
				}
				if f.exit(f.seen, f.known) == runner.ExitOK {
					passing++
					continue
				}
				failing++
				f.retyped(t)
				f.unbased(t)
			}
		})
	}
	if passing < 60 || failing < 20 || named < 60 {
		t.Errorf("only %d checks pass, %d fail, %d know their machine", passing, failing, named)
	}
}

func (f fall) never(t *testing.T, what string, seen, known baseline.Host) {
	t.Helper()
	if f.exit(seen, known) == runner.ExitOK {
		t.Errorf("%s %s passes with %s", f.host.Name, f.host.Checks[0].ID, what)
	}
}

// unseen takes what is seen now away as a whole.
func (f fall) unseen(t *testing.T) {
	t.Helper()
	for what, seen := range lacking(f.seen) {
		if what != "nothing" {
			f.never(t, "all but "+what, seen, f.known)
		}
	}
	gone := f.seen
	gone.Unreachable = "nothing answers"
	f.never(t, "no host", baseline.Host{Host: f.host.Name}, f.known)
	f.never(t, "no answer", unobserved(gone), f.known)
}

func (f fall) unnamed(t *testing.T) {
	t.Helper()
	for _, identity := range []string{"", "another machine"} {
		seen := f.seen
		seen.Identity = identity
		f.never(t, "identity "+identity, seen, f.known)
	}
}

// retyped gives each reading that both sides have another type, on one side.
func (f fall) retyped(t *testing.T) {
	t.Helper()
	is := map[fact.Key]bool{}
	for _, r := range f.known.Readings {
		is[r.Key] = true
	}
	for i, r := range f.seen.Readings {
		if is[r.Key] {
			f.never(t, "another type of "+r.Key.Item+" "+r.Key.Name+" now", retype(f.seen, i), f.known)
			k := slices.IndexFunc(f.known.Readings, func(was fact.Reading) bool { return was.Key == r.Key })
			f.never(t, "another type of "+r.Key.Item+" "+r.Key.Name+" before", f.seen, retype(f.known, k))
		}
	}
}

func retype(h baseline.Host, i int) baseline.Host {
	h.Readings = slices.Clone(h.Readings)
	was := h.Readings[i].Value
	h.Readings[i].Value = fact.Text(was.String())
	if was.Type() == fact.TypeText {
		h.Readings[i].Value = fact.SetOf(was.String())
	}
	return h
}

// unbased takes the baseline away, and lets it ask otherwise: that passes only where it
// is told.
func (f fall) unbased(t *testing.T) {
	t.Helper()
	told := func(what string, seen, known baseline.Host) {
		c := f.judge(seen, known).Checks[0]
		otherwise := slices.ContainsFunc(c.Findings, func(f report.Finding) bool {
			return f.Wanted == "the check asks otherwise than at the baseline"
		})
		if c.Mark == "" && !otherwise {
			f.never(t, what, seen, known)
		}
	}
	silent := f.known
	silent.Unreachable = "nothing answers"
	told("no baseline", f.seen, baseline.Host{Host: f.host.Name})
	told("a baseline of a silent host", f.seen, silent)
	told("another question now", asking(f.seen), f.known)
	told("another question before", f.seen, asking(f.known))
}

func asking(h baseline.Host) baseline.Host {
	h.Checks = slices.Clone(h.Checks)
	for i := range h.Checks {
		h.Checks[i].Asked = "another"
	}
	return h
}
