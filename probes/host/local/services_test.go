package local

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/host"
)

func TestServiceRows(t *testing.T) {
	services := []service{
		{
			name: "W3SVC", display: "Web", status: status{kind: 0x20, state: stateRunning, accepts: acceptStop, process: 7},
			config: &config{start: 2, path: `C:\w3.exe -k`, account: "LocalSystem"},
		},
		{name: "Closed", status: status{kind: 0x110, state: stateStopped, exitCode: 1066, specific: 42}},
		{name: "Odd", status: status{kind: 0x50, state: 9}, config: &config{start: 77}},
	}
	q := host.WQL{Class: "win32_service", Namespace: `ROOT\cimv2`, Columns: []string{
		"Name", "State", "StartMode", "startname", "PathName", "ExitCode", "ServiceSpecificExitCode", "ProcessId",
		"ServiceType", "DelayedAutoStart", "Started",
	}}
	allowed, ok := answersServices(q)
	if !ok {
		t.Fatal("the service control manager does not answer it")
	}
	none := host.Cell{Null: true}
	want := []host.Row{
		{
			"Name": text("W3SVC"), "State": text("Running"), "StartMode": text("Auto"), "startname": text("LocalSystem"),
			"PathName": text(`C:\w3.exe -k`), "ExitCode": text("0"), "ServiceSpecificExitCode": text("0"),
			"ProcessId": text("7"), "ServiceType": text("Share Process"), "DelayedAutoStart": none, "Started": text("true"),
		},
		{
			"Name": text("Closed"), "State": text("Stopped"), "StartMode": none, "startname": none, "PathName": none,
			"ExitCode": text("1066"), "ServiceSpecificExitCode": text("42"), "ProcessId": text("0"),
			"ServiceType": text("Own Process"), "DelayedAutoStart": none, "Started": text("false"),
		},
		{
			"Name": text("Odd"), "State": text("Unknown"), "StartMode": text("Unknown"), "startname": text(""),
			"PathName": text(""), "ExitCode": text("0"), "ServiceSpecificExitCode": text("0"), "ProcessId": text("0"),
			"ServiceType": text("Unknown"), "DelayedAutoStart": none, "Started": text("true"),
		},
	}
	if d := cmp.Diff(want, serviceRows(q, services, allowed)); d != "" {
		t.Errorf("rows (-want +got):\n%s", d)
	}
	if want := (parts{config: true, delayed: true}); partsOf(q.Columns) != want {
		t.Errorf("parts %+v", partsOf(q.Columns))
	}
}

func TestWhoAnswersServices(t *testing.T) {
	name := []string{"Name"}
	for title, tt := range map[string]struct {
		q    host.WQL
		want names
		ok   bool
	}{
		"all":                {host.WQL{Columns: name}, nil, true},
		"by name":            {host.WQL{Columns: name, Where: `Name='A' OR name = 'b\'\\c'`}, names{"a": true, `b'\c`: true}, true},
		"by another column":  {host.WQL{Columns: name, Where: "State='Running'"}, nil, false},
		"by a longer name":   {host.WQL{Columns: name, Where: "NameX='a'"}, nil, false},
		"and more":           {host.WQL{Columns: name, Where: "Name='a' AND State='Running'"}, nil, false},
		"no end":             {host.WQL{Columns: name, Where: `Name='a\`}, nil, false},
		"nothing after or":   {host.WQL{Columns: name, Where: "Name='a' OR "}, nil, false},
		"an owner's query":   {host.WQL{Columns: name, Most: 10}, nil, false},
		"an unknown column":  {host.WQL{Columns: []string{"Name", "InstallDate"}}, nil, false},
		"another namespace":  {host.WQL{Columns: name, Namespace: "root/other"}, nil, false},
		"without any column": {host.WQL{}, nil, false},
	} {
		t.Run(title, func(t *testing.T) {
			tt.q.Class = "Win32_Service"
			allowed, ok := answersServices(tt.q)
			if ok != tt.ok {
				t.Fatalf("got %t, want %t", ok, tt.ok)
			}
			if d := cmp.Diff(tt.want, allowed); ok && d != "" {
				t.Errorf("names (-want +got):\n%s", d)
			}
		})
	}
	if _, ok := answersServices(host.WQL{Class: "Win32_Process", Columns: name}); ok {
		t.Error("it answers another class")
	}
}

// FuzzCondition: a name that a probe has quoted is read as it was; nothing else panics.
func FuzzCondition(f *testing.F) {
	for _, seed := range []string{"Spooler", `it's`, `a\b`, "Name='a'", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		_, _ = namesIn(text)
		quoted := strings.ReplaceAll(strings.ReplaceAll(text, `\`, `\\`), `'`, `\'`)
		allowed, ok := namesIn("Name='" + quoted + "'")
		if !ok || len(allowed) != 1 || !allowed.allow(text) {
			t.Errorf("%q became %v, %t", text, allowed, ok)
		}
	})
}
