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
	return runner.ProofOf(before.host(), now.host(), []suites.Check{check(t)})
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

func proofsOfOneStart() map[string]proofCase {
	up := healthy()
	return map[string]proofCase{
		"rebooted": {
			up,
			look{at: 3 * hour, boot: 2 * hour, log: "-336h planned; 2h by an update"},
			report.Rebooted, 1,
			"rebooted: " + stamp("2h") + " by an update", "the log has one start more, and the uptime is short",
		},
		"not rebooted": {
			up,
			look{at: 3 * hour, boot: up.boot, log: up.log},
			report.NotRebooted, 0,
			"answers, and has not rebooted since the baseline: running for 14 d 3 h", "nothing has changed",
		},
		"looked at again at once": {
			up, look{at: time.Second, boot: up.boot, log: up.log}, report.NotRebooted, 0, "", "capture and verify side by side",
		},
		"rebooted, WMI alone": {
			look{boot: up.boot, log: "-"},
			look{at: 3 * hour, boot: 2 * hour, log: "-"},
			report.Rebooted, 0,
			"by its uptime of 1 h 0 min; its log was not read", "it has been running for less than since the baseline",
		},
		"not rebooted, WMI alone": {
			look{boot: up.boot, log: "-"},
			look{at: 3 * hour, boot: up.boot, log: "-"},
			report.NotRebooted, 0, "",
			"it has been running for longer than since the baseline",
		},
		"rebooted days ago, WMI alone": {
			look{boot: -hour, log: "-"},
			look{at: 96 * hour, boot: 24 * hour, log: "-"},
			report.Rebooted, 0, "",
			"it has been running for longer than at the baseline, and still for less than since",
		},
		"the baseline's log was not read": {
			look{boot: up.boot, log: "-"},
			look{at: 3 * hour, boot: 2 * hour, log: "-336h planned; 2h by an update"},
			report.Rebooted, 0, "its log was not read at the baseline", "the uptime proves it, the log knows no before",
		},
		"the log is out of reach now": {
			up, look{at: 3 * hour, boot: 2 * hour, log: "-"}, report.Rebooted, 0, "its log was not read", "the uptime proves it",
		},
		"the start before is older than the log is asked for": {
			look{boot: -2 * month, log: ""},
			look{at: 3 * hour, boot: 2 * hour, log: "2h by an update"},
			report.Rebooted, 1, "",
			"a host that is patched each month has no start in 30 days",
		},
		"nothing in 30 days, and not rebooted": {
			look{boot: -2 * month, log: ""},
			look{at: 3 * hour, boot: -2 * month, log: ""},
			report.NotRebooted, 0, "",
			"the uptime tells where the log cannot",
		},
		"the start before has aged out of the log since": {
			look{boot: -29 * 24 * hour, log: "-696h planned"},
			look{at: 48 * hour, boot: 47 * hour, log: "47h by an update"},
			report.Rebooted, 1, "", "nobody has cleared the log",
		},
		"aged out, and not rebooted": {
			look{boot: -29 * 24 * hour, log: "-696h planned"},
			look{at: 48 * hour, boot: -29 * 24 * hour, log: ""},
			report.NotRebooted, 0, "", "by the uptime",
		},
		"aged out, and no clock to hold it against": {
			look{boot: -29 * 24 * hour, log: "-696h planned"},
			look{at: 48 * hour, boot: -29 * 24 * hour, log: "", lacks: "late"},
			report.RebootUnknown, 0, "does not reach back",
			"an empty log is none that has nothing since",
		},
		"the oldest starts have aged out": {
			look{boot: -24 * hour, log: "-700h planned; -24h planned"},
			look{at: 48 * hour, boot: 47 * hour, log: "-24h planned; 47h by an update"},
			report.Rebooted, 1, "",
			"a log that has what was last is whole",
		},
		"within the tolerance of the baseline's own boot": {
			look{boot: -minute, log: "-1m planned"},
			look{at: 3 * minute, boot: 50 * time.Second, log: "-1m planned; 50s by hand"},
			report.Rebooted, 1, "", "the boot times are less than two minutes apart; the log has two starts",
		},
		"within the tolerance, WMI alone": {
			look{boot: -minute, log: "-"},
			look{at: 3 * minute, boot: 90 * time.Second, log: "-"},
			report.RebootUnknown, 0,
			"about as long as since the baseline", "nothing but the log could tell",
		},
		"captured at its boot, not rebooted, WMI alone": {
			look{boot: -minute, log: "-"},
			look{at: 3 * hour, boot: -minute, log: "-"},
			report.RebootUnknown, 0, "",
			"it might have rebooted just after the baseline",
		},
		"captured at its boot, not rebooted": {
			look{boot: -minute, log: "-1m planned"},
			look{at: 3 * hour, boot: -minute, log: "-1m planned"},
			report.NotRebooted, 0, "", "the log has no other start",
		},
		"rebooted before the window": {
			up,
			look{at: 8 * 24 * hour, boot: 24 * hour, log: "-336h planned; 24h by hand"},
			report.Rebooted, 1,
			"rebooted: " + stamp("24h") + " by hand", "it has rebooted since the baseline, and the words say when and by whom",
		},
	}
}

func proofsOfMany() map[string]proofCase {
	up := healthy()
	return map[string]proofCase{
		"twice": {
			up,
			look{at: 3 * hour, boot: 2 * hour, log: "-336h planned; 1h by an update; 2h by an update"},
			report.Rebooted, 2,
			"rebooted twice: " + stamp("1h") + " by an update, " + stamp("2h") + " by an update", "some updates need two",
		},
		"three times": {
			up,
			look{at: 3 * hour, boot: 2 * hour, log: "-336h planned; 1h a; 90m lsass.exe died; 2h lsass.exe died"},
			report.Rebooted, 3, "rebooted 3 times: ", "a host that starts again and again",
		},
		"again and again": {
			up,
			look{at: 3 * hour, boot: 2 * hour, log: "-336h p; 10m a; 20m a; 30m a; 40m a; 50m a; 1h a; 2h a"},
			report.Rebooted, 7, "2 more", "the first and the last ones are told",
		},
		"twice, and the log lost the baseline's start": {
			up,
			look{at: 4 * hour, boot: 3 * hour, log: "2h a; 3h b"},
			report.Rebooted, 0,
			"rebooted at least 2 times: " + stamp("2h") + " a, " + stamp("3h") + " b; its log has lost",
			"a log that was cleared may have had more",
		},
		"a reason that became known later": {
			look{boot: -hour, log: "-1h for a reason that is not logged"},
			look{at: 3 * hour, boot: -hour, log: "-1h after a power loss"},
			report.NotRebooted, 0, "",
			"a start is its time, whatever is said of why",
		},
		"still configuring": {
			up,
			look{at: 3 * hour, boot: 2 * hour, log: "-336h planned; 2h u", also: "paint=the frame"},
			report.RebootConfiguring, 1,
			"it is still configuring updates: the frame", "it answers, and is not what it will be",
		},
		"at it already at the baseline": {
			look{boot: up.boot, log: up.log, also: "paint=the frame"},
			look{at: 3 * hour, boot: 2 * hour, log: "-336h planned; 2h u", also: "paint=the frame"},
			report.Rebooted, 1, "",
			"a sign that is stuck is none of this reboot",
		},
		"done with it": {
			up, look{at: 3 * hour, boot: 2 * hour, log: "-336h planned; 2h u", also: "paint="}, report.Rebooted, 1, "", "",
		},
		"configuring, and not rebooted": {
			up,
			look{at: 3 * hour, boot: up.boot, log: up.log, also: "paint=the frame"},
			report.NotRebooted, 0, "",
			"the work before the reboot is no reboot",
		},
		"waits for another reboot": {
			up,
			look{at: 3 * hour, boot: 2 * hour, log: "-336h planned; 2h u", also: "worn=true"},
			report.Rebooted, 1,
			"it waits for another reboot: worn", "rebooted before the patch was on, or the patch needs two",
		},
		"waited for one at the baseline": {
			look{boot: up.boot, log: up.log, also: "worn=true"},
			look{at: 3 * hour, boot: 2 * hour, log: "-336h planned; 2h u", also: "worn=true"},
			report.Rebooted, 1,
			"rebooted: " + stamp("2h") + " u", "it is pre-existing",
		},
	}
}

func proofsWithClocks() map[string]proofCase {
	up := healthy()
	return map[string]proofCase{
		"set forward by an hour": {
			up,
			look{at: 3 * hour, boot: up.boot, ahead: hour, log: up.log},
			report.NotRebooted, 0,
			"its clock was set by +1 h 0 min", "the boot time has moved, and nothing else",
		},
		"set forward by an hour, WMI alone": {
			look{boot: up.boot, log: "-"}, look{at: 3 * hour, boot: up.boot, ahead: hour, log: "-"}, report.NotRebooted, 0, "", "",
		},
		"was an hour behind at the baseline": {
			look{boot: up.boot, ahead: -hour, log: "-337h planned"},
			look{at: 3 * hour, boot: up.boot, log: "-337h planned"},
			report.NotRebooted, 0, "", "the boot time is an hour later",
		},
		"set back by an hour": {
			up,
			look{at: 3 * hour, boot: up.boot, ahead: -hour, log: up.log},
			report.NotRebooted, 0,
			"its clock was set by -1 h 0 min", "an earlier boot time is no snapshot where the clock tells why",
		},
		"set back by an hour, and rebooted": {
			look{boot: -30 * minute, log: "-30m planned"},
			look{at: 3 * hour, boot: 10 * minute, ahead: -hour, log: "-30m planned; -50m by hand"},
			report.RebootUnknown, 0,
			"older than those of the baseline", "a start that the log has at an earlier time is not told from an old one",
		},
		"set back, rebooted, and the log reaches back": {
			look{boot: -30 * minute, log: "-336h planned; -30m planned"},
			look{at: 3 * hour, boot: 10 * minute, ahead: -hour, log: "-336h planned; -30m planned; -50m by hand"},
			report.Rebooted, 1, "by hand", "a clock that is set back does not hide a start",
		},
		"set back by an hour, rebooted, WMI alone": {
			look{boot: up.boot, log: "-"}, look{at: 5 * hour, boot: 4 * hour, ahead: -hour, log: "-"}, report.Rebooted, 0, "", "",
		},
		"set back so far that nothing is certain, WMI alone": {
			look{boot: up.boot, log: "-"},
			look{at: 5 * hour, boot: 4 * hour, ahead: -5 * hour, log: "-"},
			report.RebootUnknown, 0, "",
			"the time between may have been nothing",
		},
		"set forward, captured shortly after a boot, WMI alone": {
			look{boot: -hour, log: "-"},
			look{at: 3 * hour, boot: -hour, ahead: 2 * hour, log: "-"},
			report.RebootUnknown, 0, "",
			"it has been running for less than may have passed",
		},
		"an old start comes into sight by a clock that is set back": {
			look{boot: -2 * month, log: ""},
			look{at: 3 * hour, boot: -2 * month, ahead: -31 * 24 * hour, log: "-1440h planned"},
			report.NotRebooted, 0,
			"its clock was set by -31 d 0 h", "it is no start since",
		},
		"both clocks are wrong, and the runner's too": {
			up,
			look{at: 3 * hour, boot: up.boot, stood: -2 * hour, log: up.log},
			report.RebootUnknown, 0, "only 3 h",
			"it has been running for longer than time has passed",
		},
		"paused for two hours": {
			up,
			look{at: 3 * hour, boot: up.boot, stood: 2 * hour, log: up.log},
			report.NotRebooted, 0, "",
			"the boot time moves along with the clock that is set after it",
		},
		"paused for two hours, WMI alone": {
			look{boot: up.boot, log: "-"},
			look{at: 3 * hour, boot: up.boot, stood: 2 * hour, log: "-"},
			report.NotRebooted, 0, "", "it has been running for longer than since the baseline all the same",
		},
		"paused for longer than it had been running": {
			look{boot: -hour, log: "-1h planned"},
			look{at: 5 * hour, boot: -hour, stood: 4 * hour, log: "-1h planned"},
			report.RebootUnknown, 0, "was it paused?", "by its uptime it has rebooted, by its log it has not",
		},
	}
}

func proofsThatAreNone() map[string]proofCase {
	up := healthy()
	rebooted := look{at: 3 * hour, boot: 2 * hour, log: "-336h planned; 2h by an update"}
	lacking := func(l look, what string) look { l.lacks = what; return l }
	with := func(l look, log string) look { l.log = log; return l }
	return map[string]proofCase{
		"no boot time now": {up, lacking(rebooted, "built"), report.RebootUnknown, 0, "no boot time was observed now", ""},
		"no boot time at the baseline": {
			lacking(up, "built"), rebooted, report.RebootUnknown, 0, "no boot time was observed at the baseline", "",
		},
		"no uptime now":             {up, lacking(rebooted, "age"), report.RebootUnknown, 0, "no uptime was observed now", ""},
		"no uptime at the baseline": {lacking(up, "age"), rebooted, report.RebootUnknown, 0, "no uptime", ""},
		"a boot time alone": {
			lacking(up, "age late rebuilt"), lacking(rebooted, "age late rebuilt"), report.RebootUnknown, 0, "",
			"whoever sets the clock moves it",
		},
		"no clock to hold it against, WMI alone": {
			with(up, "-"), lacking(with(rebooted, "-"), "late"), report.RebootUnknown, 0, "held its clock",
			"a snapshot of which the clock was set looks the same",
		},
		"no clock to hold it against, and a log": {
			up, lacking(rebooted, "late"), report.Rebooted, 1, "", "the log is exact, and the uptime has fallen",
		},
		"a log with a start that has no time": {
			up, with(rebooted, "-336h planned; 2h u, yesterday"), report.Rebooted, 0, "without a time",
			"the log tells nothing, the uptime does",
		},
		"the log was cleared, and it has not rebooted": {
			up, look{at: 3 * hour, boot: up.boot, log: ""}, report.NotRebooted, 0, "", "by the uptime, not by the log",
		},
		"the log was cleared, and it has rebooted": {
			up, with(rebooted, ""), report.RebootUnknown, 0, "its log has no start of",
			"a log without the start that is running tells of a snapshot",
		},
		"the log was cleared, and has a start": {
			up, with(rebooted, "2h by an update"), report.Rebooted, 0, "its log has lost the start of", "by the uptime",
		},
		"cleared, and captured at its boot": {
			look{boot: -minute, log: "-1m planned"},
			look{at: 3 * hour, boot: -minute, log: ""},
			report.RebootUnknown, 0, "",
			"neither the log nor the uptime can tell",
		},
		"a start in the log, and running on": {
			up,
			look{at: 3 * hour, boot: up.boot, log: "-336h planned; 1h odd"},
			report.RebootUnknown, 0,
			"and yet it has been running for 14 d 3 h", "they contradict each other",
		},
		"the start is not in the log yet": {
			up, with(rebooted, "-336h planned"), report.RebootUnknown, 0, "its log has no start since", "asked too early, or put back",
		},
		"put back to a snapshot of the same night": {
			up,
			look{at: 3 * hour, boot: up.boot, stood: 4 * hour, log: up.log},
			report.RebootUnknown, 0,
			"was it put back to a snapshot, or restored?", "it runs on from an hour before the baseline",
		},
		"put back to a snapshot, WMI alone": {
			with(up, "-"),
			look{at: 3 * hour, boot: up.boot, stood: 4 * hour, log: "-"},
			report.RebootUnknown, 0,
			"was it put back to a snapshot, or restored?", "its boot time is later: the clock was set",
		},
		"put back by months": {
			up,
			look{at: 3 * hour, boot: -3 * month, log: "-3000h planned"},
			report.RebootUnknown, 0,
			"earlier than at the baseline", "it runs from before the start that the baseline knows",
		},
		"put back to a snapshot of a fresh start": {
			up,
			look{at: 5 * hour, boot: 5*hour - 10*minute, log: "-900h planned"},
			report.RebootUnknown, 0,
			"its log has no start of", "with the clock set it looks like a reboot",
		},
		"a boot time ahead of the clock, WMI alone": {
			with(up, "-"), look{at: 3 * hour, boot: 4 * hour, log: "-"}, report.RebootUnknown, 0, "ahead of its clock", "",
		},
		"the baseline lies ahead, WMI alone": {
			with(up, "-"), look{at: -48 * hour, boot: up.boot, log: "-"}, report.RebootUnknown, 0, "", "",
		},
		"another machine": {
			look{boot: up.boot, log: up.log, id: "a"},
			look{at: 3 * hour, boot: 2 * hour, log: "-336h p; 2h u", id: "b"},
			report.AnotherMachine, 0, "another machine answers: the baseline is of a, now it is b", "its reboots are not this one's",
		},
		"a machine that does not say which": {
			look{boot: up.boot, log: up.log, id: "a"}, rebooted, report.RebootUnknown, 0, "does not say which it is", "",
		},
	}
}

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
	other.Kind.Readings = slices.DeleteFunc(slices.Clone(other.Kind.Readings), func(r probes.ReadingSpec) bool { return r.Role != 0 })
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
	if h := judge(check(t), &before, stranger, nil); h.Reboot.State != report.AnotherMachine || h.Reboot.Words != h.Problem {
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
	if p := runner.ProofOf(before, now, []suites.Check{check(t)}); p.State != report.RebootUnknown {
		t.Errorf("texts in place of times: %s, %s", p.State, p.Words)
	}
}
