package runner_test

import (
	"time"

	"postpatch/runner/report"
)

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
			look{boot: up.boot, log: "-"},
			look{at: 3 * hour, boot: up.boot, ahead: hour, log: "-"},
			report.NotRebooted, 0,
			"", "",
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
			look{boot: up.boot, log: "-"},
			look{at: 5 * hour, boot: 4 * hour, ahead: -hour, log: "-"},
			report.Rebooted, 0,
			"", "",
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
			up, with(rebooted, "-336h planned"), report.RebootUnknown, 0, "its log has no start since",
			"asked too early, or put back",
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
			report.AnotherMachine, 0, "another machine answers: the baseline is of a, now it is b",
			"its reboots are not this one's",
		},
		"a machine that does not say which": {
			look{boot: up.boot, log: up.log, id: "a"}, rebooted, report.RebootUnknown, 0, "does not say which it is", "",
		},
	}
}
