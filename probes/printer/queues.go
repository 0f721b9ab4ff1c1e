package printer

import (
	"fmt"
	"slices"
	"strings"

	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/gather"
	"postpatch/probes/internal/named"
)

func (p probe) readQueues(r *gather.Reader) {
	const what = "Win32_Printer"
	rows, ok := r.Rows(what, queues())
	if !ok {
		return
	}
	rows = slices.DeleteFunc(slices.Clone(rows), ofSession)
	naming := named.Naming{Prefix: "printer/", Name: named.Column("Name"), Tie: "PortName", Except: p.Except}
	for _, queue := range named.Rows(r, what, rows, naming) {
		if driver := gather.Text(queue.Row, "DriverName"); driver != "" {
			r.Add(queue.Item, "driver", fact.Text(driver))
		} else {
			queue.Odd(r, "DriverName")
		}
		if name := gather.Text(queue.Row, "PortName"); name != "" {
			r.Add(queue.Item, "port", fact.Text(port(name)))
		} else {
			queue.Odd(r, "PortName")
		}
		readShare(r, queue)
		readState(r, queue)
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

func readShare(r *gather.Reader, queue named.Row) {
	shared, known := queue.Get("Shared").Bool()
	if !known {
		queue.Odd(r, "Shared")
		return
	}
	r.Add(queue.Item, "shared", fact.Bool(shared))
	if name := gather.Text(queue.Row, "ShareName"); shared && name != "" {
		r.Add(queue.Item, "share_name", fact.Text(name))
	}
}

func readState(r *gather.Reader, queue named.Row) {
	const paused, offline = "paused", "offline"
	state, known := named.Word(r, queue, "ExtendedPrinterStatus", map[int64]string{
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
	naming := named.Naming{
		Prefix: "driver/", Name: driverName, Tie: "PrinterEnvironment", Except: p.Except,
	}
	for _, driver := range named.Rows(r, what, rows, naming) {
		if environment := gather.Text(driver.Row, "PrinterEnvironment"); environment != "" {
			r.Add(driver.Item, "environment", fact.Text(environment))
		}
		version, known := gather.Number(driver.Row, "DriverVersion")
		if !known {
			driver.Odd(r, "DriverVersion")
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
