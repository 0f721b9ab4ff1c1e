// Package snmp observes values that an SNMP agent tells.
package snmp

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/gosnmp/gosnmp"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/internal/note"
	"postpatch/probes/internal/reach"
)

// Kind is what a suite calls "snmp".
var Kind = probes.Define(probes.Kind{
	Name:  "snmp",
	Doc:   "Values of an SNMP agent, by version 2c or 3: does it answer, and what does it tell.",
	Item:  "the object as the suite writes it, sysName or 1.3.6.1.2.1.1.5.0; empty for the agent itself",
	Items: probes.Exact,
	Main:  "object",
	Words: map[string][]string{"auth": words(auths()), "privacy": words(privacies())},
	Example: "- snmp: {}\n  why: the monitoring sees the server by it\n" +
		"- snmp: 1.3.6.1.2.1.2.2.1.8.1\n  id: snmp/uplink\n  expect: {number: 1}\n",
	Readings: specs(),
	Notes: append([]string{
		"It uses the credentials file's entry with for: snmp: a user of version 3 with one passphrase for all.",
		"An entry without a user has the community of version 2c, which travels readable.",
		"A community that is wrong is not answered at all.",
	}, note.List("Objects with a name:", "And", ", ", names())...),
	Credential: use,
}, params{Port: 161, Objects: []string{"sysDescr", "sysObjectID", "sysName"}, Auth: "sha", Privacy: "aes"}, build)

const (
	use      = "snmp"
	answered = "answered"
	denied   = "denied"
	absent   = "no such object"
	most     = 32 // objects of one check, which one packet asks for
)

type params struct {
	Objects []string `param:"object" doc:"The objects: names, or numbers with the instance at the end."`
	Port    int      `param:"port" doc:"The port."`
	Auth    string   `param:"auth" doc:"How a user of version 3 proves themselves."`
	Privacy string   `param:"privacy" doc:"How version 3 encrypts, or none."`
}

func specs() []probes.ReadingSpec {
	ignore := fact.Rule{Op: fact.Ignore}
	return []probes.ReadingSpec{
		{
			Name: "agent", Type: fact.TypeText, Gate: true, Severity: fact.Fail, Expect: answered,
			Values: []string{answered, denied, reach.Refused}, Silence: []fact.Value{fact.Text(reach.Refused)},
			Doc: "What became of the question: answered, denied (with a reason), or refused when no agent listens.",
		},
		{
			Name: "state", Type: fact.TypeText, Gate: true, Severity: fact.Fail, Keep: answered,
			Values: []string{answered, absent}, Doc: "Whether the agent has the object: answered, or no such object.",
		},
		{Name: "value", Type: fact.TypeText, Doc: "Its value where that is a text, an object, an address, or bytes in hex."},
		{Name: "number", Type: fact.TypeInt, Of: "a value", Doc: "Its value where that is a whole number, such as a state."},
		{
			Name: "gauge", Type: fact.TypeInt, Of: "a value", Rule: ignore,
			Doc: "Its value where that moves by itself: a gauge, a counter.",
		},
		{Name: "duration", Type: fact.TypeDuration, Rule: ignore, Doc: "Its value where that is a time, as sysUpTime is."},
		{Name: "latency", Type: fact.TypeDuration, Rule: ignore, Doc: "How long the answer took."},
		{
			Name: "reason", Type: fact.TypeText, Rule: ignore, Evidence: true, Doc: "Why the agent denies it.",
		},
	}
}

// named are the objects that can be written by name.
func named() map[string]string {
	const system = "1.3.6.1.2.1.1."
	return map[string]string{
		"sysDescr": system + "1.0", "sysObjectID": system + "2.0", "sysUpTime": system + "3.0", "sysContact": system + "4.0",
		"sysName": system + "5.0", "sysLocation": system + "6.0", "ifNumber": "1.3.6.1.2.1.2.1.0",
		"hrSystemUptime": "1.3.6.1.2.1.25.1.1.0", "hrSystemProcesses": "1.3.6.1.2.1.25.1.6.0",
	}
}

func names() []string { return words(named()) }

// words are a map's keys, in order.
func words[T any](of map[string]T) []string { return slices.Sorted(maps.Keys(of)) }

func auths() map[string]gosnmp.SnmpV3AuthProtocol {
	return map[string]gosnmp.SnmpV3AuthProtocol{
		"md5": gosnmp.MD5, "sha": gosnmp.SHA, "sha256": gosnmp.SHA256, "sha512": gosnmp.SHA512,
	}
}

func privacies() map[string]gosnmp.SnmpV3PrivProtocol {
	return map[string]gosnmp.SnmpV3PrivProtocol{
		"none": gosnmp.NoPriv, "des": gosnmp.DES, "aes": gosnmp.AES, "aes256": gosnmp.AES256,
	}
}

// object is what is asked for.
type object struct{ item, oid string }

type probe struct {
	params

	objects []object
}

func build(p params) (probes.Probe, error) {
	built := probe{params: p}
	if err := reach.CheckPorts("port", p.Port); err != nil {
		return nil, err
	}
	if len(p.Objects) == 0 || len(p.Objects) > most {
		return nil, probes.Fieldf("object", "want one to %d objects, got %d", most, len(p.Objects))
	}
	if _, found := auths()[p.Auth]; !found {
		return nil, probes.Fieldf("auth", "must be one of %s, got %q", strings.Join(words(auths()), ", "), p.Auth)
	}
	if _, found := privacies()[p.Privacy]; !found {
		return nil, probes.Fieldf("privacy", "must be one of %s, got %q", strings.Join(words(privacies()), ", "), p.Privacy)
	}
	for _, written := range reach.Unique(p.Objects) {
		oid, found := named()[written]
		if !found {
			oid = strings.TrimPrefix(written, ".")
		}
		if !isOID(oid) {
			return nil, probes.Fieldf("object", "%q is no object: want numbers such as 1.3.6.1.2.1.1.5.0, or one of %s",
				written, strings.Join(names(), ", "))
		}
		built.objects = append(built.objects, object{written, oid})
	}
	return built, nil
}

// isOID says whether a text is the number of an object.
func isOID(text string) bool {
	parts := strings.Split(text, ".")
	for _, part := range parts {
		if _, err := strconv.ParseUint(part, 10, 32); err != nil { // RFC 2578, 3.5
			return false
		}
	}
	return len(parts) >= 3 && len(parts) <= 64 && slices.Contains([]string{"0", "1", "2"}, parts[0])
}

// Observe implements probes.Probe.
func (p probe) Observe(ctx context.Context, t probes.Target) ([]fact.Reading, error) {
	credential, err := t.Credential(use)
	if err != nil {
		return nil, fmt.Errorf("%w: finding the credential: %w", probes.ErrNotTried, err)
	}
	if err := reach.Unproved(t, "the SNMP community or passphrase"); err != nil {
		return nil, err
	}
	address := reach.JoinPort(t.Address, p.Port)
	got, err := p.ask(ctx, t, credential)
	switch why := refusal(err); {
	case err == nil:
	case why != "":
		return []fact.Reading{
			probes.Read("", "agent", fact.Text(denied)), probes.Read("", "reason", fact.Text(why)),
		}, nil
	case reach.State(err) == reach.Refused:
		return []fact.Reading{probes.Read("", "agent", fact.Text(reach.Refused))}, nil
	case errors.Is(err, probes.ErrNoAnswer):
		return nil, fmt.Errorf("asking SNMP at %s: %w; an agent is silent, too, to a community that it does not know",
			address, err)
	default:
		return nil, fmt.Errorf("asking SNMP at %s: %w", address, err)
	}
	readings := []fact.Reading{
		probes.Read("", "agent", fact.Text(answered)), probes.Read("", "latency", fact.Duration(got.latency)),
	}
	for i, o := range p.objects {
		readings = append(readings, values(o.item, got.variables[i])...)
	}
	return readings, nil
}
