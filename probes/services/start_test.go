package services_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/probetest"
	"postpatch/probes/services"
	"postpatch/runner/runnertest"
)

// A verify that comes 90 seconds after a boot must neither fail for what Windows
// has yet to start, nor pass it over in silence.
func TestAfterABoot(t *testing.T) {
	const (
		regressed = "MSDTC state: regressed running -> stopped"
		pending   = "not_yet_started: drifted  -> MSDTC"
	)
	for name, tt := range map[string]struct {
		ago    time.Duration
		change func(*scene)
		want   string // a line that is told; others may be
	}{
		"delayed, 90 seconds after": {90 * time.Second, nil, pending},
		"delayed, just in time":     {299 * time.Second, nil, pending},
		"delayed, too late":         {300 * time.Second, nil, regressed},
		"delayed, and starting": {
			90 * time.Second, func(s *scene) { s.set("MSDTC", "State", "Start Pending", "ExitCode", "0") }, pending,
		},
		"delayed for longer": {400 * time.Second, func(s *scene) { s.key("", "Delay", "300") }, pending},
		"delayed for less":   {250 * time.Second, func(s *scene) { s.key("", "Delay", "0") }, regressed},
		"a delay that nobody means": {
			400 * time.Second, func(s *scene) { s.key("", "Delay", "4000000000") }, regressed,
		},
		"started, and it has stopped":    {90 * time.Second, func(s *scene) { s.stop("0", "MSDTC") }, regressed},
		"started, and it has failed":     {90 * time.Second, func(s *scene) { s.stop("1067", "MSDTC") }, regressed},
		"automatic, too late":            {120 * time.Second, func(s *scene) { s.key("MSDTC", "Delayed", "false") }, regressed},
		"without PowerShell, too late":   {150 * time.Second, func(s *scene) { s.noKeys = true }, regressed},
		"the boot is not known":          {90 * time.Second, func(s *scene) { s.boot = time.Time{} }, regressed},
		"disabled now":                   {90 * time.Second, func(s *scene) { s.set("MSDTC", "StartMode", "Disabled") }, regressed},
		"a trigger's is not waited for":  {30 * time.Second, func(s *scene) { s.stop("1077", "W32Time") }, pending},
		"the host's clock ran backwards": {-time.Hour, nil, regressed},
	} {
		t.Run(name, func(t *testing.T) {
			now := seen(t, func(s *scene) {
				s.booted(tt.ago)
				s.stop("1077", "MSDTC")
				if tt.change != nil {
					tt.change(s)
				}
			})
			got := runnertest.Told(t, services.Kind, "- services: {}", [2]runnertest.Seen{seen(t, nil), now})
			outcome, other := "drifted", "regressed"
			if tt.want == regressed {
				outcome, other = "regressed failing", "not_yet_started"
			}
			if got[0] != outcome || !slices.Contains(got, tt.want) || strings.Contains(strings.Join(got[1:], "\n"), other) {
				t.Errorf("told %q, want %q and %q, and nothing %s", got, outcome, tt.want, other)
			}
		})
	}
}

// Windows starts what is not delayed before anybody can be sure of a host: that it
// has yet to is not known to be well, and nobody would ask again after a pass.
func TestTooEarlyAfterABoot(t *testing.T) {
	plain := func(s *scene) { s.stop("1077", "W3SVC") }
	for name, tt := range map[string]struct {
		ago    time.Duration
		change func(*scene)
		err    string
		want   []string
	}{
		"automatic": {
			90 * time.Second, plain, "W3SVC is not started yet, 90 s after the boot: run this again after 2026-11-17T09:00:30Z",
			[]string{"unknown", "not_yet_started: drifted  -> W3SVC"},
		},
		"starting": {
			20 * time.Second, func(s *scene) { s.set("W3SVC", "State", "Start Pending") },
			"W3SVC is not started yet, 20 s after the boot: run this again after 2026-11-17T09:01:40Z",
			[]string{"unknown", "not_yet_started: drifted  -> W3SVC"},
		},
		"two, beside a delayed one and a trigger's": {
			30 * time.Second, func(s *scene) { plain(s); s.stop("1077", "LanmanServer", "MSDTC", "W32Time") },
			"LanmanServer, W3SVC are not started yet, 30 s after the boot: run this again after 2026-11-17T09:01:30Z",
			[]string{"unknown", "not_yet_started: drifted  -> LanmanServer, MSDTC, W3SVC"},
		},
		"beside one that failed": {
			90 * time.Second, func(s *scene) { plain(s); s.stop("1067", "FMS") },
			"W3SVC is not started yet, 90 s after the boot: run this again after 2026-11-17T09:00:30Z",
			[]string{"regressed failing", "not_yet_started: drifted  -> W3SVC", "FMS state: regressed running -> stopped"},
		},
		"started":  {90 * time.Second, nil, "", []string{"passed"}},
		"too late": {2 * time.Minute, plain, "", []string{"regressed failing", "W3SVC state: regressed running -> stopped"}},
		"which are delayed is not known": {
			90 * time.Second, func(s *scene) { s.noKeys = true; s.stop("1077", "MSDTC") },
			"IKEEXT, MSDTC, VendorUserSvc are not started yet, 90 s after the boot: run this again after 2026-11-17T09:00:30Z",
			[]string{"unknown", "not_yet_started: drifted  -> IKEEXT, MSDTC, VendorUserSvc"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			now := seen(t, func(s *scene) {
				s.booted(tt.ago)
				if tt.change != nil {
					tt.change(s)
				}
			})
			if got := probetest.Words(now.Err); got != tt.err {
				t.Errorf("error %q, want %q", got, tt.err)
			}
			got := runnertest.Told(t, services.Kind, "- services: {}", [2]runnertest.Seen{seen(t, nil), now})
			got = slices.DeleteFunc(got, func(line string) bool { // what is not told without PowerShell
				return strings.Contains(line, " delayed: ") || strings.HasSuffix(line, "-> new")
			})
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("told (-want +got):\n%s", d)
			}
		})
	}
}

// What had yet to start at the baseline was about to run: what has started since is
// no finding, and what has not is one. What was idle proves nothing.
func TestABaselineTakenTooEarly(t *testing.T) {
	early := seen(t, func(s *scene) { s.booted(90 * time.Second); s.stop("1077", "MSDTC", "W32Time") })
	for name, tt := range map[string]struct {
		change func(*scene)
		want   []string
	}{
		"it runs": {nil, []string{"passed"}},
		"it does not": {
			func(s *scene) { s.stop("0", "MSDTC", "W32Time") },
			[]string{"regressed failing", "MSDTC state: regressed not yet started -> stopped"},
		},
		"a trigger's one failed": {func(s *scene) { s.stop("1067", "W32Time") }, []string{"passed"}},
	} {
		got := runnertest.Told(t, services.Kind, "- services: {}", [2]runnertest.Seen{early, seen(t, tt.change)})
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("%s: told (-want +got):\n%s", name, d)
		}
	}
	early = seen(t, func(s *scene) { s.booted(90 * time.Second); s.stop("1077", "W3SVC") })
	if early.Err == nil {
		t.Error("a baseline of which an automatic service has yet to start is whole")
	}
	for want, code := range map[string]string{"passed": "", "regressed failing": "1067"} {
		now := seen(t, func(s *scene) {
			if code != "" {
				s.stop(code, "W3SVC")
			}
		})
		got := runnertest.Told(t, services.Kind, "- services: {}", [2]runnertest.Seen{early, now})
		if got[0] != want {
			t.Errorf("told %q, want %q", got, want)
		}
	}
}

// Where PowerShell runs and the keys are not told, what only they tell is missing
// for no known reason.
func TestKeysThatFail(t *testing.T) {
	for err, want := range map[error]string{
		errors.New("Zugriff verweigert"):                "reading the services' keys in the registry: Zugriff verweigert",
		host.ErrNoPowerShell:                            "",
		fmt.Errorf("%w: blocked", host.ErrNoPowerShell): "",
	} {
		r := probetest.Load(t, services.Kind, recorded, nil).With(probetest.Refuse("servicekeys", err))
		readings, err := r.Observe(nil)
		if got := probetest.Words(err); got != want || len(readings) == 0 {
			t.Errorf("%d readings and the error %q, want %q", len(readings), got, want)
		}
	}
}

// That a trigger's service which ran is idle now is no fault, and no secret.
func TestIdleIsNoted(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*scene)
		want   []string
	}{
		"nothing":     {nil, []string{"idle=IKEEXT"}},
		"not started": {func(s *scene) { s.stop("1077", "W32Time") }, []string{"idle=IKEEXT, W32Time"}},
		"stopped":     {func(s *scene) { s.stop("0", "W32Time") }, []string{"idle=IKEEXT, W32Time"}},
		"it runs":     {func(s *scene) { s.set("IKEEXT", "State", "Running") }, []string{"idle="}},
		"not known":   {func(s *scene) { s.noKeys = true }, nil},
	} {
		if d := cmp.Diff(tt.want, readingsOf(seen(t, tt.change), "", "idle")); d != "" {
			t.Errorf("%s: readings (-want +got):\n%s", name, d)
		}
	}
	spec, _ := services.Kind.Reading("idle")
	if spec.Severity != fact.Note || spec.Rule.Op != fact.Subset {
		t.Errorf("a service that is idle now is told as %v by %v", spec.Severity, spec.Rule)
	}
}

// readingsOf returns what is read of an item.
func readingsOf(s runnertest.Seen, item string, names ...string) []string {
	var got []string
	for _, r := range s.Readings {
		for _, name := range names {
			if r.Key.Item == item && r.Key.Name == name {
				got = append(got, name+"="+r.Value.String())
			}
		}
	}
	return got
}

// A dependency whose state nobody told is no cause, and a key that could not be read
// is named.
func TestWhatTheHostDoesNotTell(t *testing.T) {
	now := seen(t, func(s *scene) {
		s.stop("1068", "MSExchangeIS", "MSExchangeADTopology")
		delete(s.services, "MSExchangeADTopology")
		s.key("MSExchangeADTopology", "State", "0")
	})
	if got := readingsOf(now, "MSExchangeIS", "waits_for"); now.Err != nil || len(got) != 0 {
		t.Errorf("waits for %q, %v", got, now.Err)
	}
	now = seen(t, func(s *scene) {
		s.keys["W3SVC"] = host.Row{"Name": {Text: "w3svc"}, "Error": {Text: "Zugriff\r\nverweigert"}}
	})
	if now.Err == nil || now.Err.Error() != "reading the registry's keys of W3SVC: Zugriff verweigert" {
		t.Errorf("error %v", now.Err)
	}
	if got := readingsOf(now, "W3SVC", "state", "depends_on"); !slices.Equal(got, []string{"state=running"}) {
		t.Errorf("got %q", got)
	}
}

func TestEvidence(t *testing.T) {
	for name, tt := range map[string]struct {
		item   string
		change func(*scene)
		want   []string
	}{
		"runs": {"MSExchangeIS", nil, []string{"exit_code=0"}},
		"the end of the chain": {
			"MSExchangeIS", func(s *scene) {
				s.stop("1068", "MSExchangeIS", "MSExchangeADTopology")
				s.stop("1067", "NetTcpPortSharing")
			}, []string{"exit_code=1068, a service that it depends on did not start", "waits_for=NetTcpPortSharing"},
		},
		"two ends": {
			"MSExchangeTransport", func(s *scene) { s.stop("1068", "MSExchangeTransport", "FMS", "MSExchangeADTopology") },
			[]string{"exit_code=1068, a service that it depends on did not start", "waits_for=FMS, MSExchangeADTopology"},
		},
		"a disabled one": {
			"MSExchangeIS", func(s *scene) {
				s.stop("1068", "MSExchangeIS", "MSExchangeADTopology")
				s.set("MSExchangeADTopology", "StartMode", "Disabled")
			},
			[]string{"exit_code=1068, a service that it depends on did not start", "waits_for=MSExchangeADTopology (disabled)"},
		},
		"a manual one that nobody needed": {
			"W3SVC", func(s *scene) { s.stop("0", "W3SVC", "WAS") }, []string{"exit_code=0"},
		},
		"a manual one that did not start": {
			"W3SVC", func(s *scene) { s.stop("1068", "W3SVC"); s.stop("1067", "WAS") },
			[]string{"exit_code=1068, a service that it depends on did not start", "waits_for=WAS"},
		},
		"a manual one needs nothing now": {
			"MSExchangeImap4", func(s *scene) { s.stop("1067", "FMS"); s.key("MSExchangeImap4", "Depends", "FMS") },
			[]string{"exit_code=1077, not started since the boot"},
		},
		"a circle": {
			"FMS", func(s *scene) {
				s.stop("1068", "FMS", "MSDTC")
				s.key("FMS", "Depends", "MSDTC")
				s.key("MSDTC", "Depends", "FMS")
			}, []string{"exit_code=1068, a service that it depends on did not start"},
		},
		"its own code": {
			"FMS", func(s *scene) { s.stop("1066", "FMS"); s.set("FMS", "ServiceSpecificExitCode", "17051") },
			[]string{"exit_code=1066, by its own code 17051"},
		},
		"logon":   {"FMS", func(s *scene) { s.stop("1069", "FMS") }, []string{"exit_code=1069, its account could not log on"}},
		"unknown": {"FMS", func(s *scene) { s.stop("4294967295", "FMS") }, []string{"exit_code=4294967295"}},
		"until when": {
			"", func(s *scene) { s.booted(90 * time.Second); s.stop("1077", "MSDTC") },
			[]string{"not_yet_started=MSDTC", "due=2026-11-17T09:03:30Z"},
		},
		"nothing is due": {"", nil, []string{"not_yet_started="}},
		"idle":           {"IKEEXT", nil, []string{"state=idle", "trigger=true", "exit_code=1077, not started since the boot"}},
	} {
		t.Run(name, func(t *testing.T) {
			names := []string{"state", "exit_code", "waits_for", "not_yet_started", "due", "trigger"}
			if name != "idle" {
				names = names[1:5]
			}
			got := readingsOf(seen(t, tt.change), tt.item, names...)
			want := map[string]bool{}
			for _, text := range tt.want {
				want[text] = true
			}
			for _, text := range got {
				if !want[text] {
					t.Errorf("also %q", text)
				}
				delete(want, text)
			}
			for text := range want {
				t.Errorf("no %q in %q", text, got)
			}
		})
	}
}

func TestOdd(t *testing.T) {
	readings, err := probetest.Load(t, services.Kind, "odd.json", nil).Observe(nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		" not_yet_started=",
		"A exit_code=0", "A start_mode=auto", "A state=running",
		"It's \"odd\"\nname <b>$(calc)</b> exit_code=0", "It's \"odd\"\nname <b>$(calc)</b> start_mode=auto",
		"It's \"odd\"\nname <b>$(calc)</b> state=running",
		"Nulls exit_code=0", "Nulls start_mode=auto", "Nulls state=stopped",
		"OneSyncSvc exit_code=0", "OneSyncSvc idle_state=stopped", "OneSyncSvc start_mode=manual",
		"Own code exit_code=1066, by its own code 17051", "Own code start_mode=auto", "Own code state=stopped",
		"Unbekannt exit_code=4294967295", "Unbekannt idle_state=unknown", "Unbekannt start_mode=unknown",
		"a (2) exit_code=0", "a (2) start_mode=auto", "a (2) state=stopped",
		"a (2) (2) exit_code=0", "a (2) (2) start_mode=auto", "a (2) (2) state=running",
	}
	got := map[string]bool{}
	for _, text := range probetest.Texts(readings, "account", "path") {
		got[text] = true
	}
	for _, text := range want {
		if !got[text] {
			t.Errorf("no %q", text)
		}
		delete(got, text)
	}
	for text := range got {
		t.Errorf("also %q", text)
	}
}

func TestRecorded(t *testing.T) { probetest.RunRecorded(t, services.Kind, recorded, nil) }

// A service's key may be unreadable, and the rows of others come as they like.
func TestKeysThatSayNothing(t *testing.T) {
	got := seen(t, func(s *scene) {
		s.keys = map[string]host.Row{"x": {"Nothing": {Text: "1"}}, "FMS": {"Name": {Text: "fms"}, "Type": {Text: "x"}}}
	})
	if got.Err != nil {
		t.Fatal(got.Err)
	}
	if d := cmp.Diff([]string{"state=running"}, readingsOf(got, "CDPUserSvc_1a2b3", "state")); d == "" {
		t.Error("an instance is told where its type is not known")
	}
}

func FuzzAnswers(f *testing.F) {
	probetest.FuzzAnswers(f, services.Kind, nil, recorded, "odd.json")
}
