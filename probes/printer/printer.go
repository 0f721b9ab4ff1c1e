// Package printer observes the print queues, printer drivers and the spooler of a
// Windows host.
package printer

import (
	"context"
	"slices"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/gather"
	"postpatch/probes/internal/role"
	"postpatch/probes/internal/winsvc"
)

// Kind is what a suite calls "printer". It sees the queues of the host and not
// those that the sessions of users bring along. That clients can print is seen
// from a client alone.
var Kind = probes.Define(probes.Kind{
	Name:  "printer",
	Doc:   "Printing: the spooler, the queues with their drivers, ports and shares, and the drivers themselves.",
	Item:  "printer/ and the queue's name; driver/ and the driver's name; empty for the host",
	Items: probes.AnyCase,
	Main:  "except",
	Example: "- printer: {}\n" +
		"  why: every queue has to keep its driver, its port and its share\n",
	Notes:    []string{"WMI alone tells all but rpc_privacy, which needs PowerShell on the host."},
	Readings: slices.Concat(hostSpecs(), queueSpecs(), driverSpecs()),
}, params{Drivers: true}, func(p params) (probes.Probe, error) { return probe(p), nil })

type params struct {
	Except  []string `param:"except" doc:"Queues and drivers that are left out, by name; * stands for anything."`
	Drivers bool     `param:"drivers" doc:"Look at the drivers too."`
}

type probe params

const service = "Spooler"

func hostSpecs() []probes.ReadingSpec {
	return []probes.ReadingSpec{
		{
			Name: "spooler", Type: fact.TypeText, Gate: true, Severity: fact.Fail, Expect: role.Running,
			Doc: "The state of the spooler, or absent; while it does not run, there are no queues to see.",
		},
		{
			Name: "rpc_privacy", Type: fact.TypeText,
			Doc: "RpcAuthnLevelPrivacyEnabled: on, off or default; on, as it is since September 2021, locks out old clients.",
		},
	}
}

func queueSpecs() []probes.ReadingSpec {
	return []probes.ReadingSpec{
		{
			Name: "driver", Type: fact.TypeText, Rule: fact.Rule{Op: fact.SameText}, Severity: fact.Fail,
			Doc: "Of a queue: the name of its driver.",
		},
		{
			Name: "port", Type: fact.TypeText, Rule: fact.Rule{Op: fact.SameText},
			Doc: "Of a queue: the name of its port; WSD for one that Windows named after the device it found.",
		},
		{
			Name: "shared", Type: fact.TypeBool, Severity: fact.Fail,
			Doc: "Of a queue: whether others can use it.",
		},
		{
			Name: "share_name", Type: fact.TypeText, Rule: fact.Rule{Op: fact.SameText}, Severity: fact.Fail,
			Doc: "Of a shared queue: the name by which others use it.",
		},
		{
			Name: "paused", Type: fact.TypeBool, Rule: fact.Rule{Op: fact.Ignore}, Keep: "false",
			Doc: "Of a queue: whether it holds its jobs back, as maintenance may leave it.",
		},
		{
			Name: "state", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore}, Evidence: true,
			Doc: "Of a queue: idle, printing, offline, error and the like; printers that sleep at night are offline.",
		},
	}
}

func driverSpecs() []probes.ReadingSpec {
	return []probes.ReadingSpec{
		{
			Name: "environment", Type: fact.TypeText, Rule: fact.Rule{Op: fact.SameText},
			Doc: "Of a driver: what it is for, such as Windows x64.",
		},
		{
			Name: "version", Type: fact.TypeText, Severity: fact.Note,
			Doc: "Of a driver: its version; those of Windows itself change with patches.",
		},
	}
}

// queues asks a class that every Windows has. Source of its numbers: Microsoft's
// documentation of Win32_Printer.
func queues() host.WQL {
	return host.WQL{Class: "Win32_Printer", Columns: []string{
		"Name", "DriverName", "PortName", "Shared", "ShareName", "ExtendedPrinterStatus", "PrinterState",
		"WorkOffline",
	}}
}

// drivers asks the class behind Get-PrinterDriver, there since Windows Server
// 2012. Win32_PrinterDriver has the generation of a driver in place of its version.
func drivers() host.WQL {
	return host.WQL{
		Namespace: "root/StandardCimv2", Class: "MSFT_PrinterDriver",
		Columns: []string{"Name", "PrinterEnvironment", "DriverVersion"},
	}
}

const privacyValue = "RpcAuthnLevelPrivacyEnabled"

// privacy asks for the hardening of printing over RPC. Source: Microsoft's
// KB4599464, on CVE-2021-1678.
func privacy() host.Collector {
	return host.Collector{Name: "registry", Args: map[string][]string{
		"key": {`HKLM\SYSTEM\CurrentControlSet\Control\Print`}, "values": {privacyValue},
	}}
}

// Questions implements probes.Asker.
func (p probe) Questions() []host.Question {
	all := []host.Question{winsvc.Question(service), queues(), privacy()}
	if p.Drivers {
		all = append(all, drivers())
	}
	return all
}

// Observe implements probes.Probe. Without a spooler, queues and drivers seem
// gone: then only that it does not run is told.
func (p probe) Observe(_ context.Context, t probes.Target) ([]fact.Reading, error) {
	r := &gather.Reader{Answers: t.Answers}
	state, _, known := role.State(r, winsvc.Question(service), service)
	if known {
		r.Add("", "spooler", fact.Text(state))
	}
	readPrivacy(r)
	if known && state == role.Running {
		p.readQueues(r)
		if p.Drivers {
			p.readDrivers(r)
		}
	}
	return r.Result()
}

func readPrivacy(r *gather.Reader) {
	const what = "the registry key Print"
	row, ok := r.One(what, privacy())
	if !ok {
		return
	}
	value := row.Get(privacyValue)
	n, err := value.Int()
	switch {
	case value.Null:
		r.Add("", "rpc_privacy", fact.Text("default"))
	case err != nil:
		r.Failf(what, "%s: %w", privacyValue, err)
	case n == 0:
		r.Add("", "rpc_privacy", fact.Text("off"))
	default:
		r.Add("", "rpc_privacy", fact.Text("on"))
	}
}
