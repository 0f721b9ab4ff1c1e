// Package rdp observes Remote Desktop as far as one gets without logging on: the way into
// TLS and CredSSP.
package rdp

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"slices"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/internal/reach"
)

// Kind is what a suite calls "rdp".
var Kind = probes.Define(probes.Kind{
	Name:     "rdp",
	Doc:      "Remote Desktop: does it answer, what does it want of clients, with which certificate; nobody logs on.",
	Item:     "the port, or address:port when the suite names an address",
	Items:    probes.HostNames,
	Main:     "port",
	Example:  "- rdp: {}\n  expect: {security: nla, credssp: answers}\n  why: administrators come in by it\n",
	Readings: append(specs(), certificateSpecs()...),
	Notes: []string{
		"It connects twice: once as clients do today, and once as those of before 2006 do, to see if they are let in.",
		"CredSSP is begun and left before any account is shown; Windows writes no failed logon.",
	},
}, params{Ports: []int{3389}}, build)

type params struct {
	Ports      []int  `param:"port" doc:"The ports."`
	Address    string `param:"address" absent:"the host under test" doc:"Where the server is."`
	ServerName string `param:"server_name" absent:"the server's address" doc:"The name in the certificate."`
}

const (
	ready    = "ready"
	declined = "declined"
	answers  = "answers"
	failed   = "failed"
)

func specs() []probes.ReadingSpec {
	ignore := fact.Rule{Op: fact.Ignore}
	return []probes.ReadingSpec{
		{
			Name: "state", Type: fact.TypeText, Gate: true, Severity: fact.Fail, Expect: ready,
			Values:  []string{ready, declined, reach.Refused, reach.Reset, reach.TLSFailed},
			Silence: []fact.Value{fact.Text(reach.Refused)},
			Doc:     "Whether a session could begin: ready, declined (with a reason), refused, reset, or tls failed.",
		},
		{
			Name: "protocol", Type: fact.TypeText, Severity: fact.Warn,
			Doc: "What the server chooses to protect a session: credssp early, credssp, tls, rdp, or rdstls.",
		},
		{
			Name: "security", Type: fact.TypeText, Severity: fact.Fail, Values: []string{"nla", "tls", "rdp"},
			Doc: "The least that it takes: nla where users prove themselves first, tls, or rdp for its own old encryption.",
		},
		{
			Name: "credssp", Type: fact.TypeText, Severity: fact.Fail, Values: []string{answers, failed}, Keep: answers,
			Doc: "Whether CredSSP answers where it was chosen, so that a logon can begin: answers, or failed.",
		},
		{
			Name: "credssp_version", Type: fact.TypeInt, Of: "a version", Severity: fact.Note,
			Doc: "The version of CredSSP; from 5 on it withstands CVE-2018-0886.",
		},
		{Name: "computer", Type: fact.TypeText, Severity: fact.Fail, Doc: "The server's name, by its own account."},
		{
			Name: "build", Type: fact.TypeText, Rule: ignore, Evidence: true,
			Doc: "The Windows that answers, without its update revision: 10.0.20348.",
		},
		{Name: "latency", Type: fact.TypeDuration, Rule: ignore, Doc: "How long the first answer took."},
		{
			Name: "reason", Type: fact.TypeText, Rule: ignore, Evidence: true,
			Doc: "Why something of it failed.",
		},
	}
}

// certificateSpecs are those of all kinds; but Windows makes itself a certificate for
// this that nobody trusts, and a new one before it expires.
func certificateSpecs() []probes.ReadingSpec {
	all := reach.CertificateSpecs()
	for i := range all {
		switch all[i].Name {
		case "certificate":
			all[i].Expect, all[i].Keep = "", reach.Valid
		case "cert_days":
			all[i].Expect = "> 0"
		}
	}
	return all
}

type probe params

func build(p params) (probes.Probe, error) {
	if err := reach.CheckPorts("port", p.Ports...); err != nil {
		return nil, err
	}
	p.Ports = reach.Unique(p.Ports)
	return probe(p), nil
}

// Aims implements probes.Aimer.
func (p probe) Aims() []string { return []string{p.Address} }

// Observe implements probes.Probe.
func (p probe) Observe(ctx context.Context, t probes.Target) ([]fact.Reading, error) {
	return reach.Each(p.Ports, func(port int) ([]fact.Reading, error) {
		v := &visit{
			target: t, address: reach.JoinPort(reach.Address(t, p.Address), port), item: reach.PortItem(p.Address, port),
			name: cmp.Or(p.ServerName, p.Address, reach.Name(t)),
		}
		err := v.run(ctx)
		if len(v.readings) == 0 {
			switch state := reach.State(reach.Cause(ctx, err)); state {
			case reach.Refused, reach.Reset, reach.TLSFailed:
				v.add("state", fact.Text(state))
				return v.readings, nil
			}
		}
		if err != nil {
			err = fmt.Errorf("talking RDP at port %d: %w", port, reach.Cause(ctx, err))
		}
		return v.readings, err
	})
}

// visit is one visit to a port, and what was read there.
type visit struct {
	target              probes.Target
	address, item, name string
	readings            []fact.Reading
}

func (v *visit) add(name string, value fact.Value) {
	v.readings = append(v.readings, probes.Read(v.item, name, value))
}

func (v *visit) because(words string) {
	if !slices.ContainsFunc(v.readings, func(r fact.Reading) bool { return r.Key.Name == "reason" }) {
		v.add("reason", fact.Text(reach.Printable(words, 300)))
	}
}

func (v *visit) run(ctx context.Context) error {
	start := time.Now()
	conn, got, err := v.knock(ctx, protocolTLS|protocolHybrid|protocolEarly)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	latency := time.Since(start)
	switch {
	case got.failed && got.value == failTLSNotAllowed: // the old encryption is all there is
		v.add("state", fact.Text(ready))
		v.add("protocol", fact.Text(protocolName(protocolRDP)))
	case got.failed:
		v.add("state", fact.Text(declined))
		v.because(failureName(got.value))
		v.add("latency", fact.Duration(latency))
		return nil
	case got.value != protocolRDP:
		if err := v.secure(ctx, conn, got.value); err != nil {
			return err
		}
	default:
		v.add("state", fact.Text(ready))
		v.add("protocol", fact.Text(protocolName(protocolRDP)))
	}
	v.add("latency", fact.Duration(latency))
	_ = conn.Close()
	return v.least(ctx)
}

// knock connects and offers protocols.
func (v *visit) knock(ctx context.Context, protocols uint32) (net.Conn, confirm, error) {
	conn, err := reach.Dial(ctx, v.target, "tcp", v.address)
	if err != nil {
		return nil, confirm{}, err
	}
	got, err := confirm{}, error(nil)
	if _, err = conn.Write(request(protocols)); err == nil {
		got, err = readConfirm(conn)
	}
	if err == nil {
		return conn, got, nil
	}
	_ = conn.Close()
	return nil, confirm{}, reach.Cause(ctx, reach.Ended(err))
}

// least finds out what the least is that the server takes.
func (v *visit) least(ctx context.Context) error {
	security := func(word string) { v.add("security", fact.Text(word)) }
	conn, got, err := v.knock(ctx, protocolRDP)
	switch {
	case err != nil && reach.State(err) == reach.Reset: // as those do that know nothing so old
		return v.leastTLS(ctx)
	case err != nil:
		return fmt.Errorf("offering only the old encryption: %w", err)
	}
	_ = conn.Close()
	switch {
	case !got.failed:
		security("rdp")
		return nil
	case got.value == failHybridRequired:
		security("nla")
		return nil
	}
	return v.leastTLS(ctx)
}

// leastTLS tells TLS alone from CredSSP: that the server wants TLS says nothing of more.
func (v *visit) leastTLS(ctx context.Context) error {
	conn, got, err := v.knock(ctx, protocolTLS)
	if err != nil {
		return fmt.Errorf("offering only TLS: %w", err)
	}
	_ = conn.Close()
	switch {
	case !got.failed:
		v.add("security", fact.Text("tls"))
	case got.value == failHybridRequired:
		v.add("security", fact.Text("nla"))
	default:
		v.because("offered only TLS, " + failureName(got.value))
	}
	return nil
}
