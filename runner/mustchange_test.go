package runner_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/baseline"
	"postpatch/probes/fact"
	"postpatch/runner"
	"postpatch/runner/report"
	"postpatch/suites"
	"postpatch/suites/expect"
)

// musts reads wanted changes of the door's sign, whose text is a build here:
// "20348.* to >= 20348.4405 on web*".
func musts(t *testing.T, lines ...string) *suites.Plan {
	t.Helper()
	p := plan(t, "")
	for _, line := range lines {
		where, rest, found := strings.Cut(line, " to ")
		if !found {
			where, rest = "", line
		}
		to, hosts, _ := strings.Cut(rest, " on ")
		predicate, err := expect.Parse(to, fact.TypeText)
		if err != nil {
			t.Fatal(err)
		}
		m := suites.MustChange{
			Pattern: suites.Pattern{Kind: "door", Reading: "sign"}, Predicate: predicate, Where: where,
		}
		if hosts != "" {
			m.Hosts = []string{hosts}
		}
		p.Must = append(p.Must, m)
	}
	return p
}

// builds are two families, as an import has them, and what the host h was and is.
const (
	of2022 = "20348.* to >= 20348.4405"
	of2025 = "26100.* to >= 26100.7171"
)

func TestMustChangeWhere(t *testing.T) {
	for name, tt := range map[string]struct {
		musts       []string
		before, now baseline.Host
		want        []string
		idle        string // of the run's note
		nowhere     bool
		why         string
	}{
		"updated within its family": {
			[]string{of2022, of2025},
			doors(" sign=20348.4294"), doors(" sign=20348.4405"),
			[]string{"expected", "sign: expected 20348.4294->20348.4405"},
			"door.sign where it was 26100.*", false, "",
		},
		"a later update than wanted": {
			[]string{of2022},
			doors(" sign=20348.4294"), doors(" sign=20348.5001"),
			[]string{"expected", "sign: expected 20348.4294->20348.5001"},
			"", false, "",
		},
		"rolled back": {
			[]string{of2022, of2025},
			doors(" sign=20348.4294"), doors(" sign=20348.4294"),
			[]string{"unmet failing", "sign: unmet 20348.4294->20348.4294"},
			"door.sign where it was 26100.*", false, "",
		},
		"was updated before the baseline": {
			[]string{of2022},
			doors(" sign=20348.4405"), doors(" sign=20348.4405"),
			[]string{"passed"},
			"", false,
			"nothing had to change",
		},
		"upgraded to another family that lacks its own update": {
			[]string{of2022, of2025},
			doors(" sign=20348.4294"), doors(" sign=26100.1"),
			[]string{"unmet failing", "sign: unmet 20348.4294->26100.1"},
			"door.sign where it was 26100.*", false,
			"26100.1 is more than 20348.4405, and no update of it",
		},
		"upgraded to another family that has its own update": {
			[]string{of2022, of2025},
			doors(" sign=20348.4294"), doors(" sign=26100.7171"),
			[]string{"unmet failing", "sign: unmet 20348.4294->26100.7171"},
			"door.sign where it was 26100.*", false,
			"the baseline decides what the change is for, and nobody asked for another Windows",
		},
		"of a family that the plan does not know": {
			[]string{of2022, of2025},
			doors(" sign=9600.1"), doors(" sign=9600.1"),
			[]string{"passed"},
			"door.sign where it was 20348.*, door.sign where it was 26100.*", false, "",
		},
		"each of two wanted of one reading has to come": {
			[]string{">= 20348.4000", of2022},
			doors(" sign=20348.3000"), doors(" sign=20348.4100"),
			[]string{"unmet failing", "sign: unmet 20348.3000->20348.4100"},
			"", false, "",
		},
		"and in the other order": {
			[]string{of2022, ">= 20348.4000"},
			doors(" sign=20348.3000"), doors(" sign=20348.4100"),
			[]string{"unmet failing", "sign: unmet 20348.3000->20348.4100"},
			"", false, "",
		},
		"without a baseline, with the update": {
			[]string{of2022, of2025},
			doors("error: timed out"), doors(" state=open", " sign=26100.7171"),
			[]string{"expected no baseline", "sign: expected ->26100.7171"},
			"door.sign where it was 20348.*", false,
			"what it is now decides: the fix is on",
		},
		"without a baseline, without the update": {
			[]string{of2022, of2025},
			doors("error: timed out"), doors(" state=open", " sign=26100.1742"),
			[]string{"unmet no baseline failing", "sign: unmet ->26100.1742"},
			"door.sign where it was 20348.*", false, "",
		},
		"without a baseline, of a family that the plan does not know": {
			[]string{of2022},
			doors("error: timed out"), doors(" state=open", " sign=26100.9999"),
			[]string{"unknown no baseline"},
			"", false, "it may have been 20348, and nobody knows",
		},
		"without a baseline, of a family that is wanted of other hosts alone": {
			[]string{of2022, of2025 + " on web*"},
			doors("error: timed out"), doors(" state=open", " sign=26100.9999"),
			[]string{"unknown no baseline"},
			"door.sign where it was 26100.* on web*", false, "",
		},
		"not in the baseline at all, of an unknown family": {
			[]string{of2022},
			baseline.Host{Host: "h"},
			doors(" state=open", " sign=26100.9999"),
			[]string{"unknown new"},
			"", false, "",
		},
		"the baseline has the check and not the reading": {
			[]string{of2022},
			doors(" state=open"), doors(" state=open", " sign=26100.9999"),
			[]string{"unknown", "sign: drifted ->26100.9999"},
			"", false, "a gate may have hidden it",
		},
		"the reading is nowhere": {
			[]string{of2022},
			doors(" state=open"), doors(" state=open"),
			[]string{"unknown"},
			"", false,
			"without a where it would be unmet; here nobody knows whether it is wanted",
		},
		"the reading has gone": {
			[]string{of2022},
			doors(" state=open", " sign=20348.4294"), doors(" state=open"),
			[]string{"unmet failing", "sign: unmet 20348.4294->"},
			"", false, "",
		},
		"an item that is new since the baseline": {
			[]string{"20348.4294 to 20348.4405"},
			doors("front sign=20348.4294"),
			doors("front sign=20348.4405", "side sign=1.0"),
			[]string{"drifted", "front sign: expected 20348.4294->20348.4405", "side: drifted ->new"},
			"", false,
			"it was nothing at the baseline, and so not as the change is for",
		},
		"items of several families": {
			[]string{of2022, of2025},
			doors("back sign=26100.1", "front sign=20348.1"),
			doors("back sign=26100.1", "front sign=20348.4405"),
			[]string{
				"unmet failing", "front sign: expected 20348.1->20348.4405", "back sign: unmet 26100.1->26100.1",
			},
			"", false, "",
		},
		"not observed now": {
			[]string{of2022}, doors(" sign=20348.1"), doors("error: timed out"), []string{"unknown"}, "", false, "",
		},
		"seen in part, without the reading": {
			[]string{of2022},
			doors(" state=open", " sign=20348.1"), doors("error: no sign", " state=open"),
			[]string{"unknown"},
			"", false, "it may be there",
		},
		"seen in part, with the reading": {
			[]string{of2022},
			doors(" state=open", " sign=20348.1"), doors("error: no state", " sign=20348.1"),
			[]string{"unmet failing", "sign: unmet 20348.1->20348.1"},
			"", false, "",
		},
		"for other hosts": {
			[]string{of2022 + " on web*"},
			doors(" sign=20348.1"), doors(" sign=20348.1"),
			[]string{"passed"},
			"door.sign where it was 20348.* on web*", false, "",
		},
		"for this host": {
			[]string{">= 20348.4405 on h"},
			doors(" sign=20348.1"), doors(" sign=20348.1"),
			[]string{"unmet failing", "sign: unmet 20348.1->20348.1"},
			"", false, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			planning := runner.NewPlanning(musts(t, tt.musts...))
			c := check(t)
			if tt.before.Checks == nil || tt.before.Checks[0].Error != "" {
				c = check(t, "*state=open") // or else all is unknown
			}
			v := runner.Visit{Host: suites.Host{Name: "h", Checks: []*suites.Check{c}}, Seen: tt.now}
			h := runner.Judge(v, &tt.before, planning)
			if d := cmp.Diff(tt.want, told(h.Checks[0])); d != "" {
				t.Errorf("outcome, %s (-want +got):\n%s", tt.why, d)
			}
			idle := strings.Join(planning.Idle(), "; ")
			if got, _ := strings.CutPrefix(idle, "the plan's must_change is for no host of this run at "); got != tt.idle {
				t.Errorf("idle: %q, want %q", got, tt.idle)
			}
			if _, nowhere := planning.Nowhere(); nowhere != tt.nowhere {
				t.Errorf("nowhere: %v, want %v", nowhere, tt.nowhere)
			}
		})
	}
}

// What is for no host of the run is no fault, what no host could show is one.
func TestNowhereAndIdle(t *testing.T) {
	p := musts(t, of2022, ">= 20348.4405 on web*", of2025)
	p.Must[2].Pattern.Kind = "window"
	planning := runner.NewPlanning(p)
	before := doors(" sign=9600.1")
	v := runner.Visit{Host: suites.Host{Name: "h", Checks: []*suites.Check{check(t)}}, Seen: doors(" sign=9600.1")}
	runner.Judge(v, &before, planning)
	nowhere, _ := planning.Nowhere()
	if len(nowhere.Checks) != 1 || nowhere.Checks[0].ID != "window.sign" {
		t.Errorf("nowhere: %+v", nowhere.Checks)
	}
	want := []string{
		"the plan's must_change is for no host of this run at door.sign where it was 20348.*, door.sign on web*",
	}
	if d := cmp.Diff(want, planning.Idle()); d != "" {
		t.Errorf("idle (-want +got):\n%s", d)
	}
}

func TestWhyNobodyKnowsWhetherItIsWanted(t *testing.T) {
	before := doors("error: timed out")
	for now, want := range map[string]string{
		" sign=26100.1": "the plan's must_change of door.sign goes by what it was, and the baseline does not say; " +
			"now it is 26100.1",
		" state=open": "the plan's must_change of door.sign goes by what it was, and neither the baseline nor the host " +
			"now says",
	} {
		got := judge(check(t, "*state=open"), &before, doors(" state=open", now), musts(t, of2022)).Checks[0]
		if now == " state=open" {
			got = judge(check(t, "*state=open"), &before, doors(now), musts(t, of2022)).Checks[0]
		}
		if got.Error != want {
			t.Errorf("%s: %q", now, got.Error)
		}
	}
}

// Whether another change takes a reading over goes by the changes of that reading, and
// what was stored in another type tells nothing.
func TestWhatSaysForWhomAChangeIs(t *testing.T) {
	p := musts(t, of2022, of2025)
	p.Must[1].Pattern.Reading = "colour"
	before := doors("error: timed out")
	now := doors(" state=open", " sign=26100.1", " colour=26100.7171")
	got := judge(check(t, "*state=open"), &before, now, p).Checks[0]
	if got.Outcome != report.Unknown {
		t.Errorf("a change of another reading: %v", told(got))
	}
	before = doors(" state=open", " sign=20348.1")
	before.Readings[0].Value = fact.SetOf("20348.1")
	if before.Readings[0].Key.Name != "sign" {
		t.Fatal("the sign is not first")
	}
	got = judge(check(t, "*state=open"), &before, doors(" state=open", " sign=26100.1"), musts(t, of2022)).Checks[0]
	if got.Outcome != report.Unknown {
		t.Errorf("a baseline of another type: %v", told(got))
	}
}

// The words of a wanted change, on the days around the end of its time.
func TestWantedInWords(t *testing.T) {
	tuesday := time.Date(2026, 11, 10, 0, 0, 0, 0, time.UTC)
	update := suites.Update{KB: "KB5068787", Severity: "critical", Released: tuesday, Within: 72 * time.Hour}
	known := "KB5068787, critical, released 2026-11-10, "
	for name, tt := range map[string]struct {
		update suites.Update
		reason string
		now    string
		at     time.Time
		want   string
	}{
		"nothing is known":  {now: "20348.1"},
		"a reason alone":    {reason: "the fix", now: "20348.1", want: " (the fix)"},
		"a KB alone":        {update: suites.Update{KB: "KB5068787"}, now: "20348.1", want: ": KB5068787"},
		"no time is set":    {update: suites.Update{KB: "KB1", Released: tuesday}, now: "20348.1", want: ": KB1, released 2026-11-10"},
		"overdue":           {update, "", "20348.1", tuesday.Add(86 * time.Hour), ": " + known + "due by 2026-11-13: overdue since 14 h"},
		"overdue for days":  {update, "", "20348.1", tuesday.Add(146 * time.Hour), ": " + known + "due by 2026-11-13: overdue since 3 d 2 h"},
		"overdue for weeks": {update, "", "20348.1", tuesday.AddDate(0, 0, 24), ": " + known + "due by 2026-11-13: overdue since 21 d"},
		"at the moment":     {update, "", "20348.1", tuesday.Add(72 * time.Hour), ": " + known + "due by 2026-11-13: overdue since 0 min"},
		"a moment before":   {update, "", "20348.1", tuesday.Add(71*time.Hour + time.Minute), ": " + known + "due by 2026-11-13: 59 min left"},
		"a day before":      {update, "", "20348.1", tuesday.Add(48 * time.Hour), ": " + known + "due by 2026-11-13: 24 h left"},
		"nobody knows when": {update, "", "20348.1", time.Time{}, ": " + known + "due by 2026-11-13"},
		"on in time":        {update, "the fix", "20348.4405", tuesday.Add(time.Hour), ": " + known + "due by 2026-11-13: in time (the fix)"},
		"on after its time": {update, "", "20348.4405", tuesday.AddDate(0, 0, 4), ": " + known + "due by 2026-11-13"},
		"within hours": {
			suites.Update{Released: tuesday, Within: 36 * time.Hour},
			"", "20348.1", tuesday.Add(35 * time.Hour),
			": released 2026-11-10, due by 2026-11-11 12:00Z: 1 h left",
		},
	} {
		p := musts(t, of2022)
		p.Must[0].Update, p.Must[0].Reason = tt.update, tt.reason
		before := doors(" sign=20348.0")
		v := runner.Visit{
			Host: suites.Host{Name: "h", Checks: []*suites.Check{check(t)}}, Seen: doors(" sign=" + tt.now), Started: tt.at,
		}
		got := runner.Judge(v, &before, runner.NewPlanning(p)).Checks[0].Findings[0]
		if want := "the plan wants >= 20348.4405 within 20348.*" + tt.want; got.Wanted != want {
			t.Errorf("%s:\n got %q\nwant %q", name, got.Wanted, want)
		}
		if unmet := got.Outcome == report.Unmet; unmet == (tt.now == "20348.4405") {
			t.Errorf("%s: %s", name, got.Outcome)
		}
	}
}
