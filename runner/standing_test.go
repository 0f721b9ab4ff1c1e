package runner

import (
	"slices"
	"testing"
	"time"

	"postpatch/runner/report"
)

func sight(run string, is Standing, from, to int) Sight {
	at := func(n int) time.Time { return time.Date(2026, 11, 10, 20, n, 0, 0, time.UTC) }
	return Sight{Run: run, Is: is, Why: run, From: at(from), To: at(to)}
}

func TestFold(t *testing.T) {
	part := func(s Sight) Sight {
		s.Partly = true
		return s
	}
	unclocked := sight("z", HostWell, 0, 9)
	unclocked.From = time.Time{}
	for _, c := range []struct {
		name   string
		sights []Sight
		want   Standing
		run    string
	}{
		{"nobody looked", nil, HostUnseen, ""},
		{"one look", []Sight{sight("a", HostWell, 1, 2)}, HostWell, "a"},
		{"mended", []Sight{sight("a", HostWorse, 1, 2), sight("b", HostWell, 3, 4)}, HostWell, "b"},
		{"broken later", []Sight{sight("a", HostWell, 1, 2), sight("b", HostWorse, 3, 4)}, HostWorse, "b"},
		{"back", []Sight{sight("a", HostUnknown, 1, 2), sight("b", HostWell, 3, 4)}, HostWell, "b"},
		{"gone later", []Sight{sight("a", HostWell, 1, 2), sight("b", HostUnknown, 3, 4)}, HostUnknown, "b"},
		{"who was worse and is gone is worse still", []Sight{sight("a", HostWorse, 1, 2), sight("b", HostUnknown, 3, 4)}, HostWorse, "a"},
		{
			"mended, and gone since",
			[]Sight{sight("a", HostWorse, 1, 2), sight("b", HostWell, 3, 4), sight("c", HostUnknown, 5, 6)},
			HostUnknown, "c",
		},
		{
			"worse, gone, and well again",
			[]Sight{sight("a", HostWorse, 1, 2), sight("b", HostUnknown, 3, 4), sight("c", HostWell, 5, 6)},
			HostWell, "c",
		},
		{"which was later cannot be told: the worse counts", []Sight{sight("a", HostWorse, 1, 4), sight("b", HostWell, 3, 5)}, HostWorse, "a"},
		{"nor here", []Sight{sight("a", HostWell, 1, 4), sight("b", HostUnknown, 2, 3)}, HostUnknown, "b"},
		{"at one moment neither is later", []Sight{sight("a", HostWorse, 1, 3), sight("b", HostWell, 3, 4)}, HostWorse, "a"},
		{"a run of a wrong clock is not later", []Sight{sight("a", HostWorse, 1, 2), unclocked}, HostWorse, "a"},
		{"of equal ones the newest tells", []Sight{sight("a", HostWell, 1, 4), sight("b", HostWell, 3, 5)}, HostWell, "b"},
		{"a part that is well says nothing of the rest", []Sight{sight("a", HostWorse, 1, 2), part(sight("b", HostWell, 3, 4))}, HostWorse, "a"},
		{"and takes nothing away", []Sight{sight("a", HostWell, 1, 2), part(sight("b", HostWell, 3, 4))}, HostWell, "a"},
		{"alone it leaves the host unknown", []Sight{part(sight("a", HostWell, 1, 2)), part(sight("b", HostWell, 3, 4))}, HostUnknown, "b"},
		{"a part that is worse is enough", []Sight{sight("a", HostWell, 1, 2), part(sight("b", HostWorse, 3, 4))}, HostWorse, "b"},
		{"a part that could not be observed, too", []Sight{sight("a", HostWell, 1, 2), part(sight("b", HostUnknown, 3, 4))}, HostUnknown, "b"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for range 2 {
				got := Fold("web01", c.sights)
				if got.Is != c.want || got.Run != c.run || got.Host != "web01" {
					t.Errorf("got %+v, want %s by %q", got, c.want, c.run)
				}
				slices.Reverse(c.sights) // the order does not matter
			}
		})
	}
}

func TestSightOf(t *testing.T) {
	check := func(id string, outcome report.Outcome, failing bool) report.Check {
		return report.Check{ID: id, Suite: "s", Kind: "os", Outcome: outcome, Failing: failing, Error: "why"}
	}
	plan := report.Check{ID: "reboot", Suite: "p", Kind: "plan", Outcome: report.Unknown, Error: "no boot time"}
	well := check("a", report.Passed, false)
	for _, c := range []struct {
		name    string
		host    report.Host
		unasked string
		want    Standing
		why     string
		partly  bool
	}{
		{"all passed", report.Host{Checks: []report.Check{well}}, "", HostWell, "", false},
		{"what fails nothing", report.Host{Checks: []report.Check{
			check("a", report.Drifted, false), check("b", report.PreExisting, false), check("c", report.Waived, false),
			check("d", report.Fixed, false), check("e", report.Expected, false), check("f", report.Skipped, false),
		}}, "", HostWell, "", false},
		{"regressed", report.Host{Checks: []report.Check{well, check("b", report.Regressed, true)}}, "", HostWorse, "b regressed", false},
		{
			"unmet, and failed",
			report.Host{Checks: []report.Check{check("a", report.Unmet, true), check("b", report.Failed, true)}},
			"", HostWorse, "a unmet, and 1 more", false,
		},
		{
			"drift that fails, in what was broken before",
			report.Host{Checks: []report.Check{check("a", report.PreExisting, true)}},
			"", HostWorse, "a drifted", false,
		},
		{
			"worse beside what is unknown",
			report.Host{Checks: []report.Check{check("a", report.Unknown, false), check("b", report.Failed, true)}},
			"", HostWorse, "b failed", false,
		},
		{
			"unreachable",
			report.Host{Unreachable: "refused", Checks: []report.Check{check("a", report.Unknown, false)}},
			"", HostUnknown, "unreachable: refused", false,
		},
		{
			"another machine",
			report.Host{Problem: "another machine answers", Checks: []report.Check{check("a", report.Unknown, false)}},
			"", HostUnknown, "another machine answers", false,
		},
		{"a check unknown", report.Host{Checks: []report.Check{well, check("b", report.Unknown, false)}}, "", HostUnknown, "b: why", false},
		{"what the plan says unknown", report.Host{Checks: []report.Check{well, plan}}, "", HostUnknown, "reboot: no boot time", false},
		{"no check", report.Host{}, "", HostUnknown, "no check looks at it", false},
		{
			"a part was asked",
			report.Host{Checks: []report.Check{well, check("b", report.Unknown, false)}},
			"s/b", HostWell,
			"the run asked only a part of what the suites ask of it now", true,
		},
		{
			"and the plan wants of the rest",
			report.Host{Checks: []report.Check{well, check("b", report.Unknown, false), plan}},
			"s/b",
			HostWell, "the run asked only a part of what the suites ask of it now", true,
		},
		{"a part was asked, and of this one was not observed", report.Host{Checks: []report.Check{
			check("a", report.Unknown, false), check("b", report.Unknown, false),
		}}, "s/b", HostUnknown, "a: why", true},
		{"a part was asked of a host that is away", report.Host{Unreachable: "refused", Checks: []report.Check{
			check("b", report.Unknown, false),
		}}, "s/b", HostUnknown, "unreachable: refused", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := SightOf(c.host, func(key string) bool { return key == c.unasked })
			if got.Is != c.want || got.Why != c.why || got.Partly != c.partly {
				t.Errorf("got %+v, want %s, %q, %v", got, c.want, c.why, c.partly)
			}
		})
	}
}
