package os_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/os"
	"postpatch/probes/probetest"
	"postpatch/runner/runnertest"
)

const (
	recorded  = "sql01.json"
	installer = `C:\Windows\servicing\TrustedInstaller.exe (SQL01)`
	wininit   = `C:\Windows\system32\wininit.exe (SQL01)`
	lsass     = `Der Systemprozess "C:\Windows\system32\lsass.exe" wurde mit dem Statuscode -1073741819 beendet.`
)

// at is an event at a time of 23 November; columns come in pairs.
func at(clock string, id int, columns ...string) host.Row {
	return probetest.Row(append([]string{"Id", fmt.Sprint(id), "Time", "2026-11-23T" + clock + ".5Z"}, columns...)...)
}

// update is a restart that an update asked for.
func update(clock string) host.Row {
	return at(clock, 1074, "Process", installer, "Reason", "0x80020010")
}

// death is a restart since lsass.exe has died.
func death(clock string) host.Row {
	return at(clock, 1074, "Process", wininit, "Reason", "0x50006", "Text", lsass)
}

// seen observes the recorded host with events of its own.
func seen(t *testing.T, rows ...host.Row) runnertest.Seen {
	t.Helper()
	r := probetest.Load(t, os.Kind, recorded, nil)
	*r.Answer(probetest.Questions(t, os.Kind, nil)[3].String()) = host.Answer{Rows: rows}
	return runnertest.See(r, nil)
}

// texts returns the readings with the names, "name=value".
func texts(s runnertest.Seen, names ...string) []string {
	var got []string
	for _, name := range names {
		for _, r := range s.Readings {
			if r.Key.Name == name {
				got = append(got, name+"="+r.Value.String())
			}
		}
	}
	return got
}

func TestWhyItWasStarted(t *testing.T) {
	for name, tt := range map[string]struct {
		rows                    []host.Row
		boots, crashes, unclean string
	}{
		"by an update": {
			[]host.Row{at("02:05:00", 12), at("02:04:10", 13), update("02:04:00")},
			"2026-11-23T02:05:00Z restart by TrustedInstaller.exe, planned", "", "",
		},
		"by somebody, in any order": {
			[]host.Row{at("02:04:00", 1074, "Process", `C:\Windows\Explorer.EXE (SQL01)`, "Reason", "0x5"), at("02:05:00", 12)},
			"2026-11-23T02:05:00Z restart by Explorer.EXE, unplanned", "", "",
		},
		"by somebody who is known": {
			[]host.Row{
				at("02:04:00", 1074, "Process", "shutdown.exe (SQL01)", "Reason", "0x800000ff", "User", "CORP\\j.doe\x1b[2J"),
				at("02:05:00", 12),
			},
			"2026-11-23T02:05:00Z restart by shutdown.exe for j.doe[2J, planned", "", "",
		},
		"a remote shutdown goes through wininit": {
			[]host.Row{at("02:04:00", 1074, "Process", wininit, "Reason", "0x800000ff"), at("02:05:00", 12)},
			"2026-11-23T02:05:00Z restart by wininit.exe, planned", "", "",
		},
		"a process died, in German": {
			[]host.Row{death("02:04:00"), at("02:05:00", 12)},
			"2026-11-23T02:05:00Z restart by wininit.exe, lsass.exe died with 0xc0000005",
			"2026-11-23T02:04:00Z lsass.exe died with 0xc0000005", "",
		},
		"a process died, without a text": {
			[]host.Row{at("02:04:00", 1074, "Process", wininit, "Reason", "0x50006"), at("02:05:00", 12)},
			"2026-11-23T02:05:00Z restart by wininit.exe, a critical process died",
			"2026-11-23T02:04:00Z a critical process died", "",
		},
		"a process died, and it has not restarted yet": {
			[]host.Row{at("02:04:00", 12), at("02:05:00", 1074, "Process", wininit, "Reason", "0x50006")},
			"2026-11-23T02:04:00Z for a reason that is not logged",
			"2026-11-23T02:05:00Z a critical process died", "",
		},
		"a clean shutdown that nobody asked for": {
			[]host.Row{at("02:04:00", 13), at("02:05:00", 12)}, "2026-11-23T02:05:00Z after a shutdown", "", "",
		},
		"a bugcheck, told twice": {
			[]host.Row{
				at("02:05:00", 12), at("02:05:09", 41, "Code", "159"), at("02:05:20", 6008),
				at("02:05:30", 1001, "Text", "0x0000009f (0x3, 0x0)"),
			},
			"2026-11-23T02:05:00Z after bugcheck 0x9f", "2026-11-23T02:05:00Z bugcheck 0x9f", "",
		},
		"a bugcheck that only the report knows": {
			[]host.Row{at("02:05:00", 12), at("02:05:09", 41, "Code", "0"), at("02:05:30", 1001, "Text", "0x0000009f (0x3)")},
			"2026-11-23T02:05:00Z after bugcheck 0x9f", "2026-11-23T02:05:00Z bugcheck 0x9f", "",
		},
		"a bugcheck without a code": {
			[]host.Row{at("02:05:00", 12), at("02:05:30", 1001)},
			"2026-11-23T02:05:00Z after bugcheck, its code is not known",
			"2026-11-23T02:05:00Z bugcheck, its code is not known", "",
		},
		"a bugcheck whose report has no code": {
			[]host.Row{at("02:05:00", 12), at("02:05:09", 41, "Code", "126"), at("02:05:30", 1001, "Text", "?")},
			"2026-11-23T02:05:00Z after bugcheck 0x7e", "2026-11-23T02:05:00Z bugcheck 0x7e", "",
		},
		"somebody asks for a restart for a failure": {
			[]host.Row{at("02:04:00", 1074, "Process", "shutdown.exe (SQL01)", "Reason", "0x50006"), at("02:05:00", 12)},
			"2026-11-23T02:05:00Z restart by shutdown.exe, unplanned", "", "",
		},
		"somebody plans a restart for a failure": {
			[]host.Row{at("02:04:00", 1074, "Process", wininit, "Reason", "0x80050006"), at("02:05:00", 12)},
			"2026-11-23T02:05:00Z restart by wininit.exe, planned", "", "",
		},
		"a power loss": {
			[]host.Row{at("02:05:00", 12), at("02:05:09", 41, "Code", "0"), at("02:05:20", 6008)},
			"2026-11-23T02:05:00Z after a power loss, reset or hang", "", "2026-11-23T02:05:00Z power loss, reset or hang",
		},
		"logged just before the start": {
			[]host.Row{at("02:05:00", 12), at("02:04:58", 41, "Code", "0")},
			"2026-11-23T02:05:00Z after a power loss, reset or hang", "", "2026-11-23T02:05:00Z power loss, reset or hang",
		},
		"a restart that hung": {
			[]host.Row{update("02:00:00"), at("02:05:00", 12), at("02:05:09", 41, "Code", "0")},
			"2026-11-23T02:05:00Z after a power loss, reset or hang", "", "2026-11-23T02:05:00Z power loss, reset or hang",
		},
		"again and again": {
			[]host.Row{
				at("02:05:00", 12), death("02:09:00"),
				at("02:10:00", 12), update("02:12:00"), at("02:13:00", 12),
			},
			"2026-11-23T02:05:00Z for a reason that is not logged, " +
				"2026-11-23T02:10:00Z restart by wininit.exe, lsass.exe died with 0xc0000005, " +
				"2026-11-23T02:13:00Z restart by TrustedInstaller.exe, planned",
			"2026-11-23T02:09:00Z lsass.exe died with 0xc0000005", "",
		},
		"what belongs to an older start": {
			[]host.Row{at("01:00:00", 41, "Code", "0"), at("02:04:00", 13), at("02:05:00", 12)},
			"2026-11-23T02:05:00Z after a shutdown", "", "",
		},
		"odd texts": {
			[]host.Row{
				at("02:04:00", 1074, "Process", "x\n\x1b[31m\xff"+strings.Repeat("y", 300), "Reason", "?"), at("02:05:00", 12),
			},
			"2026-11-23T02:05:00Z restart by x[31m" + strings.Repeat("y", 92) + ", unplanned", "", "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := seen(t, tt.rows...)
			if s.Err != nil {
				t.Fatal(s.Err)
			}
			want := []string{"boots=" + tt.boots, "crashes=" + tt.crashes, "unclean_boots=" + tt.unclean}
			if d := cmp.Diff(want, texts(s, "boots", "crashes", "unclean_boots")); d != "" {
				t.Errorf("readings (-want +got):\n%s", d)
			}
		})
	}
}

// What cannot be told of the starts is no "none", and everything else is there.
func TestUnknownStarts(t *testing.T) {
	many := make([]host.Row, 501)
	for i := range many {
		many[i] = at("02:05:00", 6008)
	}
	for name, rows := range map[string][]host.Row{
		"reading boots: the System log tells of no start, and Windows was started at 2026-11-23T02:05:00Z": {},
		"reading boots: the System log has more than 500 events of starts in 30 days":                      many,
		`reading boots: want a number, got "x"`:                                                            {{"Id": {Text: "x"}}},
		"reading boots: want a time, got \"\"":                                                             {{"Id": {Text: "12"}, "Time": {Null: true}}},
	} {
		s := seen(t, rows...)
		if s.Err == nil || s.Err.Error() != name {
			t.Errorf("error %v, want %s", s.Err, name)
		}
		if got := texts(s, "boots", "crashes", "unclean_boots", "edition"); len(got) != 1 {
			t.Errorf("%s: got %q, want the edition alone", name, got)
		}
	}
}

func TestOdd(t *testing.T) {
	readings, err := probetest.Load(t, os.Kind, "odd.json", nil).Observe(nil)
	if !errors.Is(err, host.ErrDenied) || !strings.Contains(err.Error(), "the EditionID") ||
		!strings.Contains(err.Error(), "boots: access denied: Zugriff verweigert") ||
		!strings.Contains(err.Error(), `the state of Secure Boot: the registry holds "ein"`) {
		t.Errorf("error %v", err)
	}
	want := []string{
		" boot_time=2026-11-23T02:05:00Z", " uptime=1h0m0s", " product=Microsoft Windows Server 2022 Standard",
		" name=SQL01 \"x\"", " install_type=Server", " build=20348.4405",
		" model=Standard-PC \"x\" Zeile zwei",
	}
	if d := cmp.Diff(want, probetest.Texts(readings)); d != "" {
		t.Errorf("readings (-want +got):\n%s", d)
	}
}

func TestClockSkew(t *testing.T) {
	asked := time.Date(2026, 11, 23, 3, 5, 0, 0, time.UTC) // the recorded host's own time
	for name, tt := range map[string]struct {
		from, until time.Duration // of asking, from the host's time
		want        string
	}{
		"within":       {-time.Second, 2 * time.Second, "clock_skew=0s"},
		"at its begin": {0, time.Second, "clock_skew=0s"},
		"behind":       {time.Minute, 2 * time.Minute, "clock_skew=1m0s"},
		"ahead":        {-2 * time.Hour, -time.Hour, "clock_skew=1h0m0s"},
	} {
		target := probetest.Load(t, os.Kind, recorded, nil).Target()
		target.Answers.Asked, target.Answers.Answered = asked.Add(tt.from), asked.Add(tt.until)
		readings, err := probetest.Observe(t, os.Kind, target, nil)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff([]string{tt.want}, texts(runnertest.Seen{Readings: readings}, "clock_skew")); d != "" {
			t.Errorf("%s: readings (-want +got):\n%s", name, d)
		}
	}
	if got := texts(seen(t, at("02:05:00", 12)), "clock_skew"); got != nil {
		t.Errorf("not knowing when it was asked: %q", got)
	}
}

func TestWhatIsTold(t *testing.T) {
	healthy := seen(t, at("02:05:00", 12))
	with := func(name string, value fact.Value) runnertest.Seen {
		s := seen(t, at("02:05:00", 12))
		for i, r := range s.Readings {
			if r.Key.Name == name {
				s.Readings[i].Value = value
				return s
			}
		}
		s.Readings = append(s.Readings, probes.Read("", name, value))
		return s
	}
	for name, tt := range map[string]struct {
		before, now runnertest.Seen
		want        []string
	}{
		"a planned reboot": {
			seen(t, at("02:05:00", 12)),
			seen(t, at("02:05:00", 12), update("03:00:00"), at("03:01:00", 12)),
			[]string{"passed"},
		},
		"the log has lost old starts": {
			seen(t, at("01:05:00", 12), at("01:05:05", 41, "Code", "126"), at("02:05:00", 12)), healthy, []string{"passed"},
		},
		"a bugcheck of before": {
			seen(t, at("02:05:00", 12), at("02:05:05", 41, "Code", "126")),
			seen(t, at("02:05:00", 12), at("02:05:05", 41, "Code", "126"), at("03:01:00", 12)),
			[]string{"passed"},
		},
		"a bugcheck": {
			healthy, seen(t, at("02:05:00", 12), at("03:01:00", 12), at("03:01:05", 41, "Code", "126")),
			[]string{"drifted failing", "crashes: drifted  -> 2026-11-23T03:01:00Z bugcheck 0x7e"},
		},
		"lsass died": {
			healthy, seen(t, at("02:05:00", 12), death("03:00:00"), at("03:01:00", 12)),
			[]string{"drifted failing", "crashes: drifted  -> 2026-11-23T03:00:00Z lsass.exe died with 0xc0000005"},
		},
		"a power loss": {
			healthy, seen(t, at("02:05:00", 12), at("03:01:00", 12), at("03:01:05", 6008)),
			[]string{"drifted failing", "unclean_boots: drifted  -> 2026-11-23T03:01:00Z power loss, reset or hang"},
		},
		"a loop of hangs": {
			healthy, seen(t, at("02:05:00", 12), at("03:01:00", 12), at("03:10:00", 12), at("03:10:05", 41, "Code", "0"),
				at("03:20:00", 12), at("03:20:05", 6008)),
			[]string{
				"drifted failing", "unclean_boots: drifted  -> 2026-11-23T03:10:00Z power loss, reset or hang, " +
					"2026-11-23T03:20:00Z power loss, reset or hang",
				"boots: drifted  -> 3 starts since the baseline: 2026-11-23T03:01:00Z for a reason that is not logged, " +
					"2026-11-23T03:10:00Z after a power loss, reset or hang, 2026-11-23T03:20:00Z after a power loss, reset or hang",
			},
		},
		"a power loss of before": {
			seen(t, at("02:05:00", 12), at("02:05:05", 6008)),
			seen(t, at("02:05:00", 12), at("02:05:05", 6008), update("03:00:00"), at("03:01:00", 12)),
			[]string{"passed"},
		},
		"another edition": {
			healthy, with("edition", fact.Text("ServerDatacenter")),
			[]string{"drifted failing", "edition: drifted ServerStandard -> ServerDatacenter"},
		},
		"Secure Boot was switched off": {
			healthy, with("secure_boot", fact.Text("off")), []string{"drifted", "secure_boot: drifted on -> off"},
		},
		"another model, as after a move": {healthy, with("model", fact.Text("VMware, Inc. VMware20,1")), []string{"passed"}},
		"a clock that is a little off":   {healthy, with("clock_skew", fact.Duration(4*time.Minute)), []string{"passed"}},
		"a clock that Kerberos refuses": {
			with("clock_skew", fact.Duration(0)), with("clock_skew", fact.Duration(6*time.Minute)),
			[]string{"regressed failing", "clock_skew: regressed 0s -> 6m0s"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := runnertest.Told(t, os.Kind, "- os: {}", [2]runnertest.Seen{tt.before, tt.now})
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("told (-want +got):\n%s", d)
			}
		})
	}
}

func TestRecorded(t *testing.T) { probetest.RunRecorded(t, os.Kind, recorded, nil) }

func FuzzAnswers(f *testing.F) { probetest.FuzzAnswers(f, os.Kind, nil, recorded, "odd.json") }
