// Package ldap observes directories: what a domain controller says of itself, whether it
// takes an account, and what a search finds.
package ldap

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/choice"
	"postpatch/probes/internal/note"
	"postpatch/probes/internal/reach"
)

// use is what the credentials file calls the use of a directory's password.
const use = "ldap"

// The ways to bind.
const (
	anonymous = "anonymous"
	simple    = "simple"
	negotiate = "negotiate"
	kerberos  = "kerberos"
	ntlm      = "ntlm"
)

func binds() []string { return []string{anonymous, simple, negotiate, kerberos, ntlm} }

func scopes() []string { return []string{"base", "one", "subtree"} } // as LDAP numbers them

// Kind is what a suite calls "ldap".
var Kind = probes.Define(probes.Kind{
	Name: "ldap",
	Doc: "Directories: what a domain controller says of itself, with which certificate, whether it takes an account, " +
		"and what a search finds.",
	Item: "the port, or address:port when the suite names an address; entry/ and its key for what a search finds, " +
		"and / and an attribute's name behind that",
	Items: probes.HostNames,
	Main:  "port",
	Example: "- ldap: [389, 636, 3268, 3269]\n" +
		"  why: programs that bind by LDAPS stand still without\n",
	Readings: slices.Concat(specs(), reach.CertificateSpecs(), searchSpecs()),
	Words: map[string][]string{
		"bind": binds(), "scope": scopes(),
	},
	Notes: []string{
		"What a directory says of itself, it says to everybody; bind shows it an account.",
		"That is the credentials file's entry with for: ldap, and a password; of another address, the entry for that.",
		"simple shows the password itself, in TLS alone, to a server whose certificate is good for its name.",
		"negotiate, kerberos and ntlm prove it: sealed without TLS, and bound to the certificate within.",
		note.FirstAlone,
		"A search without bind is anonymous, which Active Directory answers nothing but rootDSE.",
		"Referrals are not followed.",
	},
	Settles: "dc",
}, params{
	Ports: []int{389}, Implicit: []int{636, 3269}, Bind: anonymous, Scope: "subtree",
}, build)

type params struct {
	Ports      []int    `param:"port" doc:"The ports: 389, 636 within TLS, 3268 and 3269 of the global catalog."`
	Address    string   `param:"address" absent:"the host under test" doc:"Where the directory is."`
	Implicit   []int    `param:"implicit_tls" doc:"Those of the ports at which TLS begins at once."`
	StartTLS   bool     `param:"starttls" doc:"Whether to start TLS at the other ports."`
	ServerName string   `param:"server_name" absent:"the server's address" doc:"The name in the certificate."`
	Bind       string   `param:"bind" doc:"How to bind, with the operator's credential for ldap."`
	Filter     string   `param:"filter" absent:"no search" doc:"A filter to search with, such as (sAMAccountName=WEB01$)."`
	Base       string   `param:"base" absent:"the server's default naming context" doc:"Where the search begins."`
	Scope      string   `param:"scope" doc:"How far below the base the search goes."`
	Key        string   `param:"key" absent:"its distinguished name" doc:"The attribute that tells an entry from others."`
	Attributes []string `param:"attributes" doc:"Attributes of the entries to read."`
}

type probe params

func build(p params) (probes.Probe, error) {
	if err := reach.CheckPorts("port", p.Ports...); err != nil {
		return nil, err
	}
	if len(p.Implicit) > 0 {
		if err := reach.CheckPorts("implicit_tls", p.Implicit...); err != nil {
			return nil, err
		}
	}
	p.Ports = reach.Unique(p.Ports)
	if err := choice.Check("bind", binds(), p.Bind); err != nil {
		return nil, err
	}
	if err := choice.Check("scope", scopes(), p.Scope); err != nil {
		return nil, err
	}
	if err := checkSearch(p); err != nil {
		return nil, err
	}
	return probe(p), nil
}

// Aims implements probes.Aimer.
func (p probe) Aims() []string { return []string{p.Address} }

// EntersAt implements probes.EntrantAt.
func (p probe) EntersAt() string { return p.Address }

// Enters implements probes.Entrant.
func (p probe) Enters() string {
	if p.Bind != anonymous {
		return use
	}
	return ""
}

// Reports implements probes.Chooser.
func (p probe) Reports(reading string) bool {
	switch reading {
	case "bind", "bind_time", "bound_by":
		return p.Bind != anonymous
	case "entries", "present", "value", "number":
		return p.Filter != ""
	case "starttls":
		return p.StartTLS
	default:
		return true
	}
}

// Observe implements probes.Probe.
func (p probe) Observe(ctx context.Context, t probes.Target) ([]fact.Reading, error) {
	to := reach.Elsewhere(t, p.Address)
	name := cmp.Or(p.ServerName, p.Address, reach.Name(t))
	return reach.Each(p.Ports, func(port int) ([]fact.Reading, error) {
		v := &visit{
			probe: p, target: to, name: name, port: port, item: reach.PortItem(p.Address, port),
			address: reach.JoinPort(reach.Address(t, p.Address), port),
			led:     func(c host.Credential) bool { return reach.Led(t, p.Address, c) },
		}
		err := reach.Cause(ctx, v.run(ctx))
		if err != nil {
			err = fmt.Errorf("asking the directory at port %d: %w", port, err)
		}
		return v.readings, err
	})
}
