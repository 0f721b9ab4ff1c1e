package service_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes"
	"postpatch/probes/host"
	"postpatch/probes/probetest"
	"postpatch/probes/service"
	"postpatch/runner/runnertest"
)

const check = "- service: [MSExchangeIS, Agent]"

// seen observes both services on a host that was started at two o'clock. Its keys
// are not told without PowerShell.
func seen(t *testing.T, clock string, powerShell bool, services ...host.Row) runnertest.Seen {
	t.Helper()
	probe, err := service.Kind.Build(map[string]any{"name": []string{"MSExchangeIS", "Agent"}})
	if err != nil {
		t.Fatal(err)
	}
	questions := probe.(probes.Asker).Questions()
	var answers host.Answers
	answers.Put(questions[0], host.Answer{Rows: services})
	topology := row("Name", "msexchangeadtopology", "Type", "16", "State", "1", "Start", "4")
	answers.Put(questions[1], host.Answer{Rows: []host.Row{
		row("Name", "", "Delay", ""), topology, row("Name", "Agent", "Type", "16", "Delayed", "true"),
		{"Name": {Text: "MSExchangeIS"}, "Type": {Text: "16"}, "Depends": {List: []string{"MSExchangeADTopology", "Afd", ""}}},
	}})
	if !powerShell {
		answers.Put(questions[1], host.Answer{Err: host.ErrNoPowerShell})
	}
	answers.Put(questions[2], host.Answer{Rows: []host.Row{
		row("LastBootUpTime", "2026-11-11T02:00:00Z", "LocalDateTime", "2026-11-11T"+clock+"Z"),
	}})
	readings, err := probe.Observe(t.Context(), probes.Target{Answers: answers})
	return runnertest.Seen{Readings: readings, Err: err}
}

func auto(name, state, code string) host.Row {
	return row("Name", name, "State", state, "StartMode", "Auto", "StartName", "LocalSystem", "ExitCode", code)
}

func TestAfterABoot(t *testing.T) {
	store := auto("MSExchangeIS", "Running", "0")
	well := seen(t, "09:00:00", true, store, auto("Agent", "Running", "0"))
	stopped := []string{"regressed failing", "Agent state: regressed running -> stopped"}
	for name, tt := range map[string]struct {
		check string
		now   runnertest.Seen
		want  []string
	}{
		"in time":  {check, seen(t, "02:01:30", true, store, auto("Agent", "Stopped", "1077")), []string{"drifted", "not_yet_started: drifted  -> Agent"}},
		"too late": {check, seen(t, "02:05:00", true, store, auto("Agent", "Stopped", "1077")), stopped},
		"stopped":  {check, seen(t, "02:01:30", true, store, auto("Agent", "Stopped", "0")), stopped},
		"not delayed": {
			check, seen(t, "02:01:30", true, auto("MSExchangeIS", "Stopped", "1077"), auto("Agent", "Running", "0")),
			[]string{"unknown", "not_yet_started: drifted  -> MSExchangeIS"},
		},
		"not delayed, too late": {
			check, seen(t, "02:02:00", true, auto("MSExchangeIS", "Stopped", "1077"), auto("Agent", "Running", "0")),
			[]string{"regressed failing", "MSExchangeIS state: regressed running -> stopped"},
		},
		"the owner wants it now": {
			check + "\n  expect: {state: running}", seen(t, "02:01:30", true, store, auto("Agent", "Stopped", "1077")),
			[]string{
				"regressed failing", "not_yet_started: drifted  -> Agent",
				"Agent state: regressed running -> not yet started",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(tt.want, runnertest.Told(t, service.Kind, tt.check, [2]runnertest.Seen{well, tt.now})); d != "" {
				t.Errorf("told (-want +got):\n%s", d)
			}
		})
	}
}

// Without a baseline a service that has yet to start does not pass, and with one
// of that time it is as if it had not been looked at.
func TestTooEarlyABaseline(t *testing.T) {
	store := auto("MSExchangeIS", "Running", "0")
	early := seen(t, "02:01:30", true, store, auto("Agent", "Stopped", "1077"))
	later := seen(t, "09:00:00", true, store, auto("Agent", "Stopped", "1077"))
	got := runnertest.Told(t, service.Kind, check, [2]runnertest.Seen{early, later})
	if d := cmp.Diff([]string{"failed failing", "Agent state: failed not yet started -> stopped"}, got); d != "" {
		t.Errorf("told (-want +got):\n%s", d)
	}
	well := seen(t, "09:00:00", true, store, auto("Agent", "Running", "0"))
	got = runnertest.Told(t, service.Kind, check, [2]runnertest.Seen{early, well})
	if d := cmp.Diff([]string{"passed"}, got); d != "" {
		t.Errorf("told (-want +got):\n%s", d)
	}
}

func TestWhatTheRegistryTells(t *testing.T) {
	services := []host.Row{auto("MSExchangeIS", "Stopped", "1068"), auto("Agent", "Running", "0")}
	want := []string{
		"MSExchangeIS state=stopped", "MSExchangeIS start_mode=auto",
		"MSExchangeIS exit_code=1068, a service that it depends on did not start",
		"MSExchangeIS delayed=false", "MSExchangeIS trigger=false", "MSExchangeIS depends_on=Afd, MSExchangeADTopology",
		"MSExchangeIS waits_for=msexchangeadtopology (disabled)",
		"Agent state=running", "Agent start_mode=auto", "Agent exit_code=0", "Agent delayed=true", "Agent trigger=false",
		"Agent depends_on=", " not_yet_started=",
	}
	got := probetest.Texts(seen(t, "09:00:00", true, services...).Readings, "account", "path")
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("readings (-want +got):\n%s", d)
	}
	want = []string{
		"MSExchangeIS state=stopped", "MSExchangeIS start_mode=auto",
		"MSExchangeIS exit_code=1068, a service that it depends on did not start",
		"Agent state=running", "Agent start_mode=auto", "Agent exit_code=0", " not_yet_started=",
	}
	got = probetest.Texts(seen(t, "09:00:00", false, services...).Readings, "account", "path")
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("without PowerShell (-want +got):\n%s", d)
	}
}

func FuzzAnswers(f *testing.F) {
	args := map[string]any{"name": []string{"MSExchangeIS", "MSDTC"}}
	probetest.FuzzAnswers(f, service.Kind, args, "exchange.json")
}
