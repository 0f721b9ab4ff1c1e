// Package exchangeclient observes what the programs of Exchange's users get over the web.
package exchangeclient

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/internal/note"
	"postpatch/probes/internal/reach"
	"postpatch/probes/internal/webtalk"
)

// Kind is what a suite calls "exchange_client".
var Kind = probes.Define(probes.Kind{
	Name:  "exchange_client",
	Doc:   "What users' programs get from Exchange over the web: a logon and an answer of each protocol.",
	Item:  "the protocol: ews, owa, mapi…; empty for the server's certificate",
	Words: map[string][]string{"endpoint": append(protocols(), "eas")},
	Main:  "endpoint", Items: probes.AnyCase, Settles: "exchange", Timeout: 30 * time.Second,
	Example: "- exchange_client: [ews, autodiscover, mapi, nspi, owa, activesync]\n" +
		"  why: Outlook, browsers and phones\n",
	Notes: []string{
		"The account is a test mailbox' own: an entry of the credentials file with for: mail.",
		"Its password is shown within TLS alone, to a server whose certificate is good and bears the host's name.",
		"Other names that it may bear, as a load balancer's, the entry has under mail: {names: […]}.",
		"A password that one protocol refuses is shown to no other in the whole run.",
		note.FirstAlone,
		"Through a load balancer, give address: its public name; for a node by itself, server_name: alone.",
		"A logon that cannot be made from here, as where AD FS or a proxy wants it, leaves the check unknown.",
	},
	Readings: append(specs(), reach.CertificateSpecs()...),
}, params{
	Endpoints: protocols(), Port: 443, Login: true,
}, build)

func protocols() []string {
	return []string{ews, autodiscover, autodiscover2, mapi, nspi, owa, activesync, oab}
}

type params struct {
	Endpoints []string `param:"endpoint" doc:"What is asked, as a client of each would; eas is activesync."`
	Address   string   `param:"address" absent:"the host under test" doc:"Where the server is: a load balancer."`
	Port      int      `param:"port" doc:"The port."`
	Name      string   `param:"server_name" absent:"the address" doc:"The public name, of TLS, request and Kerberos."`
	Node      string   `param:"node" absent:"the host, when asked itself" doc:"The server that has to answer."`
	Login     bool     `param:"login" doc:"Whether to log on; otherwise it is enough that Exchange asks for it."`
	Mailbox   string   `param:"mailbox" absent:"the account's own" doc:"The mailbox for Autodiscover, as an address."`
	OAB       string   `param:"oab" doc:"The address book's GUID; with it its oab.xml is fetched."`
}

// The endpoints.
const (
	ews           = "ews"
	autodiscover  = "autodiscover"
	autodiscover2 = "autodiscover_v2"
	mapi          = "mapi"
	nspi          = "nspi"
	owa           = "owa"
	activesync    = "activesync"
	oab           = "oab"
)

// endpoints are the ways to look at each of them.
func endpoints() map[string]func(*visit, context.Context) error {
	return map[string]func(*visit, context.Context) error{
		ews: (*visit).ews, autodiscover: (*visit).autodiscover, autodiscover2: (*visit).autodiscover2,
		mapi: (*visit).mapi, nspi: (*visit).nspi, owa: (*visit).owa, activesync: (*visit).activesync, oab: (*visit).oab,
	}
}

func build(p params) (probes.Probe, error) {
	p.Endpoints = slices.Clone(p.Endpoints)
	for i, endpoint := range p.Endpoints {
		if p.Endpoints[i] = strings.ToLower(endpoint); p.Endpoints[i] == "eas" {
			p.Endpoints[i] = activesync
		}
		if endpoints()[p.Endpoints[i]] == nil {
			return nil, probes.Fieldf("endpoint",
				"must be ews, autodiscover, autodiscover_v2, mapi, nspi, owa, activesync or oab, got %q", endpoint)
		}
	}
	switch {
	case len(p.Endpoints) == 0:
		return nil, probes.Fieldf("endpoint", "the list is empty")
	case strings.ContainsAny(p.Name, "/:? \t\r\n"):
		return nil, probes.Fieldf("server_name", "%q is no name", p.Name)
	case p.Mailbox != "" && !isAddress(p.Mailbox):
		return nil, probes.Fieldf("mailbox", "%q is no mail address", p.Mailbox)
	case strings.Trim(p.OAB, "0123456789abcdefABCDEF-") != "":
		return nil, probes.Fieldf("oab", "%q is no GUID: Get-OfflineAddressBook has it", p.OAB)
	}
	p.Endpoints = reach.Unique(p.Endpoints)
	return probe(p), reach.CheckPorts("port", p.Port)
}

// isAddress says whether a text can stand in a path and in XML as it is.
func isAddress(text string) bool {
	name, domain, found := strings.Cut(text, "@")
	return found && name != "" && domain != "" && !strings.ContainsAny(text, "/?#<>&\"'% \t\r\n\\")
}

type probe params

// Aims implements probes.Aimer.
func (p probe) Aims() []string { return []string{p.Address} }

// Enters implements probes.Entrant.
func (p probe) Enters() string {
	if slices.ContainsFunc(p.Endpoints, p.needsAccount) {
		return webtalk.Use
	}
	return ""
}

// needsAccount says whether an endpoint cannot be looked at without the operator's entry.
func (p probe) needsAccount(endpoint string) bool {
	switch endpoint {
	case autodiscover2:
		return p.Mailbox == "" // only to know the mailbox
	case oab:
		return p.Login && p.OAB != ""
	default:
		return p.Login
	}
}

// Observe implements probes.Probe.
func (p probe) Observe(ctx context.Context, t probes.Target) ([]fact.Reading, error) {
	visits := make([]*visit, len(p.Endpoints))
	for i, endpoint := range p.Endpoints {
		visits[i] = p.visit(t, endpoint)
	}
	readings, err := reach.Each(visits, func(v *visit) ([]fact.Reading, error) {
		defer v.talk.Close()
		err := v.run(ctx)
		return v.readings, err
	})
	for _, v := range visits {
		if state := v.talk.TLS(); state != nil { // all of one name have the same
			trust := reach.Trust{Name: v.name(), Roots: t.Roots}
			return append(reach.CertificateReadings("", *state, trust, time.Now()), readings...), err
		}
	}
	return readings, err
}

func (p probe) visit(t probes.Target, endpoint string) *visit {
	v := &visit{probe: p, target: t, item: endpoint}
	v.talk = webtalk.New(webtalk.Server{
		Target: t, Address: reach.JoinPort(reach.Address(t, p.Address), p.Port), Name: v.name(), Port: p.Port,
	})
	return v
}

// name is what users' programs call the server.
func (v *visit) name() string { return cmp.Or(v.Name, v.Address, reach.Name(v.target)) }

// run looks at one endpoint.
func (v *visit) run(ctx context.Context) error {
	err := endpoints()[v.item](v, ctx)
	switch {
	case err == nil, v.has("state"):
	case errors.Is(err, probes.ErrNotTried):
	default:
		if state := reach.State(err); state == reach.Refused || state == reach.Reset || state == reach.TLSFailed {
			v.add("state", fact.Text(state))
			v.because(err.Error())
			return nil
		}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", v.item, err)
	}
	return nil
}
