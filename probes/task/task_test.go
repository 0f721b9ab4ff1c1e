package task_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes"
	"postpatch/probes/host"
	"postpatch/probes/probetest"
	"postpatch/probes/task"
	"postpatch/runner/runnertest"
)

func TestKind(t *testing.T) { probetest.RunRecorded(t, task.Kind, "shop.json", nil) }

func TestObserve(t *testing.T) {
	readings, err := probetest.Load(t, task.Kind, "shop.json", nil).Observe(nil)
	if err != nil {
		t.Fatal(err)
	}
	well := func(item string) []string {
		return []string{
			item + " enabled=true", item + " state=ready", item + " broken=false", item + " health=well",
			item + " exit_code=0", item + " result=ok",
		}
	}
	want := slices.Concat(
		well(`\Agent #`), well(`\Agent # (2)`),
		[]string{
			`\Backup\Nightly enabled=true`, `\Backup\Nightly state=running`, `\Backup\Nightly broken=false`, `\Backup\Nightly health=well`,
			`\Backup\Nightly exit_code=0`, `\Backup\Nightly result=running`,
			`\Cleanup enabled=false`, `\Cleanup state=disabled`, `\Cleanup broken=false`, `\Cleanup health=disabled`, `\Cleanup exit_code=0`,
			`\Cleanup result=has not run yet`,
			`\Copy enabled=true`, `\Copy state=ready`, `\Copy broken=false`, `\Copy health=well`, `\Copy exit_code=1`, `\Copy result=exit code 1`,
		},
		well(`\Shop\Prices`),
		[]string{
			`\Sync enabled=true`, `\Sync state=ready`, `\Sync broken=true`, `\Sync health=broken`, `\Sync exit_code=0`,
			`\Sync result=0x80070005: access denied`, " left_out=2",
		},
	)
	if d := cmp.Diff(want, probetest.Texts(readings, "missed", "last_run", "next_run")); d != "" {
		t.Errorf("readings (-want +got):\n%s", d)
	}
}

func TestOddAnswers(t *testing.T) {
	readings, err := probetest.Load(t, task.Kind, "odd.json", nil).Observe(nil)
	for _, want := range []string{
		`the folder \Geheim: Zugriff verweigert`, "the folder : it cannot be read", "something that is no task",
		"the list was cut off", `\Größe'; $(calc), \Kaputt: the host did not tell the last result`,
		`\Größe'; $(calc): the host did not tell whether it is enabled`,
		`\Kaputt: Das System kann die angegebene Datei nicht finden.`,
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q in it", err, want)
		}
	}
	want := []string{`\Größe'; $(calc) state=unknown`, `\Kaputt enabled=true`, " left_out=0"}
	if d := cmp.Diff(want, probetest.Texts(readings, "missed", "last_run", "next_run")); d != "" {
		t.Errorf("readings (-want +got):\n%s", d)
	}
}

// scheduled is one task as the collector tells it. Its next run is tomorrow's, unless
// its path says "once".
type scheduled struct{ path, state, enabled, result string }

func seen(t *testing.T, args map[string]any, all ...scheduled) runnertest.Seen {
	t.Helper()
	probe, err := task.Kind.Build(args)
	if err != nil {
		t.Fatal(err)
	}
	rows := []host.Row{{"kind": {Text: "end"}, "seen": {Text: "180"}, "cut": {Text: "false"}}}
	for _, s := range all {
		next := host.Cell{Text: "2026-11-12T03:00:00Z"}
		if strings.Contains(s.path, "once") {
			next = host.Cell{Null: true}
		}
		rows = append(rows, host.Row{
			"kind": {Text: "task"}, "path": {Text: s.path}, "state": {Text: s.state}, "enabled": {Text: s.enabled},
			"result": {Text: s.result}, "missed": {Text: "0"}, "last": {Null: true}, "next": next,
			"deletes": {Text: strconv.FormatBool(strings.Contains(s.path, "tonight"))},
		})
	}
	var target probes.Target
	target.Answers.Put(probe.(probes.Asker).Questions()[0], host.Answer{Rows: rows})
	readings, err := probetest.Observe(t, task.Kind, target, args)
	return runnertest.Seen{Readings: readings, Err: err}
}

func TestWhatAPatchBreaks(t *testing.T) {
	const (
		ok, running, never, ended = "0", "267009", "267011", "1073807364"
		denied, crashed           = "2147942405", "3221225477"
	)
	ready := func(result string) []scheduled { return []scheduled{{`\A`, "3", "true", result}} }
	user := func(sid string) []scheduled {
		return []scheduled{{`\User_Feed-S-1-5-21-1-2-3-` + sid, "3", "true", ok}}
	}
	for name, tt := range map[string]struct {
		before, after []scheduled
		want          []string
	}{
		"as before":                         {ready(ok), ready(ok), []string{"passed"}},
		"it ran then, and now waits":        {[]scheduled{{`\A`, "4", "true", running}}, ready(ok), []string{"passed"}},
		"it runs now":                       {ready(ok), []scheduled{{`\A`, "4", "true", running}}, []string{"passed"}},
		"the reboot ended it":               {ready(ok), ready(ended), []string{"passed"}},
		"the shutdown let no library start": {ready(ok), ready("3221225794"), []string{"passed"}},
		"the shutdown let nothing start":    {ready(ok), ready("2147943515"), []string{"passed"}},
		"its first run":                     {ready(never), ready(ok), []string{"passed"}},
		"nobody is logged on":               {ready(ok), ready("2147750688"), []string{"passed"}},
		"it failed before":                  {ready(denied), ready(crashed), []string{"passed"}},
		"another user's":                    {user("500"), user("1104"), []string{"passed"}},
		"mended":                            {ready(denied), ready(ok), []string{"passed"}},
		"denied":                            {ready(ok), ready(denied), []string{"regressed failing", `\A health: regressed well -> broken`}},
		"crashed after its first":           {ready(never), ready(crashed), []string{"regressed failing", `\A health: regressed well -> broken`}},
		"another exit code":                 {ready(ok), ready("2"), []string{"drifted", `\A exit_code: drifted 0 -> 2`}},
		"a better exit code":                {ready("2"), ready("1"), []string{"passed"}},
		"disabled": {
			ready(ok),
			[]scheduled{{`\A`, "1", "false", ok}},
			[]string{"regressed failing", `\A enabled: drifted true -> false`, `\A health: regressed well -> disabled`},
		},
		"enabled": {
			[]scheduled{{`\A`, "1", "false", ok}}, ready(ok), []string{"drifted", `\A enabled: drifted false -> true`},
		},
		"gone": {ready(ok), nil, []string{
			"regressed failing", `\A: drifted there -> gone`, `\A health: regressed well -> `,
		}},
		"one that was disabled is gone": {
			[]scheduled{{`\A`, "1", "false", denied}}, nil, []string{"drifted", `\A: drifted there -> gone`},
		},
		"Google's updater made its task anew": {
			[]scheduled{{`\GoogleUpdateTaskMachineCore1d9a1b2c3d4e5f6`, "3", "true", ok}},
			[]scheduled{{`\GoogleUpdateTaskMachineCore1DAB1B2C3D4E5F7`, "3", "true", ok}},
			[]string{"passed"},
		},
		"names that are words stay apart": {
			[]scheduled{{`\Facade`, "3", "true", ok}}, []scheduled{{`\Decade`, "3", "true", ok}}, []string{
				"regressed failing", `\Decade: drifted  -> new`, `\Facade: drifted there -> gone`,
				`\Facade health: regressed well -> `,
			},
		},
		"it ran once, and was deleted": {
			[]scheduled{{`\once`, "3", "true", ok}}, nil, []string{"drifted", `\once: drifted there -> gone`},
		},
		"it was to run tonight, and then to be deleted": {
			[]scheduled{{`\tonight`, "3", "true", never}}, nil, []string{"drifted", `\tonight: drifted there -> gone`},
		},
		"it has run for the last time": {
			[]scheduled{{`\tonight`, "4", "true", running}}, []scheduled{{`\tonight`, "3", "true", ok}}, []string{"passed"},
		},
		"one that starts with Windows, and runs, is gone": {
			[]scheduled{{`\once`, "4", "true", running}}, nil, []string{
				"regressed failing", `\once: drifted there -> gone`,
				`\once health: regressed well -> `,
			},
		},
		"one that waits for an event is broken": {
			[]scheduled{{`\once`, "3", "true", ok}},
			[]scheduled{{`\once`, "3", "true", denied}},
			[]string{"regressed failing", `\once health: regressed well, but not due -> broken`},
		},
		"one that waits for an event is disabled": {
			[]scheduled{{`\once`, "3", "true", ok}},
			[]scheduled{{`\once`, "1", "false", ok}},
			[]string{
				"regressed failing", `\once enabled: drifted true -> false`,
				`\once health: regressed well, but not due -> disabled`,
			},
		},
		"new": {nil, ready(ok), []string{"drifted", `\A: drifted  -> new`}},
	} {
		t.Run(name, func(t *testing.T) {
			both := [2]runnertest.Seen{seen(t, nil, tt.before...), seen(t, nil, tt.after...)}
			got := runnertest.Told(t, task.Kind, "- task: {}", both)
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestNamedTasksHaveToBeThere(t *testing.T) {
	args := map[string]any{"name": []string{`\shop\PRICES`, `\Backup\*`}}
	there := seen(t, args, scheduled{`\Shop\Prices`, "3", "true", "0"}, scheduled{`\Backup\Daily`, "3", "true", "0"})
	got := runnertest.Told(t, task.Kind, `- task: ['\shop\PRICES', '\Backup\*']`, [2]runnertest.Seen{there, seen(t, args)})
	t.Log(got)
	for _, want := range []string{
		"regressed failing", `\Backup\Daily: drifted there -> gone`, `\Backup\* present: failed  -> false`,
		`\shop\PRICES present: regressed true -> false`,
	} {
		if !slices.Contains(got, want) {
			t.Errorf("got %q, want %q in it", got, want)
		}
	}
}

// Who sees no task at all may not see any.
func TestAnEmptyListIsNoAnswer(t *testing.T) {
	probe, err := task.Kind.Build(nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, rows := range map[string][]host.Row{
		"nothing":  nil,
		"no tasks": {{"kind": {Text: "end"}, "seen": {Text: "0"}}},
		"no end":   {{"kind": {Text: "task"}, "path": {Text: `\A`}, "enabled": {Text: "true"}, "result": {Text: "0"}}},
		"too many": {{"kind": {Text: "end"}, "seen": {Text: "9000"}, "cut": {Text: "true"}}},
	} {
		var target probes.Target
		target.Answers.Put(probe.(probes.Asker).Questions()[0], host.Answer{Rows: rows})
		if got, err := probetest.Observe(t, task.Kind, target, nil); err == nil {
			t.Errorf("%s: got %v and no error", name, got)
		}
	}
}

func TestParametersAreRefused(t *testing.T) {
	probetest.Refuses(t, task.Kind, map[string]map[string]any{
		"a name without its folder": {"name": []string{"Nightly"}},
		"an empty name":             {"except": []string{""}},
		"space around it":           {"name": []string{`\A `}},
		"twice":                     {"name": []string{`\A`, `\a`}},
	})
}

func FuzzAnswers(f *testing.F) {
	probetest.FuzzAnswers(f, task.Kind, nil, "shop.json", "odd.json")
}
