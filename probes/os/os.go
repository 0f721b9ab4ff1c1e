// Package os observes which Windows or Linux a host runs, since when and why it was
// started, and on which machine.
package os

import (
	"context"
	"fmt"
	"strings"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/gather"
	"postpatch/probes/internal/named"
)

// Kind is what a suite calls "os".
var Kind = probes.Define(probes.Kind{
	Name:    "os",
	Doc:     "The Windows of a host: product, build with its update revision, starts, crashes, clock, machine identity.",
	Item:    "always empty: a host runs one",
	Items:   probes.NoItems,
	Example: "- os: {}\n  why: tells the reboot and whether the update is really on\n",
	Notes: []string{
		"WMI alone tells product, name, model, machine and all times but boots; the rest needs PowerShell on the host.",
		"For boots and crashes the account has to be in the group Event Log Readers, or an administrator.",
		"A Linux host, asked over SSH, tells all but edition, install_type and what its logs have of starts.",
	},
	Readings: readings(),
}, params{}, func(params) (probes.Probe, error) { return probe{}, nil })

func readings() []probes.ReadingSpec {
	ignore := fact.Rule{Op: fact.Ignore}
	return []probes.ReadingSpec{
		{
			Name: "product", Type: fact.TypeText, Severity: fact.Fail,
			Doc: "Product and edition, as the system names itself, without a point release; no patch may change it.",
		},
		{
			Name: "edition", Type: fact.TypeText, Severity: fact.Fail,
			Doc: "The edition in the registry's word, the same in every language, such as ServerStandard.",
		},
		{
			Name: "build", Type: fact.TypeText,
			Doc: "Build and update revision, such as 20348.4405, or the kernel that runs: the proof that an update stuck.",
		},
		{
			Name: "install_type", Type: fact.TypeText, Severity: fact.Fail,
			Doc: "Server, Server Core or Client.",
		},
		{
			Name: "boot_time", Type: fact.TypeTime, Rule: ignore, Role: probes.BootTime,
			Doc: "When the system was started.",
		},
		{
			Name: "uptime", Type: fact.TypeDuration, Rule: ignore, Role: probes.Uptime,
			Doc: "How long it has been running.",
		},
		{
			Name: "boots", Type: fact.TypeSet, Rule: ignore, Role: probes.Boots,
			Doc: "When and why Windows was started in the last 30 days, as far back as its System log reaches.",
		},
		{
			Name: "crashes", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.Subset}, Severity: fact.Fail,
			Doc: "Bugchecks of the last 30 days, and restarts because a process that Windows cannot be without had died.",
		},
		{
			Name: "unclean_boots", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.Subset}, Severity: fact.Fail,
			Doc: "Starts of the last 30 days after a power loss, a reset or a hang; one since the baseline fails.",
		},
		{
			Name: "clock_skew", Type: fact.TypeDuration, Rule: ignore, Severity: fact.Fail, Expect: "< 5m",
			Role: probes.ClockSkew,
			Doc:  "How far the host's clock is from the clock of the machine that runs postpatch; Kerberos tolerates 5 minutes.",
		},
		{
			Name: "name", Type: fact.TypeText, Rule: fact.Rule{Op: fact.SameText}, Severity: fact.Fail,
			Doc: "The computer's name, as it knows itself.",
		},
		{
			Name: "machine", Type: fact.TypeText, Severity: fact.Fail, Role: probes.IdentityRole,
			Doc: "The machine's SMBIOS UUID; absent where it has none. Of Linux its machine-id.",
		},
		{
			Name: "model", Type: fact.TypeText, Severity: fact.Note,
			Doc: "Who made the machine, and its model: VMware, Inc. VMware7,1.",
		},
		{
			Name: "secure_boot", Type: fact.TypeText,
			Doc: "on, off, or unsupported where the firmware is none that could.",
		},
	}
}

type params struct{}

type probe struct{}

const currentVersion = `HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion`

func system() host.WQL {
	return host.WQL{
		Class:   "Win32_OperatingSystem",
		Columns: []string{"Caption", "BuildNumber", "LastBootUpTime", "LocalDateTime", "CSName"},
	}
}

func version() host.Collector {
	return host.Collector{Name: "registry", Args: map[string][]string{
		"key":    {currentVersion},
		"values": {"UBR", "InstallationType", "EditionID"},
	}}
}

func hardware() host.WQL {
	return host.WQL{Class: "Win32_ComputerSystem", Columns: []string{"Manufacturer", "Model"}}
}

const secureBootEnabled = "UEFISecureBootEnabled"

func secureBoot() host.Collector {
	return host.Collector{Name: "registry", Args: map[string][]string{
		"key": {`HKLM\SYSTEM\CurrentControlSet\Control\SecureBoot\State`}, "values": {secureBootEnabled},
	}}
}

// Questions implements probes.Asker.
func (probe) Questions() []host.Question {
	return []host.Question{system(), version(), host.IdentityQuestion(), events(), hardware(), secureBoot()}
}

// Observe implements probes.Probe.
func (probe) Observe(_ context.Context, t probes.Target) ([]fact.Reading, error) {
	r := &gather.Reader{Answers: t.Answers}
	row, ok := r.One("the operating system", system())
	var boot, now time.Time
	if ok {
		boot, now = clock(r, row)
		r.Add("", "product", fact.Text(row.Get("Caption").Text))
		r.Add("", "name", fact.Text(row.Get("CSName").Text))
	}
	if machine := host.Identity(t.Answers); machine != "" {
		r.Add("", "machine", fact.Text(machine))
	}
	if ok && row.Get("OSType").Text == linux {
		readLinux(r, row)
		return r.Result()
	}
	if registry, there := r.One("the version in the registry", version()); there {
		edition(r, registry)
		// A build without its revision would hide that an update was rolled back.
		if revision, known := gather.Number(registry, "UBR"); !known {
			r.Failf("the update revision", "it is not in the registry")
		} else if ok {
			r.Add("", "build", fact.Text(fmt.Sprintf("%s.%d", row.Get("BuildNumber").Text, revision)))
		}
	}
	starts(r, boot, now)
	machine(r)
	secureBootOf(r)
	return r.Result()
}

// linux is the OSType of CIM_OperatingSystem that a session adds where it is not on
// Windows, whose number is 18.
const linux = "36"

// readLinux reads what a Linux host tells in the columns of Windows and some of its own.
func readLinux(r *gather.Reader, row host.Row) {
	if release := gather.Text(row, "BuildNumber"); release != "" {
		r.Add("", "build", fact.Text(clean(release)))
	} else {
		r.Failf("the kernel's release", "the host did not tell it")
	}
	machine(r)
	if state := gather.Text(row, "SecureBoot"); state != "" {
		r.Add("", "secure_boot", fact.Text(state))
	}
}

// machine reads on what the system runs.
func machine(r *gather.Reader) {
	if row, ok := r.One("the machine", hardware()); ok {
		var words []string
		for _, column := range []string{"Manufacturer", "Model"} {
			words = append(words, strings.Fields(gather.Text(row, column))...)
		}
		if len(words) > 0 {
			r.Add("", "model", fact.Text(clean(strings.Join(words, " "))))
		}
	}
}

// secureBootOf reads what the firmware has told Windows.
func secureBootOf(r *gather.Reader) {
	rows, ok := r.Rows("the state of Secure Boot", secureBoot())
	if !ok {
		return
	}
	text := "unsupported" // without the key, or the value, as on a BIOS
	if len(rows) > 0 && !rows[0].Get(secureBootEnabled).Null {
		switch value, known := gather.Number(rows[0], secureBootEnabled); {
		case known && value == 0:
			text = "off"
		case known && value == 1:
			text = "on"
		default:
			r.Failf("the state of Secure Boot", "the registry holds %.20q", gather.Text(rows[0], secureBootEnabled))
			return
		}
	}
	r.Add("", "secure_boot", fact.Text(text))
}

// clean makes one line of what a firmware tells.
func clean(text string) string { return strings.Map(printable, named.Within(text, 200)) }

// edition reads what the registry says beside the revision.
func edition(r *gather.Reader, registry host.Row) {
	for name, column := range map[string]string{"edition": "EditionID", "install_type": "InstallationType"} {
		if text := gather.Text(registry, column); text != "" {
			r.Add("", name, fact.Text(text))
		} else {
			r.Failf("the "+column, "it is not in the registry")
		}
	}
}

// clock reads the host's boot and its own time; zero where it did not tell.
func clock(r *gather.Reader, row host.Row) (boot, now time.Time) {
	boot, err := row.Get("LastBootUpTime").Time()
	if err != nil {
		r.Fail("the boot time", err)
	} else {
		r.Add("", "boot_time", fact.Time(boot))
	}
	now, err = row.Get("LocalDateTime").Time()
	if err != nil {
		r.Fail("the host's clock", err)
		return boot, now
	}
	if !boot.IsZero() {
		r.Add("", "uptime", fact.Duration(now.Sub(boot)))
	}
	if skew, known := skew(now, r.Answers); known {
		r.Add("", "clock_skew", fact.Duration(skew))
	}
	return boot, now
}

// skew is how far the host's clock is from the time in which it was asked: within
// it, both may be the same.
func skew(now time.Time, answers host.Answers) (skew time.Duration, known bool) {
	switch {
	case answers.Asked.IsZero() || answers.Answered.IsZero():
		return 0, false
	case now.Before(answers.Asked):
		return answers.Asked.Sub(now), true
	case now.After(answers.Answered):
		return now.Sub(answers.Answered), true
	default:
		return 0, true
	}
}
