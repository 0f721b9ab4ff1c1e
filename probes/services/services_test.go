package services_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes"
	"postpatch/probes/host"
	"postpatch/probes/probetest"
	"postpatch/probes/services"
)

func service(name, state, mode string) host.Row {
	return host.Row{"Name": {Text: name}, "State": {Text: state}, "StartMode": {Text: mode}}
}

func TestKind(t *testing.T) {
	probetest.Run(t, probetest.Suite{Kind: services.Kind, Healthy: func(t *testing.T) probes.Target {
		probe, err := services.Kind.Build(nil)
		if err != nil {
			t.Fatal(err)
		}
		var answers host.Answers
		questions := probe.(probes.Asker).Questions()
		answers.Put(questions[0], host.Answer{Rows: []host.Row{
			service("W3SVC", "Running", "Auto"), service("Spooler", "Stopped", "Manual"),
		}})
		answers.Put(questions[1], host.Answer{Err: host.ErrNoPowerShell})
		return probes.Target{Answers: answers}
	}})
}

// states runs the kind over the rows and returns "item state=…" for each
// service that it reports.
func states(t *testing.T, args map[string]any, rows ...host.Row) ([]string, error) {
	t.Helper()
	probe, err := services.Kind.Build(args)
	if err != nil {
		t.Fatal(err)
	}
	var answers host.Answers
	questions := probe.(probes.Asker).Questions()
	answers.Put(questions[0], host.Answer{Rows: rows})
	answers.Put(questions[1], host.Answer{Err: host.ErrNoPowerShell})
	readings, err := probe.Observe(t.Context(), probes.Target{Answers: answers})
	var got []string
	for _, r := range readings {
		if r.Key.Name == "state" || r.Key.Name == "idle_state" {
			got = append(got, r.Key.Item+" "+r.Key.Name+"="+r.Value.String())
		}
	}
	return got, err
}

func TestNoiseIsKeptApart(t *testing.T) {
	got, err := states(t, map[string]any{"except": []string{"AGENT"}},
		service("W3SVC", "Running", "Auto"),
		service("Spooler", "Stopped", "Manual"),
		service("Fax", "Stopped", "Disabled"),
		service("sppsvc", "Stopped", "Auto"),
		service("CDPUserSvc", "Stopped", "Manual"),
		service("CDPUserSvc_1a2b3", "Running", "Auto"),
		service("My_Cafe", "Running", "Auto"), // no template: a real name
		service("GoogleUpdaterService131.0.6776.0", "Running", "Auto"),
		service("VendorAgent1.2", "Running", "Auto"),
		service("VendorAgent1.3", "Stopped", "Auto"),
		service("Agent", "Running", "Auto"),
	)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"CDPUserSvc idle_state=stopped", "Fax state=stopped", "GoogleUpdaterService# idle_state=running",
		"My_Cafe state=running", "Spooler idle_state=stopped", "VendorAgent# state=running",
		"VendorAgent# (2) state=stopped", "W3SVC state=running", "sppsvc idle_state=stopped",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("states (-want +got):\n%s", d)
	}
}

func TestOnlyInstancesOfPerUserServicesAreLeftOut(t *testing.T) {
	for name, tt := range map[string]struct {
		rows []string
		want []string
	}{
		"an instance":                   {[]string{"OneSyncSvc", "OneSyncSvc_1a2b3"}, []string{"OneSyncSvc"}},
		"in another case":               {[]string{"cbdhsvc", "CBDHSVC_1A2B3"}, []string{"cbdhsvc"}},
		"of a newer Windows":            {[]string{"PenService", "PenService_4f6e1"}, []string{"PenService"}},
		"a year after a product's name": {[]string{"Agent", "Agent_2019"}, []string{"Agent", "Agent_2019"}},
		"no template beside it":         {[]string{"OneSyncSvc_1a2b3"}, []string{"OneSyncSvc_1a2b3"}},
		"no hexadecimal number": {
			[]string{"WpnUserService", "WpnUserService_tray"}, []string{"WpnUserService", "WpnUserService_tray"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var rows []host.Row
			var want []string
			for _, row := range tt.rows {
				rows = append(rows, service(row, "Running", "Auto"))
			}
			for _, item := range tt.want {
				want = append(want, item+" state=running")
			}
			got, err := states(t, nil, rows...)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("states (-want +got):\n%s", d)
			}
		})
	}
}

func TestDoublesAreNumberedInAnyOrderOfRows(t *testing.T) {
	older, newer := service("Foo 1.2", "Running", "Auto"), service("foo 1.3", "Stopped", "Auto")
	for _, rows := range [][]host.Row{{older, newer}, {newer, older}} {
		got, err := states(t, nil, rows...)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff([]string{"Foo # state=running", "foo # (2) state=stopped"}, got); d != "" {
			t.Errorf("states (-want +got):\n%s", d)
		}
	}
}

func TestNoServicesIsNoAnswer(t *testing.T) {
	if got, err := states(t, nil); err == nil {
		t.Errorf("an empty list gave %v and no error", got)
	}
}
