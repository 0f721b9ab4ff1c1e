package winrm

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/host"
	"postpatch/probes/host/winrm/psrp"
	"postpatch/probes/lab/estate"
)

// jea is a host with an endpoint that takes commands only.
func jea() estate.Host {
	h := labHost()
	h.PowerShell = map[string]estate.Endpoint{
		"Patch.Verify": {Cmdlets: map[string]estate.Cmdlet{
			"Test-Health": {
				Parameters: []string{"Server", "Deep", "Roles"}, Progress: []string{"looking"}, Warnings: []string{"slow today"},
				Rows: []any{
					map[string]any{"Role": "Mailbox <&>", "Passed": true, "Missing": []any{}, "Running": []any{"a", "b"}, "Note": nil},
					map[string]any{"Role": "Edge", "Passed": false, "Missing": []any{"x"}, "Running": []any{}, "Note": "n"},
				},
			},
			"Get-Half":   {Rows: []any{map[string]any{"Name": "first"}}, Error: "the second was not found"},
			"Test-Burst": {Error: "nothing works", Terminating: true},
			"Read-Word":  {HostCall: "ReadLine", Rows: []any{map[string]any{"Name": "x"}}},
			"Wait-Ever":  {Endless: true},
			"Test-Odd":   {Garbage: "order"},
			"Test-Fall":  {Breaks: "broken"},
		}},
		"Shut":   {Denied: true},
		"Broken": {Broken: true},
	}
	return h
}

func command(name string) host.Cmdlet {
	properties := []string{"Role", "Passed", "Missing", "Running", "Note"}
	return host.Cmdlet{Endpoint: "Patch.Verify", Name: name, Properties: properties}
}

func TestCmdlets(t *testing.T) {
	server, o := lab(t, jea())
	health := command("Test-Health")
	health.Switches, health.Params = []string{"Deep"}, map[string][]string{"Server": {"ex01"}, "Roles": {"a", "b"}}
	questions := []host.Question{health, command("Get-Half"), command("Test-Burst"), command("Test-Nope"), system()}
	s := session(t, o)
	got, err := s.Ask(t.Context(), questions)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := got.To(health)
	want := []host.Row{
		{
			"Role": {Text: "Mailbox <&>"}, "Passed": {Text: "true"}, "Missing": {List: []string{}},
			"Running": {List: []string{"a", "b"}}, "Note": {Null: true},
		},
		{
			"Role": {Text: "Edge"}, "Passed": {Text: "false"}, "Missing": {List: []string{"x"}},
			"Running": {List: []string{}}, "Note": {Text: "n"},
		},
	}
	if d := cmp.Diff(want, rows); d != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
	if rows, err := got.To(command("Get-Half")); len(rows) != 1 || err == nil || !strings.Contains(err.Error(), "second") {
		t.Errorf("half an answer: %v, error %v; want both", rows, err)
	}
	rows, err = got.To(command("Test-Burst"))
	if len(rows) != 0 || err == nil || !strings.Contains(err.Error(), "nothing works") {
		t.Errorf("a burst: %v, error %v", rows, err)
	}
	if _, err := got.To(command("Test-Nope")); !errors.Is(err, host.ErrNoCommand) {
		t.Errorf("a command that is not there: %v", err)
	}
	if rows, err := got.To(system()); err != nil || len(rows) != 1 {
		t.Errorf("the query beside: %v, error %v", rows, err)
	}
	stats := server.Stats()
	sent := stats.Messages
	if sent["Create"] != 1 || sent["Delete"] != 1 || sent["Command"] != 4 || stats.Connections != 1 {
		t.Errorf("%+v, want one pool on one connection", stats)
	}
}

func TestEndpointsThatDoNotAnswer(t *testing.T) {
	for name, c := range map[string]struct {
		ask  host.Cmdlet
		want string
		is   error
	}{
		"no such endpoint":    {host.Cmdlet{Endpoint: "Elsewhere", Name: "a", Properties: []string{"b"}}, "(2150858811)", nil},
		"a closed endpoint":   {host.Cmdlet{Endpoint: "Shut", Name: "a", Properties: []string{"b"}}, "access denied", nil},
		"a broken pool":       {host.Cmdlet{Endpoint: "Broken", Name: "a", Properties: []string{"b"}}, "", psrp.ErrBroken},
		"a question to a man": {command("Read-Word"), "", psrp.ErrHostCall},
		"fragments in a mess": {command("Test-Odd"), "", psrp.ErrOutOfOrder},
		"a pool that falls":   {command("Test-Fall"), "runspace pool", psrp.ErrFailed},
		"no property":         {host.Cmdlet{Endpoint: "Patch.Verify", Name: "Test-Health"}, "propert", nil},
	} {
		t.Run(name, func(t *testing.T) {
			server, o := lab(t, jea())
			s := session(t, o)
			got, err := s.Ask(t.Context(), []host.Question{c.ask, system()})
			if err != nil {
				t.Fatal(err)
			}
			_, err = got.To(c.ask)
			if err == nil || !strings.Contains(err.Error(), c.want) || c.is != nil && !errors.Is(err, c.is) ||
				strings.ContainsAny(err.Error(), "\r\n") {
				t.Errorf("%v, want it to say %q and be %v", err, c.want, c.is)
			}
			if rows, err := got.To(system()); err != nil || len(rows) != 1 {
				t.Errorf("the query beside: %v, error %v", rows, err)
			}
			if err := s.Close(t.Context()); err != nil {
				t.Error(err)
			}
			if n := server.Stats().Pools; n != 0 {
				t.Errorf("%d pools are left", n)
			}
		})
	}
}

func TestCancelledCommandsLeaveNoPool(t *testing.T) {
	server, o := lab(t, jea())
	s := session(t, o)
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	ask := command("Wait-Ever")
	_, err := s.Ask(ctx, []host.Question{ask})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v, want the deadline", err)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if n := server.Stats().Pools; n != 0 {
		t.Errorf("%d pools are left: %v", n, server.Stats().Messages)
	}
}

func TestManyParametersAreSentInPieces(t *testing.T) {
	server, o := lab(t, jea())
	ask := command("Test-Health")
	long := slices.Repeat([]string{strings.Repeat("long ", 2000)}, 40)
	ask.Params = map[string][]string{"Roles": long}
	got, err := session(t, o).Ask(t.Context(), []host.Question{ask})
	if err != nil {
		t.Fatal(err)
	}
	if rows, err := got.To(ask); err != nil || len(rows) != 2 {
		t.Errorf("%d rows, error %v", len(rows), err)
	}
	if n := server.Stats().Messages["Send"]; n == 0 {
		t.Errorf("messages %v, want Sends", fmt.Sprint(server.Stats().Messages))
	}
}
