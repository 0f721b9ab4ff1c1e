package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"postpatch/baseline"
	"postpatch/probes/fact"
	"postpatch/runner"
	"postpatch/runner/report"
	"postpatch/suites"
)

// What is missing never makes a run pass that fails: of every check of the corpus
// that fails, each reading, each item and the check itself is taken away, from what
// is seen now and from the baseline.
func TestNothingMissingPasses(t *testing.T) {
	files, err := filepath.Glob("../../examples/scenarios/S*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			all := failing(t, file)
			if len(all) == 0 {
				t.Error("nothing fails here")
			}
			for _, f := range all {
				f.without(t)
			}
		})
	}
}

// fall is a check of a host that fails, alone, with what was seen and the baseline.
// There is no plan in it: what a plan misses would hide that a check passes.
type fall struct {
	host        suites.Host
	seen, known baseline.Host
}

func failing(t *testing.T, file string) (all []fall) {
	t.Helper()
	for _, f := range everyCheck(t, file) {
		if f.exit(f.seen, f.known) == runner.ExitBroken {
			all = append(all, f)
		}
	}
	return all
}

// everyCheck lists the checks of a scenario, each alone.
func everyCheck(t *testing.T, file string) (all []fall) {
	t.Helper()
	s, err := readScenario(file)
	if err != nil {
		t.Fatal(err)
	}
	st, _, _ := played(t, s)
	in := inputs{scripts: true, atOnce: 1}
	j, err := in.load(t.Context(), st.app, st.scenario.files())
	if err != nil {
		t.Fatal(err)
	}
	defer j.logins.Close()
	store, err := openStore(st.store, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range j.set.Hosts {
		seen, known := storedAs(t, store, "demo-verify", h.Name), storedAs(t, store, "demo", h.Name)
		for _, c := range h.Checks {
			alone := h
			alone.Checks = []*suites.Check{c}
			others := func(key string) bool { return key != c.Key() }
			all = append(all, fall{alone, dropped(seen, others), dropped(known, others)})
		}
	}
	return all
}

func storedAs(t *testing.T, store *baseline.Store, run, host string) baseline.Host {
	t.Helper()
	s, err := store.Read(t.Context(), run)
	if err != nil {
		t.Fatal(err)
	}
	h, err := storedHost(t.Context(), s, storedNames(s), host)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func dropped(h baseline.Host, check func(key string) bool) baseline.Host {
	h.Checks = slices.DeleteFunc(slices.Clone(h.Checks), func(c baseline.Check) bool { return check(c.Check) })
	return unread(h, func(k fact.Key) bool { return check(k.Check) })
}

func unread(h baseline.Host, reading func(fact.Key) bool) baseline.Host {
	h.Readings = slices.DeleteFunc(slices.Clone(h.Readings), func(r fact.Reading) bool { return reading(r.Key) })
	return h
}

func unobserved(h baseline.Host) baseline.Host {
	h.Checks = slices.Clone(h.Checks)
	for i := range h.Checks {
		h.Checks[i].Error = "the wire was cut"
	}
	return h
}

// lacking are the ways in which a side can lack a check as a whole, or nothing.
func lacking(h baseline.Host) map[string]baseline.Host {
	every := func(string) bool { return true }
	anything := func(fact.Key) bool { return true }
	return map[string]baseline.Host{
		"nothing":               h,
		"the try":               dropped(h, every),
		"being observed":        unobserved(h),
		"being observed at all": unread(unobserved(h), anything),
		"any reading":           unread(h, anything),
	}
}

func (f fall) judge(seen, known baseline.Host) report.Host {
	return runner.Judge(runner.Visit{Host: f.host, Seen: seen}, &known, nil)
}

func (f fall) exit(seen, known baseline.Host) int {
	tally := runner.NewTally(time.Now())
	tally.Add(f.judge(seen, known))
	return tally.Summary(time.Now()).ExitCode
}

func (f fall) without(t *testing.T) {
	t.Helper()
	held := func(what string, seen, known baseline.Host) {
		t.Helper()
		if f.exit(seen, known) == runner.ExitOK {
			t.Errorf("%s %s passes without %s", f.host.Name, f.host.Checks[0].ID, what)
		}
	}
	for nowLacks, seen := range lacking(f.seen) {
		held(nowLacks+" now", seen, f.known)
		for beforeLacks, known := range lacking(f.known) {
			marked := f.judge(seen, known).Checks[0].Mark != "" && len(f.host.Checks[0].Assert) == 0
			if nowLacks == "nothing" && marked { // it is as good as new, which the README lets pass
				continue
			}
			held(fmt.Sprintf("%s now, and %s in the baseline", nowLacks, beforeLacks), seen, known)
		}
	}
	was := map[string]bool{} // of what is only there now, its absence is no lack
	for _, r := range f.known.Readings {
		was[r.Key.Item] = true
	}
	told := map[[2]string]bool{}
	for _, finding := range f.judge(f.seen, f.known).Checks[0].Findings {
		if finding.HasBefore {
			told[[2]string{finding.Item, finding.Reading}] = true
		}
	}
	held("all that tells it", unread(f.seen, func(k fact.Key) bool { return told[[2]string{k.Item, k.Name}] }), f.known)
	for _, r := range f.seen.Readings {
		if !was[r.Key.Item] {
			continue
		}
		held(fmt.Sprintf("%s of %q now", r.Key.Name, r.Key.Item),
			unread(f.seen, func(k fact.Key) bool { return k == r.Key }), f.known)
		held(fmt.Sprintf("all of %q now", r.Key.Item),
			unread(f.seen, func(k fact.Key) bool { return k.Item == r.Key.Item }), f.known)
	}
}
