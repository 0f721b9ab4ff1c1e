package iis

import (
	"fmt"
	"strings"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/gather"
	"postpatch/probes/internal/named"
)

func wholeSpecs() []probes.ReadingSpec {
	return []probes.ReadingSpec{
		{
			Name: "present", Type: fact.TypeBool, Gate: true, Expect: "true", Severity: fact.Fail,
			Doc: "Whether the host has IIS.",
		},
		{
			Name: "web_service", Type: fact.TypeText, Keep: "running", Severity: fact.Fail,
			Doc: "The state of W3SVC, without which no site answers.",
		},
		{
			Name: "activation_service", Type: fact.TypeText, Keep: "running", Severity: fact.Fail,
			Doc: "The state of WAS, which starts the worker processes.",
		},
		{
			Name: "version", Type: fact.TypeText, Severity: fact.Note,
			Doc: "The version of IIS, 10.0; it changes with Windows, never with a patch.",
		},
	}
}

func siteSpecs() []probes.ReadingSpec {
	return []probes.ReadingSpec{
		{
			Name: "state", Type: fact.TypeText, Keep: "started", Severity: fact.Fail,
			Doc: "started, stopped, starting or stopping, of sites with http or https and of pools; " +
				"rapid-fail protection stops a pool.",
		},
		{
			Name: "ftp_state", Type: fact.TypeText, Keep: "started", Severity: fact.Fail,
			Doc: "The same of a site's FTP.",
		},
		{
			Name: "autostart", Type: fact.TypeBool, Severity: fact.Fail,
			Doc: "Whether the site or pool starts with IIS.",
		},
		{
			Name: "config_valid", Type: fact.TypeBool, Keep: "true", Severity: fact.Fail,
			Doc: "Whether IIS can parse the site's web.config; a broken one answers every request with error 500.19.",
		},
		{
			Name: "config_error", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore}, Evidence: true,
			Doc: "What IIS says about a web.config that it cannot parse.",
		},
		{
			Name: "pool", Type: fact.TypeText, Rule: fact.Rule{Op: fact.SameText},
			Doc: "The pool of the site's root application.",
		},
		{
			Name: "path", Type: fact.TypeText, Rule: fact.Rule{Op: fact.SameText},
			Doc: "The folder of the site's root.",
		},
		{
			Name: "runtime", Type: fact.TypeText, Rule: fact.Rule{Op: fact.SameText},
			Doc: "The pool's .NET runtime, v4.0; empty for none.",
		},
		{
			Name: "identity", Type: fact.TypeText, Rule: fact.Rule{Op: fact.SameText},
			Doc: "As whom the pool runs: ApplicationPoolIdentity, LocalSystem, or an account.",
		},
	}
}

// The states are those of the library's ObjectState; FTP has the same as numbers.
func (o *observing) site(row host.Row) {
	name := gather.Text(row, "name")
	item, wanted := o.item("site/" + name)
	if !wanted {
		return
	}
	o.state(item, row, "w3svc")
	o.ftpState(item, row)
	o.shared(item, row)
	if pool := gather.Text(row, "pool"); pool != "" {
		o.Add(item, "pool", fact.Text(pool))
	}
	if path := gather.Text(row, "path"); path != "" {
		o.Add(item, "path", fact.Text(path))
	}
	o.config(item, row)
}

func (o *observing) pool(row host.Row) {
	item, wanted := o.item("pool/" + gather.Text(row, "name"))
	if !wanted {
		return
	}
	if row.Get("state").Null && row.Get("state_problem").Null {
		o.Failf("state of "+named.Line(item), "the host does not tell it")
	}
	o.state(item, row, "was")
	o.shared(item, row)
	if cell := row.Get("runtime"); !cell.Null {
		o.Add(item, "runtime", fact.Text(strings.TrimSpace(cell.Text)))
	}
	identity := gather.Text(row, "identity")
	if user := gather.Text(row, "user"); identity == "SpecificUser" && user != "" {
		identity = user
	}
	if identity != "" {
		o.Add(item, "identity", fact.Text(identity))
	}
}

// state is what the library says. It cannot while the service is stopped, and then
// nothing of it runs.
func (o *observing) state(item string, row host.Row, service string) {
	state := gather.Text(row, "state")
	switch {
	case state != "":
		o.Add(item, "state", fact.Text(word(state)))
	case row.Get("state_problem").Null: // it has no state: a site of FTP or net.tcp alone
	case word(o.host.Get(service).Text) == "stopped":
		o.Add(item, "state", fact.Text("stopped"))
	default:
		o.Fail("state of "+named.Line(item), named.Why(row.Get("state_problem").Text))
	}
}

func (o *observing) ftpState(item string, row host.Row) {
	states := []string{"starting", "started", "stopping", "stopped"}
	n, known := gather.Number(row, "ftp_state")
	switch {
	case known && n >= 0 && int(n) < len(states):
		o.Add(item, "ftp_state", fact.Text(states[n]))
	case !row.Get("ftp_problem").Null && word(o.host.Get("ftpsvc").Text) == "stopped":
		o.Add(item, "ftp_state", fact.Text("stopped"))
	case !row.Get("ftp_problem").Null:
		o.Fail("ftp_state of "+named.Line(item), named.Why(row.Get("ftp_problem").Text))
	case !row.Get("ftp_state").Null:
		o.Failf("ftp_state of "+named.Line(item), "want a state, got %q", named.Line(row.Get("ftp_state").Text))
	}
}

func (o *observing) shared(item string, row host.Row) {
	if on, known := row.Get("autostart").Bool(); known {
		o.Add(item, "autostart", fact.Bool(on))
	} else {
		o.Failf("autostart of "+named.Line(item), "the host does not tell it")
	}
}

// config tells a file that is broken from one that could not be read. The numbers
// are Windows' ERROR_INVALID_DATA, ERROR_ALREADY_EXISTS and ERROR_LOCK_VIOLATION,
// with which IIS refuses a malformed file, an entry that is there twice, and a
// section that a file of its place may not hold.
func (o *observing) config(item string, row host.Row) {
	said := gather.Text(row, "config")
	code := strings.ToUpper(gather.Text(row, "config_code"))
	switch {
	case said == "" && code == "": // not asked for: its folder is on another host
	case said == "read" && code == "":
		o.Add(item, "config_valid", fact.Bool(true))
	case code == "8007000D" || code == "800700B7" || code == "80070021":
		o.Add(item, "config_valid", fact.Bool(false))
		o.Add(item, "config_error", fact.Text(named.Line(said)))
	default:
		o.Fail("config_valid of "+named.Line(item), named.Why(row.Get("config").Text))
	}
}

func version(major, minor int64) fact.Text { return fact.Text(fmt.Sprintf("%d.%d", major, minor)) }

// date reads a time of the host, such as the end of a certificate.
func date(row host.Row, column string) (time.Time, bool) {
	t, err := row.Get(column).Time()
	return t, err == nil
}
