package services_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes"
	"postpatch/probes/host"
	"postpatch/probes/services"
)

func service(name, state, mode string) host.Row {
	return host.Row{"Name": {Text: name}, "State": {Text: state}, "StartMode": {Text: mode}}
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
	answers.Put(probe.(probes.Asker).Questions()[0], host.Answer{Rows: rows})
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
		"W3SVC state=running", "Spooler idle_state=stopped", "Fax state=stopped", "sppsvc idle_state=stopped",
		"CDPUserSvc idle_state=stopped", "My_Cafe state=running", "GoogleUpdaterService# idle_state=running",
		"VendorAgent# state=running", "VendorAgent# (2) state=stopped",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("states (-want +got):\n%s", d)
	}
}

func TestNoServicesIsNoAnswer(t *testing.T) {
	if got, err := states(t, nil); err == nil {
		t.Errorf("an empty list gave %v and no error", got)
	}
}
