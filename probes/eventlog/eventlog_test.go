package eventlog_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes"
	"postpatch/probes/eventlog"
	"postpatch/probes/host"
	"postpatch/probes/probetest"
)

func recorded(t *testing.T, file string) []host.Row {
	t.Helper()
	return probetest.Load(t, eventlog.Kind, file, nil).Answer("").Rows
}

// target answers what a check with these arguments asks.
func target(t testing.TB, args map[string]any, rows []host.Row) probes.Target {
	t.Helper()
	var target probes.Target
	target.Answers.Put(probetest.Questions(t, eventlog.Kind, args)[0], host.Answer{Rows: rows})
	return target
}

func TestKind(t *testing.T) { probetest.RunRecorded(t, eventlog.Kind, "member.json", nil) }

func TestObserve(t *testing.T) {
	readings, err := probetest.Load(t, eventlog.Kind, "member.json", nil).Observe(nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"System read=103", "System whole=true", "Application read=12", "Application whole=false", "Setup read=1", "Setup whole=true",
		"Application/Application Error/1000: GoogleUpdate.exe count=1",
		"Application/Application Error/1000: GoogleUpdate.exe level=error",
		"Application/Application Error/1000: GoogleUpdate.exe sample=2 times: " +
			"Faulting application name: GoogleUpdate.exe, version: 1.3.36.372",
		"Application/ESENT/455 noise=1", "Application/Microsoft-Windows-Perflib/1008 noise=9",
		"Setup/Microsoft-Windows-Servicing/3 count=1", "Setup/Microsoft-Windows-Servicing/3 level=information",
		"Setup/Microsoft-Windows-Servicing/3 sample=once: Package KB5068787 failed to be changed to the Installed state.",
		"System/Microsoft-Windows-DistributedCOM/10016 noise=41", "System/NETLOGON/5719 noise=1",
		"System/Schannel/36887 noise=50",
		"System/Service Control Manager/7000: luafv start_count=1",
		"System/Service Control Manager/7000: luafv level=error",
		"System/Service Control Manager/7000: luafv sample=once: The luafv service failed to start " +
			"due to the following error: This driver has been blocked from loading",
		"System/Service Control Manager/7023: sppsvc noise=2",
		"System/Service Control Manager/7031: cbdhsvc_# count=1",
		"System/Service Control Manager/7031: cbdhsvc_# level=error",
		"System/Service Control Manager/7031: cbdhsvc_# sample=once: " +
			"The Clipboard User Service_4f3a2 service terminated unexpectedly.",
		"System/Service Control Manager/7040: BITS noise=6",
		"Application serious=", "Application errors=Application Error/1000: GoogleUpdate.exe",
		"Application start_types=", "Application newest=",
		"Setup serious=", "Setup errors=Microsoft-Windows-Servicing/3", "Setup start_types=", "Setup newest=",
		"System serious=", "System failed_starts=7000: luafv", "System new_services=MpKsl#",
		"System errors=Service Control Manager/7031: cbdhsvc_#", "System start_types=Shop Server",
		"System newest=Service Control Manager/7000: luafv, once: The luafv service failed " +
			"to start due to the following error: This driver has been blocked from loading",
	}
	if d := cmp.Diff(want, probetest.Texts(readings, "last")); d != "" {
		t.Errorf("readings (-want +got):\n%s", d)
	}
}

// What cannot be read is named; what was counted of a log that was cut off is
// there, and of one that cannot be read there is no list that looks whole.
func TestOddAnswers(t *testing.T) {
	readings, err := probetest.Load(t, eventlog.Kind, "odd.json", nil).Observe(nil)
	for _, want := range []string{
		"System: only the newest 3 events were counted", "System: 7 events of further sorts were not counted",
		"Application, Setup: access denied", "DNS Server: Die Daten sind unzulässig",
		"DFS Replication: the host did not tell how many events it read",
		"System: an event without a provider, an id or a number", "neither a log nor an event", "was not asked for",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q in it", err, want)
		}
	}
	if !errors.Is(err, host.ErrDenied) {
		t.Error("the error is not host.ErrDenied")
	}
	odd := `System/Anbieter "x'; Remove-Item $(calc)/77`
	want := []string{
		"System read=3", "System whole=true",
		"Application/MSSQL$PROD/912 serious_count=1", "Application/MSSQL$PROD/912 level=error",
		"Application/MSSQL$PROD/912 last=2026-11-11T02:05:00Z",
		"Application/MSSQL$PROD/912 sample=once: Skript-Upgrade fehlgeschlagen.",
		odd + " count=1", odd + " level=error",
		odd + ` sample=once: Der Dienst wurde "unerwartet" beendet. Zeile zwei <script>alert(1)</script>`,
		"System/Disk/153 serious_count=6", "System/Disk/153 level=error", "System/Disk/153 last=2026-11-11T02:05:00Z",
		"System/Disk/153 sample=6 times: (no text)",
		"System serious=Disk/153",
		"System failed_starts=not known, since the log does not reach back far enough", "System new_services=",
		"System errors=" + strings.TrimPrefix(odd, "System/"), "System start_types=",
		"System newest=Disk/153, 6 times: (no text)",
	}
	if d := cmp.Diff(want, probetest.Texts(readings)); d != "" {
		t.Errorf("readings (-want +got):\n%s", d)
	}
}

// Logs that the suite names have to be there; those of the kind's own choice need
// not.
func TestALogThatIsNotThere(t *testing.T) {
	gone := func(log string) host.Row {
		return host.Row{
			"log": {Text: log}, "kind": {Text: "log"}, "code": {Text: "missing"}, "error": {Text: "nicht gefunden"},
		}
	}
	args := map[string]any{"log": []string{"DNS Server"}}
	_, err := probetest.Observe(t, eventlog.Kind, target(t, args, []host.Row{gone("DNS Server")}), args)
	if err == nil || err.Error() != "reading DNS Server: the host has no such log" {
		t.Errorf("got %v", err)
	}
	rows := recorded(t, "member.json")
	rows[0] = gone("System")
	if _, err := probetest.Observe(t, eventlog.Kind, target(t, nil, rows), nil); err == nil {
		t.Error("a host without the log System: no error")
	}
	rows = rows[1:]
	if _, err := probetest.Observe(t, eventlog.Kind, target(t, nil, rows), nil); err == nil ||
		err.Error() != "reading System: the host told nothing of this log" {
		t.Errorf("nothing of the log System: got %v", err)
	}
	if got, err := probetest.Observe(t, eventlog.Kind, target(t, nil, nil), nil); err == nil || len(got) > 0 {
		t.Errorf("no rows: got %v, %v", got, err)
	}
}

// A log that begins after the boot hides what was written before, and one of Windows'
// own that is empty hides all. What was counted is there all the same.
func TestALogThatWasCleared(t *testing.T) {
	const from = "2026-11-11T01:59:50Z"
	for name, tt := range map[string]struct{ log, now, oldest, want string }{
		"whole": {"System", "2026-11-11T02:05:00Z", "2026-08-01T00:00:00Z", ""},
		"cleared since the boot": {
			"System", "2026-11-11T03:05:00Z", "2026-11-11T03:00:00Z", "reading System: it begins at 2026-11-11T03:00:00Z: " +
				"what was written since 2026-11-11T01:59:50Z was cleared or has rolled over, and is not known",
		},
		"flooded within a day": {
			"Shop", "2026-11-12T01:59:50Z", "2026-11-12T01:00:00Z", "reading Shop: it begins at 2026-11-12T01:00:00Z: " +
				"what was written since 2026-11-11T01:59:50Z was cleared or has rolled over, and is not known",
		},
		"rolled over in weeks": {"System", "2026-12-09T02:00:00Z", "2026-11-20T00:00:00Z", ""},
		"empty": {
			"System", "2026-11-11T02:05:00Z", "", "reading System: it is empty: what was written since " +
				"2026-11-11T01:59:50Z was cleared, and is not known",
		},
		"empty, as it may be": {"Shop", "2026-11-11T02:05:00Z", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			args := map[string]any{"log": []string{tt.log}}
			rows := []host.Row{
				probetest.Row("log", tt.log, "kind", "log", "read", "1", "now", tt.now, "from", from, "oldest", tt.oldest),
				probetest.Row("log", tt.log, "kind", "event", "provider", "disk", "id", "7", "count", "1"),
			}
			readings, err := probetest.Observe(t, eventlog.Kind, target(t, args, rows), args)
			if got := probetest.Words(err); got != tt.want {
				t.Errorf("got error %q, want %q", got, tt.want)
			}
			if !slices.Contains(probetest.Texts(readings), tt.log+"/disk/7 serious_count=1") {
				t.Errorf("what was counted is not there: %q", probetest.Texts(readings))
			}
		})
	}
}

func TestParameters(t *testing.T) {
	probe, err := eventlog.Kind.Build(map[string]any{
		"log": []string{"Microsoft-Windows-Hyper-V-VMMS-Admin"}, "since": "24h", "level": []string{"warning"},
		"watch": []string{"My/Shop/1000", "My*/*"},
	})
	if err != nil {
		t.Fatal(err)
	}
	asked := probe.(probes.Asker).Questions()[0].String()
	for _, want := range []string{`since=["86400"]`, `level=["3"]`, `"My/Shop/1000" "My*/*"`, `id=["1000" "51"`} {
		if !strings.Contains(asked, want) {
			t.Errorf("%s: want %s", asked, want)
		}
	}
	probetest.Refuses(t, eventlog.Kind, map[string]map[string]any{
		"a log twice":          {"log": []string{"System", "system"}},
		"an empty log":         {"log": []string{" "}},
		"no level":             {"level": []string{}},
		"another level":        {"level": []string{"information"}},
		"another start":        {"since": "yesterday"},
		"a start in no time":   {"since": "1s"},
		"a start too long ago": {"since": "9999h"},
		"no id":                {"except": []string{"Schannel"}},
		"no provider":          {"except": []string{"/36887"}},
		"an id with a sign":    {"watch": []string{"Schannel/+7"}},
		"an id that is none":   {"watch": []string{"Schannel/65536"}},
		"too many":             {"watch": strings.Split(strings.Repeat("a/1 ", 50)+"a/1", " ")},
	})
}

func FuzzAnswers(f *testing.F) {
	probetest.FuzzAnswers(f, eventlog.Kind, nil, "member.json", "odd.json")
}
