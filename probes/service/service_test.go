package service_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes"
	"postpatch/probes/host"
	"postpatch/probes/probetest"
	"postpatch/probes/service"
)

func row(columns ...string) host.Row {
	r := host.Row{}
	for i := 0; i < len(columns); i += 2 {
		r[columns[i]] = host.Cell{Text: columns[i+1]}
	}
	return r
}

func TestKind(t *testing.T) {
	args := map[string]any{"name": []string{"W3SVC"}}
	probetest.Run(t, probetest.Suite{Kind: service.Kind, Args: args, Healthy: func(t *testing.T) probes.Target {
		probe, err := service.Kind.Build(args)
		if err != nil {
			t.Fatal(err)
		}
		var answers host.Answers
		questions := probe.(probes.Asker).Questions()
		answers.Put(questions[0], host.Answer{Rows: []host.Row{
			row("Name", "W3SVC", "State", "Running", "StartMode", "Auto", "StartName", "LocalSystem", "ExitCode", "0"),
		}})
		answers.Put(questions[1], host.Answer{Err: host.ErrNoPowerShell})
		return probes.Target{Answers: answers}
	}})
}

func TestObserve(t *testing.T) {
	probe, err := service.Kind.Build(map[string]any{"name": []string{"w3svc", "Gone"}})
	if err != nil {
		t.Fatal(err)
	}
	questions := probe.(probes.Asker).Questions()
	var answers host.Answers
	answers.Put(questions[0], host.Answer{Rows: []host.Row{
		// More rows than asked for, as after merging with other checks.
		row("Name", "Spooler", "State", "Running", "StartMode", "Auto"),
		row("Name", "W3SVC", "State", "Stopped", "StartMode", "Disabled", "StartName", "LocalSystem",
			"PathName", `C:\Windows\svchost.exe -k iis`, "ExitCode", "1077"),
	}})
	answers.Put(questions[1], host.Answer{Err: host.ErrNoPowerShell})
	readings, err := probe.Observe(t.Context(), probes.Target{Answers: answers})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range readings {
		got = append(got, r.Key.Item+" "+r.Key.Name+"="+r.Value.String())
	}
	want := []string{
		"w3svc state=stopped", "w3svc start_mode=disabled", "w3svc account=LocalSystem",
		`w3svc path=C:\Windows\svchost.exe -k iis`, "w3svc exit_code=1077, not started since the boot", "Gone state=absent",
		" not_yet_started=",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("readings (-want +got):\n%s", d)
	}
}

// Of systemd a suite may write the unit's name with its suffix, or an alias of it.
func TestUnitsOfSystemd(t *testing.T) {
	probe, err := service.Kind.Build(map[string]any{"name": []string{"nginx.service", "sshd", "cron"}})
	if err != nil {
		t.Fatal(err)
	}
	questions := probe.(probes.Asker).Questions()
	ssh := row("Name", "ssh", "State", "Running", "StartMode", "Auto", "Manager", "systemd", "Result", "success")
	ssh["Aliases"] = host.Cell{List: []string{"sshd"}}
	var answers host.Answers
	answers.Put(questions[0], host.Answer{Rows: []host.Row{
		row("Name", "nginx", "State", "Stopped", "StartMode", "Auto", "ExitCode", "203", "Manager", "systemd",
			"Result", "exit-code, status 203"), ssh,
	}})
	answers.Put(questions[1], host.Answer{Err: host.ErrNoPowerShell})
	readings, err := probe.Observe(t.Context(), probes.Target{Answers: answers})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"nginx.service state=stopped", "nginx.service start_mode=auto", "nginx.service exit_code=exit-code, status 203",
		"sshd state=running", "sshd start_mode=auto", "sshd exit_code=success", "cron state=absent", " not_yet_started=",
	}
	if d := cmp.Diff(want, probetest.Texts(readings, "account", "path")); d != "" {
		t.Errorf("readings (-want +got):\n%s", d)
	}
}

func TestNotObserved(t *testing.T) {
	probe, err := service.Kind.Build(map[string]any{"name": []string{"W3SVC"}})
	if err != nil {
		t.Fatal(err)
	}
	question := probe.(probes.Asker).Questions()[0]
	denied := errors.New("access denied")
	for name, answer := range map[string]host.Answer{
		"the question failed":  {Err: denied},
		"a row without a name": {Rows: []host.Row{row("State", "Running")}},
		"a garbled exit code":  {Rows: []host.Row{row("Name", "W3SVC", "State", "Running", "ExitCode", "x")}},
	} {
		t.Run(name, func(t *testing.T) {
			var answers host.Answers
			answers.Put(question, answer)
			if readings, err := probe.Observe(t.Context(), probes.Target{Answers: answers}); err == nil {
				t.Errorf("got %v and no error", readings)
			}
		})
	}
	if _, err := probe.Observe(t.Context(), probes.Target{}); err == nil {
		t.Error("an unanswered question is no error")
	}
}

func TestQuestionQuotesNames(t *testing.T) {
	probe, err := service.Kind.Build(map[string]any{"name": []string{`a' OR Name LIKE '%`}})
	if err != nil {
		t.Fatal(err)
	}
	got := probe.(probes.Asker).Questions()[0].String()
	if !strings.HasSuffix(got, `WHERE Name='a\' OR Name LIKE \'%'`) {
		t.Errorf("query %s", got)
	}
}

func TestNameIsRequired(t *testing.T) {
	for _, args := range []map[string]any{{}, {"name": []string{" "}}} {
		if _, err := service.Kind.Build(args); err == nil {
			t.Errorf("args %v: no error", args)
		}
	}
}

// A service that may be seen, and whose configuration may not be read, is as it is: how
// it is set up is not known, and not empty.
func TestNotToldHowItIsSetUp(t *testing.T) {
	probe, err := service.Kind.Build(map[string]any{"name": []string{"W3SVC"}})
	if err != nil {
		t.Fatal(err)
	}
	questions := probe.(probes.Asker).Questions()
	var answers host.Answers
	r := row("Name", "W3SVC", "State", "Running", "ExitCode", "0")
	for _, column := range []string{"StartMode", "StartName", "PathName"} {
		r[column] = host.Cell{Null: true}
	}
	answers.Put(questions[0], host.Answer{Rows: []host.Row{r}})
	answers.Put(questions[1], host.Answer{Err: host.ErrNoPowerShell})
	readings, err := probe.Observe(t.Context(), probes.Target{Answers: answers})
	if err == nil || !strings.Contains(err.Error(), "how W3SVC is set up") {
		t.Errorf("got the error %v", err)
	}
	want := []string{"W3SVC state=running", "W3SVC exit_code=0", " not_yet_started="}
	if d := cmp.Diff(want, probetest.Texts(readings)); d != "" {
		t.Errorf("readings (-want +got):\n%s", d)
	}
}
