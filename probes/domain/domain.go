// Package domain observes how a Windows host stands to its domain: whether it
// belongs to one and is trusted by it, which time it keeps, and whether group
// policy reaches it.
package domain

import (
	"context"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/gather"
	"postpatch/probes/internal/named"
	"postpatch/probes/internal/parts"
)

// Kind is what a suite calls "domain". The secure channel is tested on members
// only: on a domain controller Test-ComputerSecureChannel reports errors where
// there are none, and what holds there is replication, which the kind adds reads.
// Whether a network's profile is the domain's is told by the kind network.
var Kind = probes.Define(probes.Kind{
	Name:  "domain",
	Doc:   "How a Windows host stands to its domain: membership, secure channel, site, time, group policy.",
	Item:  "always empty: a host belongs to one domain",
	Items: probes.NoItems,
	Example: "- domain: {}\n" +
		"  expect: {domain: corp.example.org, site: Berlin, domain_skew: \"< 2s\"}\n" +
		"  why: nobody signs in when the trust to the domain is broken\n",
	Notes:    []string{"It needs PowerShell on the host; the membership is told by WMI alone."},
	Readings: append(trustSpecs(), policySpecs()...),
}, params{}, func(params) (probes.Probe, error) { return probe{}, nil })

type params struct{}

type probe struct{}

func trustSpecs() []probes.ReadingSpec {
	return []probes.ReadingSpec{
		{
			Name: "member", Type: fact.TypeBool, Gate: true, Severity: fact.Fail, Expect: "true",
			Doc: "Whether the host belongs to a domain; who writes this check says that it has to.",
		},
		{
			Name: "role", Type: fact.TypeText, Severity: fact.Fail,
			Values: []string{"server", "workstation", "domain controller"},
			Doc:    "What the host is: server, workstation or domain controller.",
		},
		{
			Name: "domain", Type: fact.TypeText, Rule: fact.Rule{Op: fact.SameText}, Severity: fact.Fail,
			Doc: "The domain's DNS name, or the workgroup's name.",
		},
		{
			Name: "secure_channel", Type: fact.TypeBool, Severity: fact.Fail, Expect: "true",
			Doc: "Whether the domain trusts the host's own account, as the host has just tested; of members only.",
		},
		{
			Name: "site", Type: fact.TypeText, Rule: fact.Rule{Op: fact.SameText},
			Doc: "The site of Active Directory where the host takes itself to be.",
		},
		{
			Name: "dc_answers", Type: fact.TypeBool, Gate: true, Severity: fact.Fail, Expect: "true",
			Doc: "Whether a domain controller of the domain answers the host over LDAP.",
		},
		{
			Name: "dc", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore}, Evidence: true,
			Doc: "Which domain controller answered; any may.",
		},
		{
			Name: "dc_error", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore}, Evidence: true,
			Doc: "Why none answered, in the host's words.",
		},
		{
			Name: "domain_skew", Type: fact.TypeDuration, Rule: fact.Rule{Op: fact.Ignore}, Severity: fact.Fail,
			Expect: "< 5m",
			Doc: "How far the host's clock is from that domain controller's, to the second; Kerberos ends at 5 minutes. " +
				"A domain controller is not held against itself.",
		},
		{
			Name: "time_type", Type: fact.TypeText, Rule: fact.Rule{Op: fact.SameText},
			Doc: "From whom the Windows Time service takes the time: NT5DS the domain, NTP its servers, NoSync nobody.",
		},
		{
			Name: "ntp_servers", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.SameText},
			Doc: "The time servers that are set, where it does not take the time from the domain alone.",
		},
		{
			Name: "time_source", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore}, Evidence: true,
			Doc: "From whom the last good time came, where Windows notes it.",
		},
		{
			Name: "time_synced", Type: fact.TypeTime, Rule: fact.Rule{Op: fact.Ignore},
			Doc: "When the last good time came, where Windows notes it.",
		},
	}
}

// computer is the same question for all that ask the class. Source of its values:
// the documentation of Win32_ComputerSystem.
func computer() host.WQL {
	return host.WQL{Class: "Win32_ComputerSystem", Columns: []string{"PartOfDomain", "Domain", "DomainRole"}}
}

func boot() host.WQL {
	return host.WQL{Class: "Win32_OperatingSystem", Columns: []string{"LastBootUpTime"}}
}

func collector() host.Collector { return host.Collector{Name: "domain"} }

// extensions are what the parts of group policy made of it when it was applied
// last. Source: the documentation of RSOP_ExtensionStatus.
func extensions() host.WQL {
	return host.WQL{
		Namespace: "root/rsop/computer", Class: "RSOP_ExtensionStatus",
		Columns: []string{"displayName", "extensionGuid", "error"},
	}
}

// Questions implements probes.Asker.
func (probe) Questions() []host.Question {
	return []host.Question{computer(), boot(), collector(), extensions()}
}

// Observe implements probes.Probe. What one part does not tell is named in the
// error; the readings of all others are there beside it.
func (probe) Observe(_ context.Context, t probes.Target) ([]fact.Reading, error) {
	r := &gather.Reader{Answers: t.Answers}
	is, known := readMember(r)
	if known && !is.member {
		return r.Result()
	}
	rows, ok := r.Some("what the host says of its domain", collector())
	if !ok {
		return r.Result()
	}
	told := parts.Of(r, rows)
	readTime(r, told)
	if known {
		readTrust(r, told, is)
		readPolicy(r, told)
	}
	return r.Result()
}

// standing is what the host is in its domain.
type standing struct{ member, controller bool }

// readMember tells what the host is; of what it does not tell nothing else is made,
// since a member's readings are not a workgroup host's.
func readMember(r *gather.Reader) (is standing, known bool) {
	row, ok := r.One("the computer's role", computer())
	if !ok {
		return standing{}, false
	}
	member, memberKnown := row.Get("PartOfDomain").Bool()
	number, roleKnown := gather.Number(row, "DomainRole")
	name, isRole := roles()[number]
	if !memberKnown || !roleKnown || !isRole {
		r.Failf("the computer's role", "PartOfDomain %q, DomainRole %q",
			named.Within(row.Get("PartOfDomain").Text, mostText), named.Within(row.Get("DomainRole").Text, mostText))
		return standing{}, false
	}
	r.Add("", "member", fact.Bool(member))
	r.Add("", "role", fact.Text(name))
	r.Add("", "domain", fact.Text(named.Within(gather.Text(row, "Domain"), mostText)))
	return standing{member, name == controller}, true
}

const (
	controller = "domain controller"
	mostText   = 256
)

// roles are the values of DomainRole. Which domain controller is the primary one
// moves, so the two kinds read alike.
func roles() map[int64]string {
	return map[int64]string{
		0: "workstation", 1: "workstation", 2: "server", 3: "server", 4: controller, 5: controller,
	}
}
