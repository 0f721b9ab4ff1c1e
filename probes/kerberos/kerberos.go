// Package kerberos observes a KDC, as far as it answers without a password and, with
// the operator's account, whether it gives tickets.
package kerberos

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/internal/reach"
)

// Kind is what a suite calls "kerberos".
var Kind = probes.Define(probes.Kind{
	Name:  "kerberos",
	Doc:   "A domain controller's Kerberos: does it answer by TCP and UDP, with which encryption, does it give tickets.",
	Item:  "empty for the KDC; tcp or udp; a service, as the suite writes it",
	Items: probes.AnyCase, Main: "realm", Settles: "dc",
	Words:    map[string][]string{"transport": transports(), "encryption": kindNames()},
	Readings: specs(),
	Example: "- kerberos: {}\n  why: nobody signs in where port 88 is closed, and no service shows it\n" +
		"- kerberos: {login: true, spn: ['cifs/{{ host.name }}']}\n  id: tickets\n",
	Notes: []string{
		"Without login nothing secret is sent: it asks for a ticket as any client begins to.",
		"That the KDC then wants a proof of the password, pre-authentication, is as it should be.",
		"Each kind of encryption is asked for alone: has the account a key of it, does the KDC let it be used.",
		"login proves the operator's account, by AES alone: credentials with for: [kerberos], a user and a password.",
		"It is one login, at the host itself, and the password is not sent; spn then asks for services' tickets.",
	},
}, params{Transports: transports(), Encryption: []string{"aes256", "aes128", "rc4"}, Port: 88}, build)

// Use is what the credentials for a login are for.
const Use = "kerberos"

type params struct {
	Realm      string   `param:"realm" absent:"the domain in the host's name, in capitals" doc:"The Kerberos realm."`
	Account    string   `param:"account" absent:"the host's own, as DC01$" doc:"Who the ticket is for, without login."`
	Transports []string `param:"transport" doc:"The ways to ask: each has to work by itself."`
	Encryption []string `param:"encryption" doc:"The kinds of encryption that are each asked for."`
	Login      bool     `param:"login" doc:"Whether to log in, with the operator's credential for kerberos."`
	SPNs       []string `param:"spn" doc:"With login: services to ask tickets for, as cifs/dc01.corp.example.org."`
	Address    string   `param:"address" absent:"the host under test" doc:"Where the KDC is."`
	Port       int      `param:"port" doc:"Its port."`
}

type probe struct {
	params

	kinds []kind
}

func transports() []string { return []string{tcp, udp} }

const (
	tcp = "tcp"
	udp = "udp"
)

func build(p params) (probes.Probe, error) {
	built := probe{params: p}
	if err := reach.CheckPorts("port", p.Port); err != nil {
		return nil, err
	}
	for field, name := range map[string]string{"realm": p.Realm, "account": p.Account} {
		if strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || !unicode.IsPrint(r) }) ||
			strings.ContainsAny(name, `@\/`) || len(name) > 255 {
			return nil, probes.Fieldf(field, "%q is no name: the realm stands alone, and so does the account", name)
		}
	}
	if len(p.Transports) == 0 {
		return nil, probes.Fieldf("transport", "the list is empty")
	}
	for _, name := range p.Transports {
		if !slices.Contains(transports(), name) {
			return nil, probes.Fieldf("transport", "must be %s, got %q", strings.Join(transports(), " or "), name)
		}
	}
	for _, name := range reach.Unique(p.Encryption) {
		k, found := kindOf(name)
		if !found {
			return nil, probes.Fieldf("encryption", "must be one of %s, got %q", strings.Join(kindNames(), ", "), name)
		}
		built.kinds = append(built.kinds, k)
	}
	for _, spn := range p.SPNs {
		if !isService(spn) {
			return nil, probes.Fieldf("spn", "want service/host, as cifs/dc01.corp.example.org, got %q", spn)
		}
	}
	if len(p.SPNs) > 0 && !p.Login {
		return nil, probes.Fieldf("spn", "a ticket for a service takes a login: write login: true")
	}
	built.Transports, built.SPNs = reach.Unique(p.Transports), reach.Unique(p.SPNs)
	return built, nil
}

func isService(spn string) bool {
	parts := strings.Split(spn, "/")
	odd := strings.ContainsFunc(spn, func(r rune) bool { return r <= ' ' || r > '~' || r == '@' || r == '\\' })
	return len(parts) >= 2 && len(parts) <= 3 && !slices.Contains(parts, "") && !odd && len(spn) <= 255
}

// Aims implements probes.Aimer.
func (p probe) Aims() []string { return []string{p.Address} }

// EntersAt implements probes.EntrantAt.
func (p probe) EntersAt() string { return p.Address }

// Enters implements probes.Entrant.
func (p probe) Enters() string {
	if p.Login {
		return Use
	}
	return ""
}

// Observe implements probes.Probe.
func (p probe) Observe(ctx context.Context, t probes.Target) ([]fact.Reading, error) {
	host, domain, _ := strings.Cut(strings.TrimSuffix(reach.Name(t), "."), ".")
	v := &visit{
		probe: p, target: t, address: reach.JoinPort(reach.Address(t, p.Address), p.Port),
		realm: cmp.Or(p.Realm, strings.ToUpper(domain)), account: cmp.Or(p.Account, strings.ToUpper(host)+"$"),
	}
	if v.realm == "" {
		return nil, fmt.Errorf("%w: the name %q has no domain to make a realm of: write realm",
			probes.ErrNotTried, reach.Name(t))
	}
	readings, err := v.run(ctx)
	if err != nil {
		err = fmt.Errorf("asking the KDC of %s at %s: %w", v.realm, v.address, reach.Cause(ctx, err))
	}
	return readings, err
}
