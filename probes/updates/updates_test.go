package updates_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes"
	"postpatch/probes/host"
	"postpatch/probes/probetest"
	"postpatch/probes/updates"
)

func TestKind(t *testing.T) { probetest.RunRecorded(t, updates.Kind, "server2022.json", nil) }

func TestObserve(t *testing.T) {
	for file, want := range map[string][]string{
		"server2022.json": {
			" hotfixes=KB5066139, KB5066782, KB5066811",
			" last_search=2025-10-28T22:04:11Z", " last_install=2025-10-15T01:12:40Z", " history_entries=412", " history_whole=false",
			"7e0c2b5a-2222-4a4b-8e4b-0b0d9c6c1a04 result=succeeded",
			"7e0c2b5a-2222-4a4b-8e4b-0b0d9c6c1a04 tried=2025-09-10T02:00:00Z",
			"KB5065432 result=succeeded", "KB5065432 tried=2025-09-10T01:30:00Z",
			"KB5066139 result=succeeded", "KB5066139 tried=2025-10-15T01:08:02Z",
			"KB5066782 result=succeeded", "KB5066782 tried=2025-10-15T01:12:40Z",
			"KB890830 result=succeeded", "KB890830 tried=2025-10-15T01:02:11Z",
			" failed=", " failures=",
			" succeeded=7e0c2b5a-2222-4a4b-8e4b-0b0d9c6c1a04, KB5065432, KB5066139, KB5066782, KB890830",
			" uninstalled=", " last_failed=", " wsus_server=http://wsus01.corp.example:8530",
			" configmgr=false", " configmgr_failed=", " configmgr_failures=", " configmgr_pending=",
		},
		"configmgr.json": {
			" hotfixes=KB5066139, KB5066782", " history_entries=96",
			"KB5002451 result=aborted", "KB5002451 tried=2023-10-10T02:00:00Z",
			// of two updates under one number, the one that had errors counts
			"KB5029378 result=succeeded with errors",
			"KB5029378 hresult=0x00240003", "KB5029378 tried=2023-10-11T02:05:00Z",
			"KB5030877 result=failed",
			"KB5030877 hresult=0x80070643: the installer failed (1603)",
			"KB5030877 tried=2023-10-11T03:12:40Z",
			"KB5031000 result=removal succeeded", "KB5031000 tried=2023-10-09T02:00:00Z",
			"KB5031001 result=in progress", "KB5031001 tried=2023-10-08T02:00:00Z",
			// it failed for the agent, and came another way
			"KB5066139 result=failed", "KB5066139 hresult=0x8024200B: the installer reported a failure",
			"KB5066139 tried=2023-10-11T02:10:00Z",
			" failed=KB5002451 2023-10-10T02:00:00Z, KB5029378 2023-10-11T02:05:00Z, " +
				"KB5030877 2023-10-11T03:12:40Z",
			" failures=KB5002451: aborted without an error code, KB5029378: succeeded with errors, 0x00240003, " +
				"KB5030877: 0x80070643: the installer failed (1603)",
			" succeeded=", " uninstalled=KB5031000",
			" last_failed=KB5030877, 2023-10-11T03:12:40Z, 0x80070643: " +
				"the installer failed (1603)",
			" wsus_server=http://sccm01.corp.example:8530", " configmgr=true",
			"KB5030877 configmgr_state=failed", "KB5031005 configmgr_state=waits for another try",
			"KB5066782 configmgr_state=available", "site_a/sum_6 configmgr_state=waits for a maintenance window",
			" configmgr_failed=KB5030877, KB5031005",
			" configmgr_failures=KB5030877: 0x80070643: " +
				"the installer failed (1603), " +
				"KB5031005: waits for another try, 0x87D00668: still missing after its installation",
			" configmgr_pending=KB5030877, KB5031005, KB5066782, site_a/sum_6",
		},
	} {
		t.Run(file, func(t *testing.T) {
			readings, err := probetest.Load(t, updates.Kind, file, nil).Observe(nil)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, probetest.Texts(readings, "title")); d != "" {
				t.Errorf("readings (-want +got):\n%s", d)
			}
		})
	}
}

// What is nonsense is named; everything else is there, and nothing is made of the
// titles.
func TestOddAnswers(t *testing.T) {
	readings, err := probetest.Load(t, updates.Kind, "odd.json", nil).Observe(nil)
	const wrong = "reading hotfixes: a row without its number; history: an entry without KB number and identity; " +
		`result of KB5066901: want a number, got "vier"; configmgr: access denied: Zugriff verweigert`
	if err == nil || err.Error() != wrong || !errors.Is(err, host.ErrDenied) {
		t.Errorf("error\n%v, want\n%s", err, wrong)
	}
	want := []string{
		" hotfixes=File 1, KB5066782", " history_entries=7",
		"KB5066836 result=failed",
		"KB5066836 hresult=0x800F0922: an installer within the update failed, or the reserved partition is full",
		"KB5066836 tried=2025-10-15T01:12:40Z",
		"KB5066836 title=Kumulatives Update für Windows Server 2016 für x64-basierte Systeme (kb5066836)",
		"KB5066900 result=unknown result 9", "KB5066900 title=更新プログラム (KB5066900)",
		"b2 result=failed", "b2 tried=2025-10-14T01:12:40Z",
		"b2 title=\x1b[31m'; Remove-Item C:\\ -Recurse; $(calc)\n\"quoted\"",
		" failed=KB5066836 2025-10-15T01:12:40Z, b2 2025-10-14T01:12:40Z",
		" failures=KB5066836: 0x800F0922: an installer within the update failed, or the reserved partition is full, " +
			"b2: failed without an error code",
		" succeeded=", " uninstalled=",
		" last_failed=KB5066836, 2025-10-15T01:12:40Z, " +
			"0x800F0922: an installer within the update failed, or the reserved partition is full",
		" wsus_server=",
	}
	if d := cmp.Diff(want, probetest.Texts(readings)); d != "" {
		t.Errorf("readings (-want +got):\n%s", d)
	}
}

func TestParametersAreRefused(t *testing.T) {
	probetest.Refuses(t, updates.Kind, map[string]map[string]any{
		"part":                 {"part": []string{"mbsa"}},
		"nothing to ask":       {"part": []string{}},
		"a source":             {"missing": "internet"},
		"no number":            {"except": []string{"Defender"}},
		"a number and more":    {"except": []string{"KB2267602 and others"}},
		"no catalogue":         {"missing": "offline"},
		"a relative catalogue": {"missing": "offline", "catalogue": `wsus\wsusscn2.cab`},
		"no cabinet":           {"missing": "offline", "catalogue": `D:\wsus`},
		"catalogue of nothing": {"catalogue": `D:\wsusscn2.cab`},
	})
	for name, args := range map[string]map[string]any{
		"a share":             {"missing": "offline", "catalogue": `\\fs01\wsus\WSUSSCN2.CAB`},
		"a search alone":      {"part": []string{}, "missing": "managed"},
		"nothing is left out": {"except": []string{}},
		"a small number":      {"except": []string{"kb890830"}},
	} {
		if _, err := updates.Kind.Build(args); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// asked is the one collector of that name that a check asks.
func asked(t *testing.T, args map[string]any, name string) host.Question {
	t.Helper()
	probe, err := updates.Kind.Build(args)
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range probe.(probes.Asker).Questions() {
		if c, is := q.(host.Collector); is && c.Name == name {
			return c
		}
	}
	t.Fatalf("%v: no question %s", args, name)
	return nil
}

func text(s string) host.Cell { return host.Cell{Text: s} }

// history observes what the agent answers, and nothing else.
func history(t *testing.T, rows ...host.Row) ([]string, error) {
	t.Helper()
	args := map[string]any{"part": []string{"history"}}
	var answers host.Answers
	answers.Put(asked(t, args, "updatehistory"), host.Answer{Rows: rows})
	readings, err := probetest.Observe(t, updates.Kind, probes.Target{Answers: answers}, args)
	return probetest.Texts(readings, "failures", "uninstalled", "succeeded", "last_failed"), err
}

func TestTheAgentRefuses(t *testing.T) {
	agent := host.Row{"Part": text("agent"), "Searched": text("2026-11-01T00:00:00Z"), "Installed": host.Cell{Null: true}}
	total := host.Row{"Part": text("total"), "Count": text("3")}
	refusal := func(part, code, words string) host.Row {
		return host.Row{"Part": text(part), "Code": text(code), "Error": text(words)}
	}
	for name, tt := range map[string]struct {
		rows []host.Row
		want string
	}{
		"from afar": {
			[]host.Row{refusal("history", "-2147024891", "Zugriff verweigert"), agent},
			"reading history: access denied (0x80070005): the update agent does not take this from a remote sign-in " +
				"of this account; use an administrator of the host, or leave history out of part",
		},
		"its service is disabled": {
			[]host.Row{refusal("history", "2147943458", "Der Dienst kann nicht gestartet werden"), agent},
			"reading history: the Windows Update service is disabled (0x80070422): enable it, " +
				"or leave history out of part",
		},
		"in the middle": {
			[]host.Row{
				total,
				{"Part": text("entry"), "Title": text("KB5066782"), "Result": text("2")},
				refusal("history", "-2145124344", "Ende"), agent,
			},
			"reading history: 0x80240008: Ende",
		},
		"without words":          {[]host.Row{refusal("history", "-2147467259", ""), agent}, "reading history: 0x80004005"},
		"without a code":         {[]host.Row{refusal("history", "0", "kaputt")}, "reading history: kaputt"},
		"nothing is told":        {nil, "reading history: the host does not say how many entries it has"},
		"rows of something else": {[]host.Row{total, {"Part": text("x")}}, `reading history: a row of the unknown part "x"`},
		"a reset after all": {
			[]host.Row{
				{"Part": text("total"), "Count": text("0")},
				{"Part": text("agent"), "Installed": text("2026-10-14T03:00:00Z")},
			},
			"reading history: it is empty, and yet Automatic Updates has installed something at 2026-10-14T03:00:00Z: " +
				"it was reset, and what failed is not known",
		},
	} {
		t.Run(name, func(t *testing.T) {
			readings, err := history(t, tt.rows...)
			if err == nil || err.Error() != tt.want {
				t.Errorf("error\n%v, want\n%s", err, tt.want)
			}
			if name != "rows of something else" && strings.Contains(strings.Join(readings, "\n"), "failed") {
				t.Errorf("readings of what is not known: %v", readings)
			}
		})
	}
	// Two times that nobody judges are not worth a check.
	readings, err := history(t, total, refusal("agent", "-2147024891", "Zugriff verweigert"))
	if want := []string{" history_entries=3", " failed="}; err != nil || cmp.Diff(want, readings) != "" {
		t.Errorf("got %v, %v", readings, err)
	}
}

// Windows that was never patched has an empty history, and no update failed.
func TestAnEmptyHistoryOfANewHost(t *testing.T) {
	readings, err := history(t,
		host.Row{"Part": text("total"), "Count": text("0")},
		host.Row{"Part": text("agent"), "Installed": host.Cell{Null: true}})
	if want := []string{" history_entries=0", " failed="}; err != nil || cmp.Diff(want, readings) != "" {
		t.Errorf("got %v, %v", readings, err)
	}
}
