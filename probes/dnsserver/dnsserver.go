// Package dnsserver observes the DNS server that runs on a Windows host: its zones,
// to whom it forwards, and where it listens.
package dnsserver

import (
	"context"
	"slices"
	"strings"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/choice"
	"postpatch/probes/internal/gather"
	"postpatch/probes/internal/named"
	"postpatch/probes/internal/note"
	"postpatch/probes/internal/role"
)

// Kind is what a suite calls "dnsserver". Serial numbers are left out: each domain
// controller counts its own. Whether the server answers is asked by the kind dns. The
// zones of a domain controller are loaded once the directory has replicated, so the
// kind has that role's time to settle.
var Kind = probes.Define(probes.Kind{
	Name:    "dnsserver",
	Doc:     "The DNS server on a Windows host: its zones, whether they are loaded, its forwarders.",
	Item:    "the zone's name; empty for the server as a whole",
	Items:   probes.HostNames,
	Main:    "zone",
	Settles: "dc",
	Example: "- dnsserver: {}\n" +
		"  expect: {forwarders: \"= 10.0.0.53, 10.0.1.53\"}\n" +
		"  why: a zone that is not loaded takes its names with it\n",
	Notes:    []string{note.WMI},
	Readings: slices.Concat(role.Specs("the role DNS Server, or a zone that the suite names"), specs()),
}, params{}, build)

type params struct {
	Zones  []string `param:"zone" absent:"all but those that Windows makes by itself" doc:"Names of zones."`
	Except []string `param:"except" doc:"Names of zones that this check leaves out."`
}

type probe struct{ zones, except []string }

func build(p params) (probes.Probe, error) {
	built := probe{}
	for _, name := range p.Zones {
		if zone(name) == "" || slices.Contains(built.zones, zone(name)) {
			return nil, probes.Fieldf("zone", "want names of zones, each once, got %q", name)
		}
		built.zones = append(built.zones, zone(name))
	}
	for _, name := range p.Except {
		if zone(name) == "" {
			return nil, probes.Fieldf("except", "want the name of a zone, got %q", name)
		}
		built.except = append(built.except, zone(name))
	}
	return built, choice.AllBut(p.Except, "zones", "zone", p.Zones)
}

// zone writes a zone's name in one form; that of the root is a dot alone.
func zone(name string) string {
	name = strings.ToLower(named.Within(name, mostName))
	if name == root {
		return name
	}
	return strings.TrimSuffix(name, ".")
}

const root = "."

const mostName = 255 // of a name in DNS

func specs() []probes.ReadingSpec {
	return []probes.ReadingSpec{
		{
			Name: "forwarders", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.SameSet},
			Doc: "To whom the server forwards what it does not know.",
		},
		{
			Name: "listens", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.SameSet}, Severity: fact.Fail,
			Doc: "The addresses at which the server is set to listen; all when it is not limited to some.",
		},
		{
			Name: "recursion", Type: fact.TypeBool,
			Doc: "Whether the server asks others for what it does not know.",
		},
		{
			Name: "type", Type: fact.TypeText, Severity: fact.Fail,
			Values: []string{"primary", "secondary", "stub", "forwarder"},
			Doc:    "What the zone is: primary, secondary, stub or forwarder.",
		},
		{
			Name: "integrated", Type: fact.TypeBool,
			Doc: "Whether the zone is kept in Active Directory.",
		},
		{
			Name: "shutdown", Type: fact.TypeBool, Severity: fact.Fail, Keep: "false",
			Doc: "Whether the zone is not served, because it could not be loaded or has expired.",
		},
		{
			Name: "paused", Type: fact.TypeBool, Severity: fact.Fail, Keep: "false",
			Doc: "Whether somebody has paused the zone.",
		},
		{
			Name: "masters", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.SameSet},
			Doc: "From whom a secondary or stub zone comes, or to whom a forwarder leads.",
		},
		{
			Name: "transferred", Type: fact.TypeTime, Rule: fact.Rule{Op: fact.Ignore},
			Doc: "When a secondary zone last came from its master.",
		},
	}
}

const service = "DNS"

// The questions' classes are documented under Root\MicrosoftDNS.
func server() host.WQL {
	return host.WQL{
		Namespace: "root/MicrosoftDNS", Class: "MicrosoftDNS_Server",
		Columns: []string{"Forwarders", "ListenAddresses", "NoRecursion"},
	}
}

func zones() host.WQL {
	return host.WQL{
		Namespace: "root/MicrosoftDNS", Class: "MicrosoftDNS_Zone",
		Columns: []string{
			"Name", "ZoneType", "DsIntegrated", "Paused", "Shutdown", "AutoCreated", "MasterServers", "LastSuccessfulXfr",
		},
	}
}

// Questions implements probes.Asker.
func (probe) Questions() []host.Question {
	return []host.Question{role.Question(service), server(), zones()}
}

// Observe implements probes.Probe. What one class does not tell is named in the
// error; the readings of all others are there beside it.
func (p probe) Observe(_ context.Context, t probes.Target) ([]fact.Reading, error) {
	r := &gather.Reader{Answers: t.Answers}
	if !role.Read(r, service) {
		return r.Result()
	}
	if row, ok := r.One("the DNS server", server()); ok {
		readServer(r, row)
	}
	if rows, ok := r.Rows("zones", zones()); ok {
		p.readZones(r, rows)
	}
	return r.Result()
}

const mostAddresses = 500

func readServer(r *gather.Reader, row host.Row) {
	addresses(r, "", "forwarders", gather.List(row, "Forwarders"))
	listens := gather.List(row, "ListenAddresses")
	if len(listens) == 0 {
		listens = []string{"all"}
	}
	addresses(r, "", "listens", listens)
	if no, known := row.Get("NoRecursion").Bool(); known {
		r.Add("", "recursion", fact.Bool(!no))
	}
}

func addresses(r *gather.Reader, item, reading string, all []string) {
	set, err := named.Set("addresses", all, mostAddresses)
	if err != nil {
		r.Fail(reading, err)
		return
	}
	r.Add(item, reading, set)
}

// readZones makes the readings of the zones that the check looks at. Those that
// Windows makes by itself, for 0, 127 and 255, are nobody's.
func (p probe) readZones(r *gather.Reader, rows []host.Row) {
	var twins named.Twins
	found := map[string]bool{}
	for _, row := range rows {
		name := zone(gather.Text(row, "Name"))
		if name == "" {
			r.Failf("zones", "one has no name")
			continue
		}
		asked := slices.Contains(p.zones, name)
		if len(p.zones) > 0 && !asked || slices.Contains(p.except, name) || gather.True(row, "AutoCreated") && !asked {
			continue
		}
		found[name] = true
		readZone(r, twins.Item(name), row)
	}
	for _, name := range p.zones {
		r.Add(name, "present", fact.Bool(found[name]))
	}
}

func readZone(r *gather.Reader, item string, row host.Row) {
	number, known := gather.Number(row, "ZoneType")
	kind, isKind := kinds()[number]
	if !known || !isKind {
		r.Failf("the zone "+item, "its type is %q", named.Within(row.Get("ZoneType").Text, mostName))
		return
	}
	r.Add(item, "type", fact.Text(kind))
	for _, f := range []struct{ column, reading string }{
		{"DsIntegrated", "integrated"}, {"Shutdown", "shutdown"}, {"Paused", "paused"},
	} {
		value, known := row.Get(f.column).Bool()
		if !known {
			r.Failf("the zone "+item, "%s is %q", f.column, named.Within(row.Get(f.column).Text, mostName))
			continue
		}
		r.Add(item, f.reading, fact.Bool(value))
	}
	if kind == primary {
		return
	}
	addresses(r, item, "masters", gather.List(row, "MasterServers"))
	const year2200 = 7_258_118_400
	if at, known := gather.Number(row, "LastSuccessfulXfr"); known && at > 0 && at < year2200 {
		r.Add(item, "transferred", fact.Time(time.Unix(at, 0).UTC()))
	}
}

const primary = "primary"

// kinds are the values of ZoneType. The documentation gives none for its words; it
// calls the first one, of zones in Active Directory, a type of its own, which is a
// primary one here as it is for everybody else. Source of the rest: the values that
// MS-DNSP 2.2.5.1.1 has in the same order.
func kinds() map[int64]string {
	return map[int64]string{0: primary, 1: primary, 2: "secondary", 3: "stub", 4: "forwarder"}
}
