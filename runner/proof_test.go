package runner_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/baseline"
	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/runner"
	"postpatch/runner/report"
	"postpatch/suites"
)

// look is what a host tells when it is looked at. Times are from when the baseline was
// taken.
type look struct {
	at    time.Duration // when
	boot  time.Duration // when Windows was really started
	ahead time.Duration // how far the host's clock is ahead of the runner's
	stood time.Duration // for how long the machine was paused since its start
	// log has the starts, by the host's clock of then: "-720h planned; 3h by hand";
	// "-" is a log that was not read.
	log   string
	lacks string // names of readings that are missing
	also  string // further readings: "paint=frame; worn=true"
	id    string // machine
}

// taken is when all baselines of these tests were taken.
func taken() time.Time { return time.Date(2026, 11, 20, 1, 0, 0, 0, time.UTC) }

// stamp is a time from then, as a log has it.
func stamp(text string) string {
	d, err := time.ParseDuration(text)
	if err != nil {
		panic(err)
	}
	return taken().Add(d).Format(time.RFC3339)
}

func (l look) host() baseline.Host {
	lines := []string{
		" built=" + taken().Add(l.boot+l.ahead+l.stood).Format(time.RFC3339),
		" age=" + (l.at - l.boot - l.stood).String(), " late=" + l.ahead.Abs().String(),
	}
	if l.log != "-" {
		var starts []string
		for one := range strings.SplitSeq(l.log, ";") {
			if at, why, found := strings.Cut(strings.TrimSpace(one), " "); found {
				starts = append(starts, stamp(at)+" "+why)
			}
		}
		lines = append(lines, " rebuilt="+strings.Join(starts, ", "))
	}
	for one := range strings.SplitSeq(l.also, ";") {
		if one = strings.TrimSpace(one); one != "" {
			lines = append(lines, " "+one)
		}
	}
	lines = slices.DeleteFunc(lines, func(line string) bool {
		name, _, _ := strings.Cut(strings.TrimSpace(line), "=")
		return slices.Contains(strings.Fields(l.lacks), name)
	})
	h := doors(lines...)
	h.Identity = l.id
	return h
}

func proofOf(t *testing.T, before, now look) runner.Proof {
	t.Helper()
	return runner.ProofOf(before.host(), now.host(), []*suites.Check{check(t)})
}

const (
	month  = 30 * 24 * time.Hour
	minute = time.Minute
	hour   = time.Hour
)

type proofCase struct {
	before, now look
	want        report.RebootState
	times       int
	words       string // a part of them
	why         string
}

// healthy is a host that has been running for a fortnight.
func healthy() look { return look{boot: -14 * 24 * hour, log: "-336h planned"} }

func TestProofs(t *testing.T) {
	cases := 0
	for _, group := range []map[string]proofCase{
		proofsOfOneStart(), proofsOfMany(), proofsWithClocks(), proofsThatAreNone(),
	} {
		for name, tt := range group {
			cases++
			t.Run(name, func(t *testing.T) {
				p := proofOf(t, tt.before, tt.now)
				if p.State != tt.want || p.Times != tt.times || !strings.Contains(p.Words, tt.words) {
					t.Errorf("got %s, %d times: %s\nwant %s, %d times, %q in it, since %s",
						p.State, p.Times, p.Words, tt.want, tt.times, tt.words, tt.why)
				}
			})
		}
	}
	if cases < 60 {
		t.Errorf("%d cases", cases)
	}
}

// What the plan says of a reboot is met or unmet by a proof, and by nothing else.
func TestThePlanWantsAProof(t *testing.T) {
	up := healthy()
	done := look{at: 3 * hour, boot: 2 * hour, log: "-336h planned; 2h u"}
	for name, tt := range map[string]struct {
		now                          look
		required, forbidden, allowed report.Outcome
	}{
		"rebooted":     {done, report.Passed, report.Unmet, report.Passed},
		"not rebooted": {look{at: 3 * hour, boot: up.boot, log: up.log}, report.Unmet, report.Passed, report.Passed},
		"cannot be told": {
			look{at: 3 * hour, boot: 2 * hour, log: "-", lacks: "age"}, report.Unknown, report.Unknown, report.Passed,
		},
		"still configuring": {
			look{at: 3 * hour, boot: 2 * hour, log: done.log, also: "paint=frame"}, report.Unknown, report.Unmet, report.Passed,
		},
		"restored": {
			look{at: 3 * hour, boot: up.boot, stood: 4 * hour, log: up.log}, report.Unknown, report.Unknown, report.Passed,
		},
		"twice": {
			look{at: 3 * hour, boot: 2 * hour, log: "-336h planned; 1h u; 2h u"}, report.Drifted, report.Unmet, report.Drifted,
		},
	} {
		t.Run(name, func(t *testing.T) {
			before := up.host()
			got := map[suites.Reboot]report.Outcome{}
			for _, reboot := range []suites.Reboot{suites.RebootRequired, suites.RebootForbidden, suites.RebootAllowed} {
				h := judge(check(t), &before, tt.now.host(), &suites.Plan{Name: "p", Reboot: reboot})
				got[reboot] = h.Outcome
				if (h.Rebooted != nil) != h.Reboot.State.Done() || h.RebootKnown != h.Reboot.State.Known() {
					t.Errorf("%s: rebooted %v, known %v: %+v", reboot, h.Rebooted, h.RebootKnown, h.Reboot)
				}
			}
			want := map[suites.Reboot]report.Outcome{
				suites.RebootRequired: tt.required, suites.RebootForbidden: tt.forbidden, suites.RebootAllowed: tt.allowed,
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("outcome (-want +got):\n%s", d)
			}
		})
	}
}

// What nobody asks for is no news where the plan does not want it.
func TestNobodyAsksForTheBootTime(t *testing.T) {
	before := doors(" state=open")
	other := check(t)
	hasRole := func(r probes.ReadingSpec) bool { return r.Role != probes.NoRole }
	other.Kind.Readings = slices.DeleteFunc(slices.Clone(other.Kind.Readings), hasRole)
	h := judge(other, &before, before, &suites.Plan{Name: "p", Reboot: suites.RebootAllowed})
	if h.Reboot.State != "" || h.Outcome != report.Passed {
		t.Errorf("allowed: %s, %+v", h.Outcome, h.Reboot)
	}
	h = judge(other, &before, before, &suites.Plan{Name: "p", Reboot: suites.RebootRequired})
	if h.Outcome != report.Unknown || !strings.Contains(h.Checks[1].Error, "add `- os: {}`") {
		t.Errorf("required: %s, %+v", h.Outcome, h.Checks)
	}
}

// The reader of a report is told what is not as usual, and by which machine.
func TestWhatTheReaderIsToldOfAReboot(t *testing.T) {
	up := healthy()
	before := up.host()
	for name, tt := range map[string]struct {
		now  look
		want string
	}{
		"restored":    {look{at: 3 * hour, boot: up.boot, stood: 4 * hour, log: up.log}, "h was perhaps put back to a snapshot"},
		"configuring": {look{at: 3 * hour, boot: 2 * hour, log: "-336h planned; 2h u", also: "paint=frame"}, "h is still configuring"},
		"rebooted":    {look{at: 3 * hour, boot: 2 * hour, log: "-336h planned; 2h u"}, ""},
	} {
		h := judge(check(t), &before, tt.now.host(), nil)
		if got := strings.Join(h.Notes, "\n"); !strings.HasPrefix(got, tt.want) || got == "" != (tt.want == "") {
			t.Errorf("%s: %q", name, got)
		}
	}
	stranger := look{at: 3 * hour, boot: 2 * hour, log: "-", id: "b"}.host()
	before.Identity = "a"
	h := judge(check(t), &before, stranger, nil)
	if h.Reboot.State != report.AnotherMachine || h.Reboot.Words != h.Problem {
		t.Errorf("another machine: %+v", h.Reboot)
	}
}

// readings without a value that a probe gives are not taken for another.
func TestDamagedReadingsAreMissing(t *testing.T) {
	before := healthy().host()
	now := look{at: 3 * hour, boot: 2 * hour, log: "-336h planned; 2h u"}.host()
	for i, r := range now.Readings {
		now.Readings[i].Value = fact.Text(r.Value.String())
	}
	if p := runner.ProofOf(before, now, []*suites.Check{check(t)}); p.State != report.RebootUnknown {
		t.Errorf("texts in place of times: %s, %s", p.State, p.Words)
	}
}
