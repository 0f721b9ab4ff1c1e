package msmq_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes"
	"postpatch/probes/host"
	"postpatch/probes/msmq"
	"postpatch/probes/probetest"
	"postpatch/runner/runnertest"
)

func TestKind(t *testing.T) { probetest.RunRecorded(t, msmq.Kind, "appserver.json", nil) }

func TestObserve(t *testing.T) {
	readings, err := probetest.Load(t, msmq.Kind, "appserver.json", nil).Observe(nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		" present=true", " service=running",
		`private$\admin_queue$ present=true`, `private$\admin_queue$ writable=false`,
		`private$\admin_queue$ transactional=false`, `private$\admin_queue$ journal=false`,
		`private$\admin_queue$ messages=0`, `private$\admin_queue$ journal_messages=0`,
		`private$\Mails present=true`, `private$\Mails writable=true`, `private$\Mails transactional=false`,
		`private$\Mails journal=true`, `private$\Mails messages=0`, `private$\Mails journal_messages=250`,
		`private$\orders present=true`, `private$\orders writable=true`, `private$\orders transactional=true`,
		`private$\orders journal=false`, `private$\orders messages=17`, `private$\orders journal_messages=0`,
	}
	if d := cmp.Diff(want, probetest.Texts(readings)); d != "" {
		t.Errorf("readings (-want +got):\n%s", d)
	}
}

// Counters that are lost are no error: they are for expectations only.
func TestOddAnswers(t *testing.T) {
	readings, err := probetest.Load(t, msmq.Kind, "odd.json", nil).Observe(nil)
	for _, want := range []string{
		`writable of private$\orders, journal of private$\orders: the host does not tell it`,
		`transactional of private$\a'; Remove-Item "x" $(calc), `, "$(calc): Der Zugriff wurde verweigert.",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q in the error\n%v", want, err)
		}
	}
	want := []string{
		" present=true", " service=running", "private$\\a'; Remove-Item \"x\"\n$(calc) present=true",
		`private$\orders present=true`, `private$\orders transactional=true`,
		`PRIVATE$\Orders (2) present=true`, `PRIVATE$\Orders (2) writable=true`,
		`PRIVATE$\Orders (2) transactional=true`, `PRIVATE$\Orders (2) journal=false`,
	}
	if d := cmp.Diff(want, probetest.Texts(readings)); d != "" {
		t.Errorf("readings (-want +got):\n%s", d)
	}
}

// A queue that the counters do not know holds nothing, but for a name that they
// cannot show whole.
func TestAQueueWithoutCounters(t *testing.T) {
	for name, want := range map[string]bool{`private$\idle`: true, `private$\` + strings.Repeat("x", 60): false} {
		got := see(t, func(rows []host.Row) []host.Row {
			rows[1]["name"] = host.Cell{Text: name}
			return rows
		})
		lines := strings.Join(probetest.Texts(got.Readings), "\n")
		if strings.Contains(lines, name+" messages=0") != want || strings.Contains(lines, name+" messages") != want {
			t.Errorf("%s: want a count %v in\n%s", name, want, lines)
		}
	}
}

// One that does not tell its name may be the one that is looked for.
func TestAQueueWithoutAName(t *testing.T) {
	edit := func(question string, rows []host.Row) []host.Row {
		if question == "msmq" {
			rows = append(rows, host.Row{
				"part": {Text: "queue"}, "name": {Null: true}, "problem": {Text: "Zugriff verweigert"},
			})
		}
		return rows
	}
	args := map[string]any{"queue": []string{`private$\orders`, `private$\gone`}}
	readings, err := probetest.Load(t, msmq.Kind, "appserver.json", nil).With(probetest.Edit(edit)).Observe(args)
	all := strings.Join(probetest.Texts(readings), "\n")
	if err == nil || err.Error() != "reading queues: the host named one without a name: Zugriff verweigert" {
		t.Errorf("error %v", err)
	}
	if !strings.Contains(all, `private$\orders present=true`) || strings.Contains(all, "gone") {
		t.Errorf("got\n%s", all)
	}
}

func TestQueuesAreChosen(t *testing.T) {
	for name, tt := range map[string]struct {
		args map[string]any
		want []string
	}{
		"by name": {
			map[string]any{"queue": []string{`Private$\Orders`, `private$\gone`}},
			[]string{`=true`, `Private$\Orders=true`, `private$\gone=false`},
		},
		"all but some": {map[string]any{"except": []string{`*\admin*`, `*mails`}}, []string{"=true", `private$\orders=true`}},
	} {
		readings, err := probetest.Load(t, msmq.Kind, "appserver.json", nil).Observe(tt.args)
		var got []string
		for _, r := range readings {
			if r.Key.Name == "present" {
				got = append(got, r.Key.Item+"="+r.Value.String())
			}
		}
		slices.Sort(got)
		if d := cmp.Diff(tt.want, got); d != "" || err != nil {
			t.Errorf("%s: (-want +got), %v:\n%s", name, err, d)
		}
	}
	for _, args := range []map[string]any{
		{"queue": []string{"orders"}},
		{"queue": []string{`private$\*`}},
		{"except": []string{" "}},
		{"queue": []string{`private$\a`}, "except": []string{"b"}},
	} {
		var field *probes.FieldError
		if _, err := msmq.Kind.Build(args); !errors.As(err, &field) {
			t.Errorf("%v: got %v, want a FieldError", args, err)
		}
	}
}

// see is what the app server reads as when the collector answers otherwise.
func see(t *testing.T, edit func(rows []host.Row) []host.Row) runnertest.Seen {
	t.Helper()
	both := func(question string, rows []host.Row) []host.Row {
		if question != "msmq" {
			slices.Reverse(rows)
			return rows
		}
		return edit(rows)
	}
	return runnertest.See(probetest.Load(t, msmq.Kind, "appserver.json", nil).With(probetest.Edit(both)), nil)
}

func TestJudged(t *testing.T) {
	set := func(i int, column, text string) func([]host.Row) []host.Row {
		return func(rows []host.Row) []host.Row {
			rows[i][column] = host.Cell{Text: text}
			return rows
		}
	}
	for name, tt := range map[string]struct {
		edit func(rows []host.Row) []host.Row
		want []string
	}{
		"another order":      {func(rows []host.Row) []host.Row { slices.Reverse(rows); return rows }, []string{"passed"}},
		"not there any more": {set(0, "present", "false"), []string{"regressed failing", "present: regressed true -> false"}},
		"a queue is gone": {
			func(rows []host.Row) []host.Row { return slices.Delete(rows, 1, 2) },
			[]string{"drifted failing", `private$\orders: drifted there -> gone`},
		},
		"one that cannot be written to": {set(1, "writable", "false"), []string{
			"regressed failing", `private$\orders writable: regressed true -> false`,
		}},
		"its list cannot be read": {set(0, "problem", "Zugriff verweigert"), []string{"unknown"}},
		"a paused service": {set(0, "service", "Paused"), []string{
			"regressed failing", "service: regressed running -> paused",
		}},
		"nothing said": {func([]host.Row) []host.Row { return nil }, []string{"unknown"}},
		"no host":      {func(rows []host.Row) []host.Row { return rows[1:] }, []string{"unknown"}},
	} {
		t.Run(name, func(t *testing.T) {
			same := see(t, func(rows []host.Row) []host.Row { return rows })
			got := runnertest.Told(t, msmq.Kind, "- msmq: {}", [2]runnertest.Seen{same, see(t, tt.edit)})
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("told (-want +got):\n%s", d)
			}
		})
	}
	stopped := see(t, func(rows []host.Row) []host.Row {
		rows[0]["service"] = host.Cell{Text: "Stopped"}
		return rows[:1]
	})
	if paused := see(t, set(0, "service", "Paused")); stopped.Err != nil || paused.Err == nil {
		t.Errorf("a stopped service has no queues to tell of (%v), a paused one may (%v)", stopped.Err, paused.Err)
	}
	same := see(t, func(rows []host.Row) []host.Row { return rows })
	got := runnertest.Told(t, msmq.Kind, "- msmq: {}", [2]runnertest.Seen{same, stopped})
	if got[0] != "regressed failing" || !slices.Contains(got, "service: regressed running -> stopped") {
		t.Errorf("a stopped service: got %q", got)
	}
}

func FuzzAnswers(f *testing.F) {
	probetest.FuzzAnswers(f, msmq.Kind, nil, "appserver.json", "odd.json")
}
