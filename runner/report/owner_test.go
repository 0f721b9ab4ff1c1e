package report_test

import (
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/runner/report"
)

// Whoever adds up the parts has the whole, and every check is in the part of its owner.
func TestThePartsOfAHostAreTheHost(t *testing.T) {
	random := rand.New(rand.NewPCG(9, 6))
	owners := []string{"", "web", "WEB ", "dba", "Smith, J."}
	for range 200 {
		h := report.Host{Host: "a", Counts: map[report.Outcome]int{}}
		for range random.IntN(12) {
			o := report.Outcomes()[random.IntN(len(report.Outcomes()))]
			h.Checks = append(h.Checks, report.Check{Kind: "os", Outcome: o, Owner: owners[random.IntN(len(owners))]})
			h.Counts[o]++
		}
		sum := map[report.Outcome]int{}
		seen := map[string]bool{}
		for _, part := range report.Parts(h) {
			key := report.OwnerKey(part.Owner)
			if seen[key] {
				t.Fatalf("owner %q has two parts", part.Owner)
			}
			seen[key] = true
			worst := report.Skipped
			for _, c := range part.Host.Checks {
				if report.OwnerKey(c.Owner) != key {
					t.Errorf("a check of %q in the part of %q", c.Owner, part.Owner)
				}
				if report.Worse(c.Outcome, worst) {
					worst = c.Outcome
				}
			}
			if len(seen) > 1 && part.Host.Outcome != worst {
				t.Errorf("the part of %q is %s, and its worst check %s", part.Owner, part.Host.Outcome, worst)
			}
			for o, n := range part.Host.Counts {
				sum[o] += n
			}
		}
		if diff := cmp.Diff(h.Counts, sum); diff != "" {
			t.Errorf("(-host +parts):\n%s", diff)
		}
	}
}

// What is said of the host holds for everybody on it: no part is well where it is not.
func TestWhatIsSaidOfTheHostIsInEveryPart(t *testing.T) {
	passed := func(owner string) report.Check {
		return report.Check{Kind: "os", Outcome: report.Passed, Owner: owner}
	}
	gone := report.Check{Kind: "os", Outcome: report.Skipped} // checked at the baseline, and no more
	late := report.Check{ID: "deadline", Kind: "plan", Outcome: report.Unknown}
	for name, test := range map[string]struct {
		checks []report.Check
		want   map[string]report.Outcome
	}{
		"two owners": {
			[]report.Check{passed("web"), passed("dba"), late},
			map[string]report.Outcome{"web": report.Unknown, "dba": report.Unknown},
		},
		"one of them is nobody": {
			[]report.Check{passed("web"), passed(""), late},
			map[string]report.Outcome{"web": report.Unknown, "": report.Unknown},
		},
		"what is looked at no more concerns nobody": {
			[]report.Check{passed("web"), gone, late},
			map[string]report.Outcome{"web": report.Unknown, "": report.Skipped},
		},
		"nobody is concerned": {
			[]report.Check{
				{Kind: "os", Outcome: report.Skipped, Owner: "web"}, {Kind: "os", Outcome: report.Skipped, Owner: "dba"}, late,
			},
			map[string]report.Outcome{"web": report.Unknown, "dba": report.Skipped},
		},
		"nobody is there":  {[]report.Check{late}, map[string]report.Outcome{"": report.Unknown}},
		"nothing is there": {nil, map[string]report.Outcome{"": report.Unknown}},
	} {
		t.Run(name, func(t *testing.T) {
			h := report.Host{Unreachable: "no answer", Checks: test.checks, Outcome: report.Unknown}
			got := map[string]report.Outcome{}
			for _, part := range report.Parts(h) {
				got[part.Owner] = part.Host.Outcome
				if part.Host.Unreachable == "" {
					t.Errorf("the part of %q has an answer", part.Owner)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
