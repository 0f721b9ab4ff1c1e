package local_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"postpatch/probes/host"
	"postpatch/probes/host/local"
)

// TestMachine asks the machine that the test runs on.
func TestMachine(t *testing.T) {
	s, err := local.Open(t.Context(), local.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close(t.Context()) }()
	services := host.WQL{Class: "Win32_Service", Columns: []string{"Name", "State", "StartMode", "PathName", "ExitCode"}}
	system := host.WQL{Class: "Win32_OperatingSystem", Columns: []string{"BuildNumber", "LastBootUpTime", "LocalDateTime", "NoSuchColumn"}}
	memory := host.WQL{Class: "Win32_ComputerSystem", Columns: []string{"Name", "TotalPhysicalMemory"}}
	nic := host.WQL{Class: "Win32_NetworkAdapterConfiguration", Columns: []string{"IPAddress", "IPEnabled"}}
	disks := host.WQL{Class: "Win32_LogicalDisk", Columns: []string{"DeviceID", "Size", "DriveType"}, Where: "DriveType=3"}
	noClass := host.WQL{Class: "Win32_NoSuchClass", Columns: []string{"Name"}}
	noSpace := host.WQL{Namespace: "root/nosuch", Class: "Win32_NoSuchClass", Columns: []string{"Name"}}
	version := host.Collector{Name: "registry", Args: map[string][]string{
		"key": {`HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion`}, "values": {"ProductName", "CurrentBuildNumber", "No"},
	}}
	keys, pending := host.Collector{Name: "servicekeys"}, host.Collector{Name: "pendingreboot"}
	boots := host.Collector{Name: "boots"}
	all := []host.Question{
		services, system, memory, nic, disks, noClass, noSpace, version, keys, pending, boots, host.IdentityQuestion(),
	}
	answers, err := s.Ask(t.Context(), all)
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range all {
		rows, err := answers.To(q)
		t.Logf("%s\n  %v\n  %d rows %v", q, err, len(rows), rows[:min(len(rows), 3)])
	}
	_ = errors.Is
	_ = slices.Contains[[]string]
	_ = strings.ToLower
	names, err := local.Names()
	t.Log(names, err)
}
