package local_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"postpatch/probes/host"
	"postpatch/probes/host/local"
)

// ask puts questions to the machine that the test runs on.
func ask(t *testing.T, questions ...host.Question) host.Answers {
	t.Helper()
	s, err := local.Open(t.Context(), local.Options{})
	if err != nil {
		t.Fatal(err)
	}
	answers, err := s.Ask(t.Context(), questions)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	return answers
}

func one(t *testing.T, answers host.Answers, q host.Question) host.Row {
	t.Helper()
	rows, err := answers.To(q)
	if err != nil || len(rows) == 0 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	return rows[0]
}

func TestWMI(t *testing.T) {
	system := host.WQL{Class: "Win32_OperatingSystem", Columns: []string{"BuildNumber", "LastBootUpTime", "LocalDateTime"}}
	memory := host.WQL{Class: "Win32_ComputerSystem", Columns: []string{"Name", "TotalPhysicalMemory"}}
	noClass := host.WQL{Class: "Win32_NoSuchClass", Columns: []string{"Name"}}
	noSpace := host.WQL{Namespace: "root/nosuch", Class: "Win32_NoSuchClass", Columns: []string{"Name"}}
	many := host.WQL{Class: "Win32_Process", Columns: []string{"ProcessId"}, Most: 1}
	answers := ask(t, system, memory, noClass, noSpace, many)
	row := one(t, answers, system)
	boot, bootErr := row.Get("LastBootUpTime").Time()
	now, nowErr := row.Get("LocalDateTime").Time()
	if bootErr != nil || nowErr != nil || !boot.Before(now) {
		t.Errorf("started %v, now %v: %v, %v", boot, now, bootErr, nowErr)
	}
	if n, err := row.Get("BuildNumber").Int(); err != nil || n < 6000 {
		t.Errorf("build %d, %v", n, err)
	}
	if n, err := one(t, answers, memory).Get("TotalPhysicalMemory").Int(); err != nil || n < 1<<28 {
		t.Errorf("%d bytes of memory, %v", n, err)
	}
	for _, q := range []host.Question{noClass, noSpace} {
		if _, err := answers.To(q); !errors.Is(err, host.ErrNoClass) {
			t.Errorf("%s: %v", q, err)
		}
	}
	if _, err := answers.To(many); err == nil || !strings.Contains(err.Error(), "more than 1 instances") {
		t.Errorf("more instances than were asked for: %v", err)
	}
}

// TestServices: what the service control manager says of one service is what the
// registry says.
func TestServices(t *testing.T) {
	q := host.WQL{Class: "Win32_Service", Where: "Name='eventlog' OR Name='no such'", Columns: []string{
		"Name", "State", "StartMode", "StartName", "PathName", "ExitCode",
	}}
	keys := host.Collector{Name: "servicekeys"}
	image := host.Collector{Name: "registry", Args: map[string][]string{
		"key": {`HKLM\SYSTEM\CurrentControlSet\Services\EventLog`}, "values": {"Start"},
	}}
	answers := ask(t, q, keys, image)
	rows, err := answers.To(q)
	if err != nil || len(rows) != 1 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	if row := rows[0]; row.Get("State").Text != "Running" || row.Get("StartMode").Text != "Auto" ||
		row.Get("ExitCode").Text != "0" || row.Get("StartName").Text == "" || row.Get("PathName").Text == "" {
		t.Errorf("the event log: %v", row)
	}
	if start := one(t, answers, image).Get("Start").Text; start != "2" {
		t.Errorf("it starts by %q", start)
	}
	found, err := answers.To(keys)
	if err != nil || len(found) < 5 || found[0].Get("Name").Text != "" {
		t.Fatalf("%d keys, %v", len(found), err)
	}
	there := slices.ContainsFunc(found, func(r host.Row) bool { return strings.EqualFold(r.Get("Name").Text, "EventLog") })
	if !there {
		t.Error("the event log has no key")
	}
}

func TestNames(t *testing.T) {
	names, err := local.Names()
	if err != nil || len(names) < 2 || names[0] != "localhost" {
		t.Errorf("the machine is called %v, %v", names, err)
	}
}
