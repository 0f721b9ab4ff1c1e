// Package dns observes what name servers answer.
package dns

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"unicode"

	"github.com/miekg/dns"
	"golang.org/x/net/idna"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/internal/inside"
	"postpatch/probes/internal/note"
	"postpatch/probes/internal/reach"
)

// Kind is what a suite calls "dns".
var Kind = probes.Define(probes.Kind{
	Name:     "dns",
	Doc:      "DNS: what a name server answers for names, the host under test unless another is named.",
	Item:     "the name and the type: \"www.example.org A\"; of several servers that the host knows, with its address",
	Items:    probes.HostNames,
	Main:     "name",
	Words:    map[string][]string{"from": inside.Sides()},
	Example:  "- dns: {name: www.example.org, type: [A, AAAA], server: 10.0.0.53}\n  why: customers\n",
	Notes:    []string{note.FromHost},
	Readings: specs(),
}, params{Types: []string{"A"}, Recurse: true, From: inside.Runner}, build)

type params struct {
	Names   []string `param:"name,required" doc:"The names; an IP address is turned round for type PTR."`
	Types   []string `param:"type" doc:"The types of records: A, AAAA, CNAME, MX, NS, PTR, SOA, SRV, TXT, CAA…."`
	Server  string   `param:"server" absent:"the host under test" doc:"The name server, host or host:port."`
	Recurse bool     `param:"recurse" doc:"Whether the server may ask others."`
	From    string   `param:"from" doc:"Who asks; host is the host under test, of its own servers."`
}

func specs() []probes.ReadingSpec {
	ignore := fact.Rule{Op: fact.Ignore}
	return []probes.ReadingSpec{
		{
			Name: "state", Type: fact.TypeText, Gate: true, Severity: fact.Fail, Expect: answered,
			Silence: []fact.Value{fact.Text(reach.Refused)},
			Doc: "What became of the question: answered, refused when no name server listens, and where the host asks " +
				"no answer, unreachable, or no address.",
		},
		{
			Name: "rcode", Type: fact.TypeText, Severity: fact.Fail, Expect: "NOERROR",
			Doc: "The answer's code: NOERROR, NXDOMAIN, SERVFAIL, REFUSED.",
		},
		{
			Name: "answers", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.SameSet}, Severity: fact.Fail,
			Doc: "The records, in lower case and without the last dot; a SOA without its serial.",
		},
		{Name: "count", Type: fact.TypeInt, Of: "records", Rule: ignore, Doc: "How many records the answer has."},
		{Name: "ttl", Type: fact.TypeDuration, Rule: ignore, Doc: "How long the answer may be kept."},
		{
			Name: "authoritative", Type: fact.TypeBool, Severity: fact.Warn,
			Doc: "Whether the server answers from a zone of its own.",
		},
		{
			Name: "transport", Type: fact.TypeText, Rule: ignore,
			Doc: "How the answer came: udp, or tcp when too long for it.",
		},
		{Name: "latency", Type: fact.TypeDuration, Rule: ignore, Doc: "How long the answer took."},
		{
			Name: "cause", Type: fact.TypeText, Rule: ignore, Evidence: true,
			Doc: "What the host says of a server that did not answer, when it is the one that asks.",
		},
	}
}

const answered = "answered"

// question is one name and one type.
type question struct {
	item string
	name string // fully qualified
	kind uint16
}

type probe struct {
	questions []question
	host      string // of the server; empty for the host under test
	port      int
	recurse   bool
}

func build(p params) (probes.Probe, error) {
	built := probe{recurse: p.Recurse}
	var err error
	if built.host, built.port, err = parseServer(p.Server); err != nil {
		return nil, err
	}
	kinds, err := parseTypes(p.Types)
	if err != nil {
		return nil, err
	}
	for _, name := range p.Names {
		for _, kind := range kinds {
			q := question{item: strings.TrimSpace(name) + " " + dns.TypeToString[kind], kind: kind}
			if q.name, err = parseName(name, kind); err != nil {
				return nil, err
			}
			built.questions = append(built.questions, q)
		}
	}
	built.questions = reach.Unique(built.questions)
	fromHost, err := inside.Check(p.From)
	switch {
	case err != nil:
		return nil, err
	case fromHost:
		return newHostProbe(built)
	}
	return built, inside.CheckNames("server", built.host)
}

// parseTypes refuses what is no type of records: ANY, AXFR and the like.
func parseTypes(types []string) ([]uint16, error) {
	if len(types) == 0 {
		return nil, probes.Fieldf("type", "the list is empty")
	}
	kinds := make([]uint16, 0, len(types))
	for _, written := range types {
		kind, found := dns.StringToType[strings.ToUpper(written)]
		if _, stored := dns.TypeToRR[kind]; !found || !stored || kind == dns.TypeOPT || kind >= 128 && kind < 256 {
			return nil, probes.Fieldf("type", "%q is no type of records", written)
		}
		kinds = append(kinds, kind)
	}
	return kinds, nil
}

// parseName makes the name to ask for: without letters beyond ASCII, and turned
// round when it is the address of a PTR.
func parseName(written string, kind uint16) (string, error) {
	name := strings.TrimSpace(written)
	if kind == dns.TypePTR && net.ParseIP(name) != nil {
		return dns.ReverseAddr(name)
	}
	if strings.ContainsFunc(name, func(r rune) bool { return r > unicode.MaxASCII }) {
		ascii, err := idna.New(idna.MapForLookup(), idna.StrictDomainName(false)).ToASCII(name)
		if err != nil {
			return "", probes.Fieldf("name", "%q is no name: %v", written, err)
		}
		name = ascii
	}
	if _, valid := dns.IsDomainName(name); !valid || name == "" || strings.ContainsAny(name, " \t\r\n") {
		return "", probes.Fieldf("name", "%q is no name", written)
	}
	return dns.Fqdn(name), nil
}

// parseServer reads "host", "host:port", "::1" or "[::1]:53".
func parseServer(written string) (host string, port int, err error) {
	const standard = 53
	if written == "" || net.ParseIP(strings.Trim(written, "[]")) != nil || !strings.Contains(written, ":") {
		return strings.Trim(written, "[]"), standard, nil
	}
	host, text, err := net.SplitHostPort(written)
	if err != nil || host == "" {
		return "", 0, probes.Fieldf("server", "want host or host:port, got %q", written)
	}
	if port, err = strconv.Atoi(text); err != nil {
		return "", 0, probes.Fieldf("server", "want host or host:port, got %q", written)
	}
	return host, port, reach.CheckPorts("server", port)
}

// Aims implements probes.Aimer.
func (p probe) Aims() []string { return []string{p.host} }

// Observe implements probes.Probe.
func (p probe) Observe(ctx context.Context, t probes.Target) ([]fact.Reading, error) {
	server := reach.JoinPort(reach.Address(t, p.host), p.port)
	var udps sockets
	defer udps.close()
	return reach.Each(p.questions, func(q question) ([]fact.Reading, error) {
		readings, err := p.observe(ctx, asker{t, server, &udps}, q)
		if err != nil {
			err = fmt.Errorf("asking %s for %q: %w", server, q.item, err)
		}
		return readings, err
	})
}

func (p probe) observe(ctx context.Context, a asker, q question) ([]fact.Reading, error) {
	got, err := a.ask(ctx, q, p.recurse)
	if err != nil {
		if reach.State(err) == reach.Refused {
			return []fact.Reading{probes.Read(q.item, "state", fact.Text(reach.Refused))}, nil
		}
		return nil, err
	}
	return q.readings(got), nil
}

func (q question) readings(got answer) []fact.Reading {
	records := answers(got.msg.Answer, q.kind)
	readings := []fact.Reading{
		probes.Read(q.item, "state", fact.Text(answered)),
		probes.Read(q.item, "rcode", fact.Text(rcode(got.msg.Rcode))),
		probes.Read(q.item, "answers", records),
		probes.Read(q.item, "count", fact.Int(len(records.Elems()))),
		probes.Read(q.item, "authoritative", fact.Bool(got.msg.Authoritative)),
		probes.Read(q.item, "transport", fact.Text(got.transport)),
		probes.Read(q.item, "latency", fact.Duration(got.latency)),
	}
	if ttl, found := shortest(got.msg.Answer); found {
		readings = append(readings, probes.Read(q.item, "ttl", fact.Duration(ttl)))
	}
	return readings
}
