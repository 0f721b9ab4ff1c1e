// Package os observes which Windows a host runs, since when, and on which
// machine.
package os

import (
	"context"
	"errors"
	"fmt"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
)

// Kind is what a suite calls "os".
var Kind = probes.Define(probes.Kind{
	Name:    "os",
	Doc:     "The Windows of a host: product, build with its update revision, boot time, machine identity.",
	Item:    "always empty: a host runs one",
	Example: "- os: {}\n  why: tells the reboot and whether the update is really on\n",
	Readings: []probes.ReadingSpec{
		{
			Name: "product", Type: fact.TypeText, Severity: fact.Fail,
			Doc: "Product and edition, as Windows names itself; no patch may change it.",
		},
		{
			Name: "build", Type: fact.TypeText,
			Doc: "Build and update revision, such as 20348.4405: the proof that an update stuck.",
		},
		{
			Name: "install_type", Type: fact.TypeText, Severity: fact.Fail,
			Doc: "Server, Server Core or Client.",
		},
		{
			Name: "boot_time", Type: fact.TypeTime, Rule: fact.Rule{Op: fact.Ignore}, Role: probes.BootTime,
			Doc: "When Windows was started.",
		},
		{
			Name: "name", Type: fact.TypeText, Rule: fact.Rule{Op: fact.SameText}, Severity: fact.Fail,
			Doc: "The computer's name, as it knows itself.",
		},
		{
			Name: "machine", Type: fact.TypeText, Severity: fact.Fail, Role: probes.IdentityRole,
			Doc: "The machine's SMBIOS UUID; absent where the machine has none.",
		},
	},
}, params{}, func(params) (probes.Probe, error) { return probe{}, nil })

type params struct{}

type probe struct{}

const currentVersion = `HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion`

func system() host.WQL {
	return host.WQL{
		Class:   "Win32_OperatingSystem",
		Columns: []string{"Caption", "BuildNumber", "LastBootUpTime", "CSName"},
	}
}

func version() host.Collector {
	return host.Collector{Name: "registry", Args: map[string][]string{
		"key":    {currentVersion},
		"values": {"UBR", "InstallationType"},
	}}
}

// Questions implements probes.Asker.
func (probe) Questions() []host.Question {
	return []host.Question{system(), version(), host.IdentityQuestion()}
}

// Observe implements probes.Probe.
func (probe) Observe(_ context.Context, t probes.Target) ([]fact.Reading, error) {
	row, err := single(t.Answers, system())
	if err != nil {
		return nil, err
	}
	boot, err := row.Get("LastBootUpTime").Time()
	if err != nil {
		return nil, fmt.Errorf("reading the boot time: %w", err)
	}
	readings := []fact.Reading{
		probes.Read("", "product", fact.Text(row.Get("Caption").Text)),
		probes.Read("", "boot_time", fact.Time(boot)),
		probes.Read("", "name", fact.Text(row.Get("CSName").Text)),
	}
	if machine := host.Identity(t.Answers); machine != "" {
		readings = append(readings, probes.Read("", "machine", fact.Text(machine)))
	}
	registry, err := single(t.Answers, version())
	if err != nil {
		return readings, err
	}
	// A build without its revision would hide that an update was rolled back.
	revision, err := registry.Get("UBR").Int()
	if err != nil {
		return readings, fmt.Errorf("reading the update revision: %w", err)
	}
	build := fmt.Sprintf("%s.%d", row.Get("BuildNumber").Text, revision)
	return append(readings,
		probes.Read("", "build", fact.Text(build)),
		probes.Read("", "install_type", fact.Text(registry.Get("InstallationType").Text)),
	), nil
}

func single(answers host.Answers, q host.Question) (host.Row, error) {
	rows, err := answers.To(q)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("asking the host %s: %w", q, errors.New("it answered with no row"))
	}
	return rows[0], nil
}
