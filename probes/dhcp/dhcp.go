// Package dhcp observes the DHCP server that runs on a Windows host: where it
// serves, its scopes, and how its failover stands.
package dhcp

import (
	"context"
	"net/netip"
	"slices"
	"strings"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/choice"
	"postpatch/probes/internal/gather"
	"postpatch/probes/internal/named"
	"postpatch/probes/internal/note"
	"postpatch/probes/internal/parts"
	"postpatch/probes/internal/role"
)

// Kind is what a suite calls "dhcp". It tells what the server says of itself; that
// clients get addresses only a client can tell. By its own counters one is caught
// that runs and answers nobody, but not one whose counters stand still, too.
var Kind = probes.Define(probes.Kind{
	Name: "dhcp",
	Doc: "The DHCP server on a Windows host, as it sees itself: authorized, bound, scopes, failover; " +
		"only a client's round trip proves that it answers.",
	Item:  "the scope's ID, such as 10.20.0.0; failover/ and the relationship's name; empty for the server as a whole",
	Items: probes.AnyCase,
	Main:  "scope",
	Example: "- dhcp: {}\n" +
		"  expect: {free_percent: \">= 10%\"}\n" +
		"  why: a full scope locks the next client out\n",
	Notes: []string{note.PowerShell},
	Readings: slices.Concat(
		role.Specs("the role DHCP Server, or a scope that the suite names"), serverSpecs(), scopeSpecs(), countSpecs(),
	),
}, params{}, build)

type params struct {
	Scopes []string `param:"scope" absent:"all" doc:"IDs of IPv4 scopes, such as 10.20.0.0."`
	Except []string `param:"except" doc:"IDs of scopes that this check leaves out."`
}

type probe struct{ scopes, except []string }

func build(p params) (probes.Probe, error) {
	built := probe{}
	for _, id := range p.Scopes {
		address, err := netip.ParseAddr(id)
		if err != nil || !address.Is4() || slices.Contains(built.scopes, address.String()) {
			return nil, probes.Fieldf("scope", "want IDs like 10.20.0.0, each once, got %q", id)
		}
		built.scopes = append(built.scopes, address.String())
	}
	for _, id := range p.Except {
		address, err := netip.ParseAddr(id)
		if err != nil || !address.Is4() {
			return nil, probes.Fieldf("except", "want an ID like 10.20.0.0, got %q", id)
		}
		built.except = append(built.except, address.String())
	}
	return built, choice.AllBut(p.Except, "scopes", "scope", p.Scopes)
}

func serverSpecs() []probes.ReadingSpec {
	return []probes.ReadingSpec{
		{
			Name: "authorized", Type: fact.TypeBool, Severity: fact.Fail, Keep: "true",
			Doc: "Whether the domain lets the server serve; one that is not gives no address out.",
		},
		{
			Name: "bindings", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.SameSet}, Severity: fact.Fail,
			Doc: "The addresses of the host at which the server serves.",
		},
		{
			Name: "failover_state", Type: fact.TypeText, Severity: fact.Warn, Keep: "normal",
			Doc: "How the failover stands, in the server's words: normal, communicationinterrupted, partnerdown, recover.",
		},
		{
			Name: "partner", Type: fact.TypeText, Rule: fact.Rule{Op: fact.SameText},
			Doc: "The other server of the failover.",
		},
		{
			Name: "mode", Type: fact.TypeText, Rule: fact.Rule{Op: fact.SameText},
			Doc: "How the two share the work: LoadBalance or HotStandby.",
		},
		{
			Name: "scopes", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.Superset}, Severity: fact.Fail,
			Doc: "The scopes that the failover covers.",
		},
	}
}

func scopeSpecs() []probes.ReadingSpec {
	return []probes.ReadingSpec{
		{
			Name: "state", Type: fact.TypeText, Severity: fact.Fail, Keep: "active",
			Doc: "Whether addresses of the scope are given out: active or inactive.",
		},
		{
			Name: "name", Type: fact.TypeText, Severity: fact.Note,
			Doc: "The name that people gave the scope.",
		},
		{
			Name: "free_percent", Type: fact.TypeInt, Unit: "%", Rule: fact.Rule{Op: fact.Ignore}, Keep: ">= 1%",
			Doc: "How much of the scope is free, rounded down.",
		},
		{
			Name: "free", Type: fact.TypeInt, Of: "addresses", Rule: fact.Rule{Op: fact.Ignore},
			Doc: "How many addresses of the scope are free.",
		},
		{
			Name: "in_use", Type: fact.TypeInt, Of: "addresses", Rule: fact.Rule{Op: fact.Ignore},
			Doc: "How many addresses of the scope are given out.",
		},
	}
}

const service = "DHCPServer"

// collector asks what the module DhcpServer tells. Source of its columns: the
// documentation of the provider's classes under Root\Microsoft\Windows\DHCP.
func collector() host.Collector { return host.Collector{Name: "dhcp"} }

// Questions implements probes.Asker.
func (probe) Questions() []host.Question {
	return []host.Question{role.Question(service), collector()}
}

// Observe implements probes.Probe. What one part does not tell is named in the
// error; the readings of all others are there beside it.
func (p probe) Observe(_ context.Context, t probes.Target) ([]fact.Reading, error) {
	r := &gather.Reader{Answers: t.Answers}
	if !role.Read(r, service) {
		return r.Result()
	}
	rows, ok := r.Some("what the DHCP server says of itself", collector())
	if !ok {
		return r.Result()
	}
	told := parts.Of(r, rows)
	readServer(r, told)
	readCounts(r, told)
	p.readScopes(r, told)
	readFailover(r, told)
	return r.Result()
}

const (
	mostText      = 256
	mostAddresses = 500
)

func readServer(r *gather.Reader, told parts.Parts) {
	// A server outside of a domain needs nobody's leave.
	if row, ok := told.One("server"); ok && gather.True(row, "Joined") {
		told.Bool(row, "Authorized", "authorized")
	}
	if row, ok := told.One("bindings"); ok {
		set, err := named.Set("bindings", gather.List(row, "Addresses"), mostAddresses)
		if err != nil {
			r.Fail("bindings", err)
			return
		}
		r.Add("", "bindings", set)
	}
}

func lower(text string) string { return strings.ToLower(text) }
