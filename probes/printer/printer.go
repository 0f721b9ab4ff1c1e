// Package printer observes the print queues, printer drivers and the spooler of a
// Windows host.
package printer

import (
	"context"
	"fmt"
	"slices"
	"strings"

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
	Name: "printer",
	Doc:  "Printing: the spooler, the queues with their drivers, ports and shares, and the drivers themselves.",
	Item: "printer/ and the queue's name; driver/ and the driver's name; empty for the host",
	Main: "except",
	Example: "- printer: {}\n" +
		"  why: every queue has to keep its driver, its port and its share\n",
	Readings: slices.Concat(hostSpecs(), queueSpecs(), driverSpecs()),
}, params{Drivers: true}, func(p params) (probes.Probe, error) { return probe(p), nil })

type params struct {
	Except  []string `param:"except" doc:"Names of queues and drivers that this check leaves out; * stands for any characters."`
	Drivers bool     `param:"drivers" doc:"Look at the drivers too."`
}

type probe params

const service = "Spooler"

func hostSpecs() []probes.ReadingSpec {
	return []probes.ReadingSpec{
		{
			Name: "spooler", Type: fact.TypeText, Severity: fact.Fail, Expect: role.Running,
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
	state, _, known := role.Service(r, service)
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

func (p probe) readQueues(r *gather.Reader) {
	const what = "Win32_Printer"
	rows, ok := r.Rows(what, queues())
	if !ok {
		return
	}
	rows = slices.DeleteFunc(slices.Clone(rows), ofSession)
	naming := role.Naming{Prefix: "printer/", Name: role.Column("Name"), Tie: "PortName", Except: p.Except}
	for _, queue := range role.Named(r, what, rows, naming) {
		if driver := gather.Text(queue.Row, "DriverName"); driver != "" {
			r.Add(queue.Item, "driver", fact.Text(driver))
		} else {
			r.Fail(what, queue.Odd("DriverName"))
		}
		if name := gather.Text(queue.Row, "PortName"); name != "" {
			r.Add(queue.Item, "port", fact.Text(port(name)))
		} else {
			r.Fail(what, queue.Odd("PortName"))
		}
		readShare(r, what, queue)
		readState(r, what, queue)
	}
}

// ofSession tells a queue that Remote Desktop brought along for a session: its
// name has the session's number in it, its port is TS001 and the like, in every
// language.
func ofSession(row host.Row) bool {
	number, isTS := strings.CutPrefix(strings.ToUpper(gather.Text(row, "PortName")), "TS")
	return isTS && number != "" && strings.Trim(number, "0123456789") == ""
}

// port leaves out what Windows makes up for a device that it finds anew.
func port(name string) string {
	if strings.HasPrefix(strings.ToUpper(name), "WSD-") {
		return "WSD"
	}
	return name
}

func readShare(r *gather.Reader, what string, queue role.Row) {
	shared, known := queue.Get("Shared").Bool()
	if !known {
		r.Fail(what, queue.Odd("Shared"))
		return
	}
	r.Add(queue.Item, "shared", fact.Bool(shared))
	if name := gather.Text(queue.Row, "ShareName"); shared && name != "" {
		r.Add(queue.Item, "share_name", fact.Text(name))
	}
}

func readState(r *gather.Reader, what string, queue role.Row) {
	const paused, offline = "paused", "offline"
	state, known := role.Word(r, what, queue, "ExtendedPrinterStatus", map[int64]string{
		1: "other", 2: "unknown", 3: "idle", 4: "printing", 5: "warming up", 6: "stopped", 7: offline, 8: paused,
		9: "error", 10: "busy", 11: "not available", 12: "waiting", 13: "processing", 14: "starting",
		15: "power save", 16: "pending deletion", 17: "transferring", 18: "manual feed",
	})
	if !known {
		return
	}
	// PrinterState is documented as a number and filled with bits; 1 is paused by both.
	if n, _ := gather.Number(queue.Row, "PrinterState"); n == 1 {
		state = paused
	}
	r.Add(queue.Item, "paused", fact.Bool(state == paused))
	if state != paused && gather.True(queue.Row, "WorkOffline") {
		state = offline
	}
	r.Add(queue.Item, "state", fact.Text(state))
}

func (p probe) readDrivers(r *gather.Reader) {
	const what = "MSFT_PrinterDriver"
	rows, ok := r.Rows(what, drivers())
	if !ok {
		return
	}
	naming := role.Naming{
		Prefix: "driver/", Name: driverName, Tie: "PrinterEnvironment", Except: p.Except,
	}
	for _, driver := range role.Named(r, what, rows, naming) {
		if environment := gather.Text(driver.Row, "PrinterEnvironment"); environment != "" {
			r.Add(driver.Item, "environment", fact.Text(environment))
		}
		version, known := gather.Number(driver.Row, "DriverVersion")
		if !known {
			r.Fail(what, driver.Odd("DriverVersion"))
			continue
		}
		r.Add(driver.Item, "version", fact.Text(dotted(uint64(version))))
	}
}

// driverName tells the same driver for other machines apart.
func driverName(row host.Row) string {
	name, environment := gather.Text(row, "Name"), gather.Text(row, "PrinterEnvironment")
	if name == "" || environment == "" || environment == "Windows x64" {
		return name
	}
	return name + " for " + environment
}

// dotted writes the four 16-bit parts of a version.
func dotted(v uint64) string {
	return fmt.Sprintf("%d.%d.%d.%d", v>>48, v>>32&0xffff, v>>16&0xffff, v&0xffff)
}
