package winrm

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/host"
	"postpatch/probes/host/winrm/psrp"
	"postpatch/probes/lab/estate"
)

// mailbox is a host whose commands can be asked by both ways: at an endpoint, and by
// the snap-in of Exchange.
func mailbox() estate.Host {
	h := labHost()
	text := func(s string) map[string]any { return map[string]any{"tag": "S", "text": s} }
	cmdlets := map[string]estate.Cmdlet{
		"Get-Queue": {
			Parameters: []string{"Server", "Filter", "Deep"}, Type: "Microsoft.Exchange.Data.QueueViewer.QueueInfo",
			Rows: []any{
				map[string]any{
					"Identity": map[string]any{"string": `EX01\Submission`, "type": "Microsoft.Exchange.QueueIdentity"},
					"Status":   map[string]any{"enum": "Ready", "value": 4, "type": "Microsoft.Exchange.QueueStatus"},
					"Since":    time.Date(2026, 11, 22, 20, 0, 0, 5e8, time.FixedZone("", 3600)),
					"Latency":  map[string]any{"tag": "TS", "text": "PT1.5S"},
					"Count":    2300, "Paused": false, "Note": nil, "Odd": text("a <&> \x01 _x0041_ \u00e9\U0001f4e7"), "Empty": "",
					"States": []any{map[string]any{"Requester": "Maintenance", "State": "Active"}, "plain"}, "None": []any{},
					"Nobody": "asked for this",
				},
				map[string]any{},
			},
		},
		"Get-Plain":   {Rows: []any{"a", 5, true, nil, []any{"b", map[string]any{"Status": "c"}}}},
		"Get-Nothing": {},
		"Get-Half": {
			Rows: []any{map[string]any{"Status": "first"}}, Error: "the second\r\nwas not found", ErrorID: "NotFound",
			Class: "Microsoft.Exchange.GetHalf", Exception: "System.UnauthorizedAccessException",
		},
		"Test-Burst":             {Error: "nothing works", Terminating: true},
		"Invoke-MonitoringProbe": {Parameters: []string{"Identity"}, Rows: []any{map[string]any{"Status": "x"}}},
		"Get-Word":               {HostCall: "ReadLine"},
	}
	h.PowerShell = map[string]estate.Endpoint{
		"Microsoft.Exchange": {Path: "/PowerShell/", Cmdlets: cmdlets}, "Same": {Cmdlets: cmdlets},
	}
	return h
}

func exchangeCommand(name string) host.Cmdlet {
	return host.Cmdlet{Endpoint: "Microsoft.Exchange", Name: name, Properties: []string{
		"identity", "Status", "Since", "Latency", "Count", "Paused", "Note", "Odd", "Empty", "States", "None", "Absent", "Value",
	}}
}

func exchangeCommands() []host.Cmdlet {
	queue, wrong, value := exchangeCommand("Get-Queue"), exchangeCommand("Get-Queue"), exchangeCommand("get-queue")
	queue.Switches = []string{"Deep"}
	queue.Params = map[string][]string{"Server": {host.Self}, "Filter": {"'; calc", "$true", "$NULL"}}
	wrong.Params = map[string][]string{"Wrong": {"x"}}
	value.Params = map[string][]string{"ErrorAction": {"Stop"}}
	all := []host.Cmdlet{queue, wrong, value}
	for _, name := range []string{
		"Get-Plain", "Get-Nothing", "Get-Half", "Test-Burst", "Invoke-MonitoringProbe", "Test-Nope",
	} {
		all = append(all, exchangeCommand(name))
	}
	return all
}

// TestBothWaysToExchangeAnswerTheSame asks every command at an endpoint and by the snap-in.
func TestBothWaysToExchangeAnswerTheSame(t *testing.T) {
	server, o := lab(t, mailbox())
	o.SnapIn = true
	s := session(t, o)
	questions := []host.Question{system()}
	for _, c := range exchangeCommands() {
		remote := c
		remote.Endpoint = "Same"
		questions = append(questions, c, remote)
	}
	got, err := s.Ask(t.Context(), questions)
	if err != nil {
		t.Fatal(err)
	}
	some, failures := 0, 0
	for _, c := range exchangeCommands() {
		remote := c
		remote.Endpoint = "Same"
		rows, err := got.To(c)
		want, wanted := got.To(remote)
		if d := cmp.Diff(want, rows); d != "" {
			t.Errorf("%s (-remote +snap-in):\n%s", c, d)
		}
		for name, is := range map[string]error{
			"no command": host.ErrNoCommand, "denied": psrp.ErrDenied, "a parameter": psrp.ErrParameter, "failed": psrp.ErrFailed,
		} {
			if errors.Is(err, is) != errors.Is(wanted, is) {
				t.Errorf("%s: %s: %v, over the endpoint %v", c, name, err, wanted)
			}
		}
		if (err == nil) != (wanted == nil) {
			t.Errorf("%s: %v, over the endpoint %v", c, err, wanted)
		}
		if err != nil {
			failures++
			ours, theirs := errors.Unwrap(err).Error(), errors.Unwrap(wanted).Error()
			if ours != theirs && c.Name != "Test-Nope" { // whose words over the endpoint are PowerShell's
				t.Errorf("%s:\n%s\nover the endpoint:\n%s", c, ours, theirs)
			}
		}
		some += len(rows)
	}
	if some < 9 || failures != 4 {
		t.Errorf("%d rows and %d failures: too few to compare", some, failures)
	}
	if rows, err := got.To(system()); err != nil || len(rows) != 1 {
		t.Errorf("the query beside: %v, error %v", rows, err)
	}
	// One process for the query and all commands of the snap-in, and a pool for the others.
	if sent := server.Stats().Messages; sent["Create"] != 2 || sent["Command"] != 1+len(exchangeCommands()) {
		t.Errorf("messages %v", sent)
	}
}

// What a value looks like, so that not both ways are wrong in the same manner.
func TestSnapInValues(t *testing.T) {
	_, o := lab(t, mailbox())
	o.SnapIn = true
	ask := exchangeCommand("Get-Queue")
	got, err := session(t, o).Ask(t.Context(), []host.Question{ask})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := got.To(ask)
	want := []host.Row{{
		"Identity": {Text: `EX01\Submission`}, "Status": {Text: "Ready"}, "Since": {Text: "2026-11-22T19:00:00.5Z"},
		"Latency": {Text: "PT1.5S"}, "Count": {Text: "2300"}, "Paused": {Text: "false"}, "Note": {Null: true},
		"Odd": {Text: "a <&> \x01 _x0041_ \u00e9\U0001f4e7"}, "Empty": {},
		"States": {List: []string{"@{Requester=Maintenance; State=Active}", "plain"}}, "None": {List: []string{}},
	}, {}}
	if d := cmp.Diff(want, rows); d != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
}

func TestWhatTheSnapInDoesNotAnswer(t *testing.T) {
	change := func(change func(*estate.Endpoint)) func(*estate.Host) {
		return func(h *estate.Host) {
			e := h.PowerShell["Microsoft.Exchange"]
			change(&e)
			h.PowerShell["Microsoft.Exchange"] = e
		}
	}
	cmdlet := func(name string, c estate.Cmdlet) func(*estate.Host) {
		return func(h *estate.Host) { h.PowerShell["Microsoft.Exchange"].Cmdlets[name] = c }
	}
	many := make([]any, 5001)
	for i := range many {
		many[i] = i
	}
	for name, c := range map[string]struct {
		change func(*estate.Host)
		ask    string
		want   string
		is     error
	}{
		"no snap-in": {
			change(func(e *estate.Endpoint) { e.SnapIn = estate.SnapInAbsent }), "Get-Queue",
			"not tried: no snap-in of Exchange is registered on the host", host.ErrNotTried,
		},
		"no Exchange": {
			func(h *estate.Host) { h.PowerShell = nil }, "Get-Queue", "no snap-in of Exchange is registered", host.ErrNotTried,
		},
		"no domain controller": {
			change(func(e *estate.Endpoint) { e.SnapIn = estate.SnapInAlone }), "Get-Queue",
			"check the suitability", psrp.ErrFailed,
		},
		"what may change something": {
			cmdlet("Set-Queue", estate.Cmdlet{}), "Set-Queue", `"Set-Queue" is not asked by the snap-in`, nil,
		},
		"a program":           {nil, "Get-Queue;calc", "it may change something", nil},
		"a question to a man": {nil, "Get-Word", "does not support user interaction", psrp.ErrFailed},
		"too many objects": {
			cmdlet("Get-Many", estate.Cmdlet{Rows: many}), "Get-Many", "more than 5000 objects", psrp.ErrFailed,
		},
		"too much": {
			cmdlet("Get-Much", estate.Cmdlet{Rows: []any{strings.Repeat("x", 4_000_000)}}), "Get-Much",
			"more than 4000000 characters", psrp.ErrFailed,
		},
		"no CLIXML": {cmdlet("Get-Odd", estate.Cmdlet{Garbage: "xml"}), "Get-Odd", `reading the output of "Get-Odd"`, psrp.ErrMalformed},
		"a refusal": {
			func(h *estate.Host) { h.Refuses = map[string]string{"snapin": "out of\r\nmemory"} }, "Get-Queue",
			"out of memory", nil,
		},
		"no PowerShell": {func(h *estate.Host) { h.WinRM.NoPowerShell = true }, "Get-Queue", "not recognized", host.ErrNoPowerShell},
	} {
		t.Run(name, func(t *testing.T) {
			h := mailbox()
			if c.change != nil {
				c.change(&h)
			}
			_, o := lab(t, h)
			o.SnapIn = true
			ask := exchangeCommand(c.ask)
			got, err := session(t, o).Ask(t.Context(), []host.Question{ask, system()})
			if err != nil {
				t.Fatal(err)
			}
			rows, err := got.To(ask)
			if err == nil || len(rows) > 0 || !strings.Contains(err.Error(), c.want) || c.is != nil && !errors.Is(err, c.is) ||
				strings.ContainsAny(err.Error(), "\r\n") || strings.Contains(err.Error(), "0 properties") {
				t.Errorf("%v, error %v", rows, err)
			}
			if rows, err := got.To(system()); err != nil || len(rows) != 1 {
				t.Errorf("the query beside: %v, error %v", rows, err)
			}
		})
	}
}

// A command that hangs costs the answers of the commands after it, and no others.
func TestASnapInCommandThatHangs(t *testing.T) {
	h := mailbox()
	h.PowerShell["Microsoft.Exchange"].Cmdlets["Test-Hang"] = estate.Cmdlet{Endless: true}
	_, o := lab(t, h)
	o.SnapIn = true
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second) // of which the host has one
	defer cancel()
	// In the order of their names, as they are run.
	names := []string{"Get-Nothing", "Test-Hang", "Test-Late"}
	questions := []host.Question{system()}
	for _, name := range names {
		questions = append(questions, exchangeCommand(name))
	}
	answers, err := session(t, o).Ask(ctx, questions)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, q := range questions {
		_, err := answers.To(q)
		got = append(got, fmt.Sprint(errors.Unwrap(err)))
	}
	want := []string{
		"<nil>", "<nil>", "running Test-Hang: not done within 1 s",
		"running Test-Late: not begun: what came before it took all the time",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestExamineExchange(t *testing.T) {
	there := func(h *estate.Host) {
		h.PowerShell = map[string]estate.Endpoint{"Microsoft.Exchange": {Cmdlets: map[string]estate.Cmdlet{
			"Get-ExchangeServer": {
				Parameters: []string{"Identity"},
				Rows:       []any{map[string]any{"Name": "EX01", "AdminDisplayVersion": "Version 15.2 (Build 1544.4)"}},
			},
		}}}
	}
	for name, c := range map[string]struct {
		change           func(*estate.Host)
		state            State
		saw, cause, cure string
	}{
		"it works": {there, Note, ": EX01, Version 15.2 (Build 1544.4)", "RBAC", "endpoint is asked"},
		"none":     {func(*estate.Host) {}, Note, "no snap-in of Exchange", "has no Exchange", "stay unknown"},
		"no second hop": {func(h *estate.Host) {
			there(h)
			e := h.PowerShell["Microsoft.Exchange"]
			e.SnapIn = estate.SnapInAlone
			h.PowerShell["Microsoft.Exchange"] = e
		}, Failed, "check the suitability of server", "second hop", "resource-based constrained delegation"},
		"it does not load": {
			func(h *estate.Host) { h.Refuses = map[string]string{"snapin": "out of memory"} }, Failed,
			"out of memory", "does not load", "Add-PSSnapin",
		},
		"no PowerShell": {func(h *estate.Host) { h.WinRM.NoPowerShell = true }, Skipped, "needs powershell", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, e := clinic(t, c.change)
			e.Options.SnapIn = true
			_, steps := visit(t, e)
			got := steps["exchange"]
			if got.State != c.state || !strings.Contains(got.Saw, c.saw) || !strings.Contains(got.Cause, c.cause) ||
				!strings.Contains(got.Cure, c.cure) {
				t.Errorf("%+v", got)
			}
		})
	}
	_, e := clinic(t, there)
	if _, steps := visit(t, e); steps["exchange"].Saw != "" {
		t.Errorf("%+v, and nobody chose the snap-in", steps["exchange"])
	}
}
