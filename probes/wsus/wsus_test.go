package wsus_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/host"
	"postpatch/probes/probetest"
	"postpatch/probes/wsus"
	"postpatch/runner/runnertest"
)

func TestKind(t *testing.T) { probetest.RunRecorded(t, wsus.Kind, "updates.json", nil) }

func TestObserve(t *testing.T) {
	readings, err := probetest.Load(t, wsus.Kind, "updates.json", nil).Observe(nil)
	want := []string{
		" present=true", " port=8530", " ssl=false", ` content=D:\WSUS`, " database=MICROSOFT##WID", " content_there=true",
		" service=running", " answers=true", " version=10.0.20348.143", " sync_result=Succeeded",
		" sync_canceled=false", " sync_time=2026-11-10T03:12:44Z", " clients=412",
	}
	if d := cmp.Diff(want, probetest.Texts(readings)); d != "" || err != nil {
		t.Errorf("readings (-want +got), %v:\n%s", err, d)
	}
}

func TestOddAnswers(t *testing.T) {
	readings, err := probetest.Load(t, wsus.Kind, "odd.json", nil).Observe(nil)
	const wantErr = `reading WSUS: the host told "clients" twice; port, clients: the host does not tell it; ` +
		"service: the host does not tell its state"
	if err == nil || err.Error() != wantErr {
		t.Errorf("error %v", err)
	}
	want := []string{
		" present=true", ` content=\\fs01\wsus`, " answers=true", " sync_result=Failed",
		" sync_canceled=false", " sync_error=WebException Der Remotename konnte nicht aufgelöst werden; $(calc)",
	}
	if d := cmp.Diff(want, probetest.Texts(readings)); d != "" {
		t.Errorf("readings (-want +got):\n%s", d)
	}
}

func cell(text string) host.Cell { return host.Cell{Text: text} }

// problem is a row of the collector's about what failed.
func problem(of string) host.Row {
	return host.Row{"part": cell("error"), "of": cell(of), "error": cell("Zugriff verweigert")}
}

func TestJudged(t *testing.T) {
	set := func(i int, column, text string) func([]host.Row) []host.Row {
		return func(rows []host.Row) []host.Row {
			rows[i][column] = cell(text)
			return rows
		}
	}
	for name, tt := range map[string]struct {
		edit func(rows []host.Row) []host.Row
		want []string
	}{
		"another order":          {func(rows []host.Row) []host.Row { slices.Reverse(rows); return rows }, []string{"passed"}},
		"a later sync":           {set(2, "ended", "2026-11-11T03:00:00Z"), []string{"passed"}},
		"a few clients more":     {set(3, "count", "430"), []string{"passed"}},
		"a new version":          {set(1, "version", "10.0.20348.200"), []string{"passed"}},
		"half the clients":       {set(3, "count", "200"), []string{"drifted", "clients: drifted 412 -> 200"}},
		"the sync failed":        {set(2, "result", "Failed"), []string{"regressed failing", "sync_result: regressed Succeeded -> Failed"}},
		"another port":           {set(0, "port", "80"), []string{"drifted failing", "port: drifted 8530 -> 80"}},
		"its folder is gone":     {set(0, "content_there", "false"), []string{"regressed failing", "content_there: regressed true -> false"}},
		"it is gone":             {set(0, "present", "false"), []string{"regressed failing", "present: regressed true -> false"}},
		"nothing said":           {func([]host.Row) []host.Row { return nil }, []string{"unknown"}},
		"cut off after the host": {func(rows []host.Row) []host.Row { return rows[:1] }, []string{"unknown"}},
		"without its library": {
			func(rows []host.Row) []host.Row { return append(rows[:1], problem("library")) }, []string{"unknown"},
		},
		"without a list of clients": {
			func(rows []host.Row) []host.Row { return append(rows[:3], problem("clients")) }, []string{"unknown"},
		},
		"it does not answer": {
			func(rows []host.Row) []host.Row { return append(rows[:1], problem("server")) },
			[]string{"regressed failing", "answers: regressed true -> false"},
		},
		"it does not run": {
			func(rows []host.Row) []host.Row { return set(0, "service", "Stopped")(rows)[:1] },
			[]string{"regressed failing", "answers: regressed true -> false", "service: regressed running -> stopped"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			see := func(edit func(rows []host.Row) []host.Row) runnertest.Seen {
				r := probetest.Load(t, wsus.Kind, "updates.json", nil)
				return runnertest.See(r.With(probetest.Edit(func(_ string, rows []host.Row) []host.Row { return edit(rows) })), nil)
			}
			seen := [2]runnertest.Seen{see(func(rows []host.Row) []host.Row { return rows }), see(tt.edit)}
			got := runnertest.Told(t, wsus.Kind, "- wsus: {}", seen)
			got = slices.DeleteFunc(got, func(line string) bool { return strings.HasPrefix(line, "error: ") })
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("told (-want +got):\n%s", d)
			}
		})
	}
}

// A reboot cancels a synchronization that runs, and the next one tells; a service
// that refuses the account tells nothing of whether it answers.
func TestNotKnownYet(t *testing.T) {
	sync := func(result string) []probetest.Change {
		return []probetest.Change{probetest.Set("wsus", "sync", "result", result)}
	}
	fails := func(code, words string) []probetest.Change {
		return []probetest.Change{
			probetest.Drop("wsus", "server"), probetest.Drop("wsus", "sync"), probetest.Drop("wsus", "clients"),
			probetest.Add("wsus", "part", "error", "of", "server", "error", words, "code", code),
		}
	}
	denied, dead := fails("denied", "Nicht autorisiert"), fails("", "Datenbank")
	runnertest.Check{Kind: wsus.Kind, File: "updates.json"}.Tells(t, map[string]runnertest.Story{
		"canceled by the reboot": {After: sync("Canceled"), Want: []string{"passed"}},
		"canceled, and it is to succeed": {
			Expect: "expect: {sync_result: Succeeded}", After: sync("Canceled"),
			Want: []string{"regressed failing", "sync_result: regressed Succeeded -> Canceled"},
		},
		"canceled before": {Before: sync("Canceled"), Want: []string{"passed"}},
		"canceled before, and failed": {
			Before: sync("Canceled"), After: sync("Failed"),
			Want: []string{"regressed failing", "sync_result: regressed Canceled -> Failed"},
		},
		"canceled twice": {Before: sync("Canceled"), After: sync("Canceled"), Want: []string{"passed"}},
		"denied":         {After: denied, Want: []string{"unknown"}},
		"denied twice":   {Before: denied, After: denied, Want: []string{"unknown"}},
		"denied, then it does not answer": {
			Before: denied, After: dead, Want: []string{"failed failing", "answers: failed  -> false"},
		},
		"it does not answer": {
			After: dead, Want: []string{"regressed failing", "answers: regressed true -> false"},
		},
	})
	_, err := probetest.Load(t, wsus.Kind, "updates.json", nil).With(denied...).Observe(nil)
	if !errors.Is(err, host.ErrDenied) || err.Error() != "reading answers: access denied: Nicht autorisiert" {
		t.Errorf("error %v", err)
	}
}

// The operator reads why something is not known, in the host's words.
func TestReasons(t *testing.T) {
	for of, want := range map[string]string{
		"library": "reading answers: Zugriff verweigert", "sync": "reading sync_result: Zugriff verweigert",
		"clients": "reading clients: Zugriff verweigert",
	} {
		keep := map[string]int{"library": 1, "sync": 2, "clients": 3}[of]
		edit := func(_ string, rows []host.Row) []host.Row {
			last := rows[3]
			rows = append(rows[:keep], problem(of))
			if of == "sync" {
				rows = append(rows, last)
			}
			return rows
		}
		_, err := probetest.Load(t, wsus.Kind, "updates.json", nil).With(probetest.Edit(edit)).Observe(nil)
		if got := probetest.Words(err); got != want {
			t.Errorf("%s: got %q, want %q", of, got, want)
		}
	}
}

// A folder that may not be looked at is not one that is gone.
func TestAFolderThatIsDenied(t *testing.T) {
	edit := func(_ string, rows []host.Row) []host.Row {
		rows[0]["content_there"], rows[0]["content_problem"] = host.Cell{Null: true}, cell("Zugriff verweigert")
		return rows
	}
	readings, err := probetest.Load(t, wsus.Kind, "updates.json", nil).With(probetest.Edit(edit)).Observe(nil)
	if err == nil || err.Error() != "reading content_there: Zugriff verweigert" {
		t.Errorf("error %v", err)
	}
	if len(readings) == 0 || slices.ContainsFunc(probetest.Texts(readings), func(line string) bool {
		return strings.HasPrefix(line, " content_there")
	}) {
		t.Errorf("got %q", probetest.Texts(readings))
	}
}

func FuzzAnswers(f *testing.F) {
	probetest.FuzzAnswers(f, wsus.Kind, nil, "updates.json", "odd.json")
}
