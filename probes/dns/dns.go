// Package dns observes what name servers answer.
package dns

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/internal/inside"
	"postpatch/probes/internal/note"
	"postpatch/probes/internal/reach"
)

// Kind is what a suite calls "dns".
var Kind = probes.Define(probes.Kind{
	Name: "dns",
	Doc:  "DNS: what a name server answers for names, the host under test unless another is named.",
	Item: "the name and the type: \"www.example.org A\"; with the server's name or address where there are several, " +
		"and \"from host\" where both ask",
	Items:    probes.HostNames,
	Main:     "name",
	Words:    map[string][]string{"from": inside.Views()},
	Example:  "- dns: {name: www.example.org, type: [A, AAAA], server: 10.0.0.53}\n  why: customers\n",
	Notes:    append([]string{note.FromHost, note.FromBoth}, notes()...),
	Readings: partial(append(specs(), furtherSpecs()...)),
}, params{Types: []string{"A"}, Recurse: true, From: inside.Runner}, build)

type params struct {
	Names   []string `param:"name" doc:"The names; an IP address is turned round for type PTR."`
	Types   []string `param:"type" doc:"The types of records of the names: A, AAAA, CNAME, MX, NS, PTR, SOA, SRV, TXT…."`
	Server  string   `param:"server" absent:"the host under test" doc:"The name server, host or host:port."`
	Recurse bool     `param:"recurse" doc:"Whether the server may ask others for the names."`
	From    string   `param:"from" doc:"Who asks; host is the host under test, of its own servers; both ask itself."`
	Domains []string `param:"domain" doc:"Domains of Active Directory, whose records for clients are asked for."`
	Forest  string   `param:"forest" absent:"the domain" doc:"The forest's root, which names the global catalogs."`
	Sites   []string `param:"site" doc:"Sites, whose own records of the domains are asked for, too."`
	Agents  []string `param:"dsa" doc:"GUIDs of domain controllers (NTDS Settings), whose aliases are asked for, too."`
	Zones   []string `param:"zone" doc:"Zones, whose SOA is asked of each of their name servers."`
	Beyond  []string `param:"beyond" doc:"Names in no zone of the server, which it has to find by asking others."`
	Absent  []string `param:"absent" doc:"Names that must not be there."`
	DNSSEC  bool     `param:"dnssec" doc:"Whether the answers have to be signed; the signatures are checked."`
}

const answered = "answered"

// aim is what a question is put for.
type aim int

const (
	records aim = iota // a name's records are compared
	beyond             // others know the name
	absent             // nobody is to know it
)

// question is one name and one type.
type question struct {
	item string
	name string // fully qualified
	kind uint16
	aim  aim
	sign bool // signatures are asked for
	// blind is to be answered whatever the server thinks of the signatures.
	blind bool
}

type probe struct {
	questions []question
	domains   []string // fully qualified, as zones are
	zones     []string
	host      string // of the server; empty for the host under test
	port      int
	recurse   bool
	told      bool // silence is a state: the host tells its own view beside it
}

func build(p params) (probes.Probe, error) {
	built := probe{recurse: p.Recurse}
	from, err := inside.View(p.From)
	if err != nil {
		return nil, err
	}
	if built.host, built.port, err = parseServer(p.Server); err != nil {
		return nil, err
	}
	if err := built.plan(p); err != nil {
		return nil, err
	}
	if from == inside.Host {
		if len(p.Beyond) > 0 { // what was kept passes, and forwarders may be dead
			return nil, probes.Fieldf("beyond", "only the runner asks for what nobody has kept: write from: runner or both")
		}
		return newHostProbe(built, inside.DNSServers)
	}
	if err := inside.CheckNames("server", built.host); err != nil || from != inside.Both {
		return built, err
	}
	own, err := newHostProbe(built, inside.Loopback)
	if err != nil {
		return nil, err
	}
	built.told = true
	return inside.Pair(built, own, inside.ByState(answered, "rcode", "answers")), nil
}

// plan lists what is asked.
func (p *probe) plan(given params) error {
	kinds, err := parseTypes(given.Types)
	if err != nil {
		return err
	}
	for _, name := range given.Names {
		for _, kind := range kinds {
			q := question{item: strings.TrimSpace(name) + " " + dns.TypeToString[kind], kind: kind}
			if q.name, err = parseName(name, kind); err != nil {
				return err
			}
			p.questions = append(p.questions, q)
		}
	}
	if err := p.planDirectory(given); err != nil {
		return err
	}
	if err := p.planFurther(given); err != nil {
		return err
	}
	p.questions = reach.Unique(p.questions)
	for i := range p.questions {
		p.questions[i].sign = given.DNSSEC && p.questions[i].aim == records
	}
	if len(p.questions)+len(p.zones) == 0 {
		return probes.Fieldf("name", "nothing is asked: give name, domain, zone, beyond or absent")
	}
	return nil
}

// planFurther lists what is not asked for its records' sake.
func (p *probe) planFurther(given params) error {
	for _, written := range reach.Unique(given.Zones) {
		zone, err := parseDomain("zone", written)
		if err != nil {
			return err
		}
		p.zones = append(p.zones, zone)
		for _, kind := range []uint16{dns.TypeSOA, dns.TypeNS} {
			p.questions = append(p.questions, question{item: item(zone, kind), name: zone, kind: kind})
		}
	}
	for _, wanted := range []struct {
		field string
		names []string
		aim   aim
	}{{"beyond", given.Beyond, beyond}, {"absent", given.Absent, absent}} {
		for _, written := range wanted.names {
			full, err := parseDomain(wanted.field, written)
			if err != nil {
				return err
			}
			p.questions = append(p.questions, question{
				item: item(full, dns.TypeA) + " " + wanted.field, name: full, kind: dns.TypeA, aim: wanted.aim,
			})
		}
	}
	return nil
}

func item(full string, kind uint16) string { return name(full) + " " + dns.TypeToString[kind] }

// Aims implements probes.Aimer.
func (p probe) Aims() []string { return []string{p.host} }

// Reports implements probes.Chooser.
func (p probe) Reports(reading string) bool {
	asks := func(is func(q question) bool) bool { return slices.ContainsFunc(p.questions, is) }
	switch reading {
	case "views":
		return false
	case "unresolved":
		return len(p.domains) > 0
	case "serial", "behind":
		return len(p.zones) > 0
	case "recursion", "forwards":
		return asks(func(q question) bool { return q.aim == beyond })
	case "absence", "negative_ttl":
		return asks(func(q question) bool { return q.aim == absent })
	case "answers", "authoritative":
		return asks(func(q question) bool { return q.aim == records })
	case "dnssec", "dnssec_days", "validated":
		return asks(func(q question) bool { return q.sign })
	default:
		return true
	}
}

// Observe implements probes.Probe.
func (p probe) Observe(ctx context.Context, t probes.Target) ([]fact.Reading, error) {
	var udps sockets
	defer udps.close()
	at := asker{t, reach.JoinPort(reach.Address(t, p.host), p.port), &udps}
	tasks := make([]task, 0, len(p.questions)+len(p.domains)+len(p.zones))
	for _, q := range p.questions {
		tasks = append(tasks, func() ([]fact.Reading, error) {
			readings, err := p.observe(ctx, at, q)
			if err != nil {
				err = fmt.Errorf("asking %s for %q: %w", at.server, q.item, err)
			}
			return readings, err
		})
	}
	for _, domain := range p.domains {
		tasks = append(tasks, func() ([]fact.Reading, error) { return p.controllers(ctx, at, domain) })
	}
	for _, zone := range p.zones {
		tasks = append(tasks, func() ([]fact.Reading, error) { return p.everywhere(ctx, at, zone) })
	}
	return reach.Each(tasks, func(do task) ([]fact.Reading, error) { return do() })
}

// task is a part of a check that goes on beside the others.
type task func() ([]fact.Reading, error)

func (p probe) observe(ctx context.Context, a asker, q question) ([]fact.Reading, error) {
	if q.aim == beyond {
		return p.observeBeyond(ctx, a, q)
	}
	ask := a.ask
	if p.told {
		ask = a.askBriefly
	}
	got, err := ask(ctx, q, p.recurse || q.aim == absent)
	if err != nil {
		if state := p.state(err); state != "" {
			return []fact.Reading{probes.Read(q.item, "state", fact.Text(state))}, nil
		}
		return nil, err
	}
	readings := q.readings(got)
	if !q.sign {
		return readings, nil
	}
	signed, err := a.signed(ctx, q, got)
	return append(readings, signed...), err
}

// state is what an error means that tells of the server; empty where it tells nothing.
func (p probe) state(err error) string {
	switch state := reach.State(err); {
	case state == reach.Refused:
		return state
	case p.told:
		return inside.StateOf(err)
	default:
		return ""
	}
}

func (q question) readings(got answer) []fact.Reading {
	readings := []fact.Reading{probes.Read(q.item, "state", fact.Text(answered))}
	switch q.aim {
	case absent:
		readings = append(readings, absence(q, got)...)
	case beyond:
		readings = append(readings,
			probes.Read(q.item, "rcode", fact.Text(rcode(got.msg.Rcode))),
			probes.Read(q.item, "count", fact.Int(len(answers(got.msg.Answer, q.kind).Elems()))),
			probes.Read(q.item, "recursion", fact.Bool(got.msg.RecursionAvailable)))
	default:
		records := answers(got.msg.Answer, q.kind)
		readings = append(readings,
			probes.Read(q.item, "rcode", fact.Text(rcode(got.msg.Rcode))),
			probes.Read(q.item, "answers", records),
			probes.Read(q.item, "count", fact.Int(len(records.Elems()))),
			probes.Read(q.item, "authoritative", fact.Bool(got.msg.Authoritative)))
	}
	readings = append(readings,
		probes.Read(q.item, "transport", fact.Text(got.transport)),
		probes.Read(q.item, "latency", fact.Duration(got.latency)))
	if ttl, found := shortest(got.msg.Answer); found {
		readings = append(readings, probes.Read(q.item, "ttl", fact.Duration(ttl)))
	}
	if code := got.msg.Rcode; code == dns.RcodeSuccess || code == dns.RcodeNameError { // others often come without
		readings = append(readings, probes.Read(q.item, "edns", fact.Bool(got.msg.IsEdns0() != nil)))
	}
	return readings
}
