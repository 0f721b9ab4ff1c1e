package ldap

import (
	"slices"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/internal/cells"
	"postpatch/probes/internal/reach"
)

// What becomes of a visit.
const (
	ready       = "ready"
	failed      = "failed"
	offered     = "offered"
	absent      = "absent"
	ok          = "ok"
	refused     = "refused"
	strong      = "strong auth required"
	unavailable = "unavailable"
	bound       = "bindings wanted"
)

func specs() []probes.ReadingSpec {
	return slices.Concat(visitSpecs(), rootSpecs(), bindSpecs())
}

func visitSpecs() []probes.ReadingSpec {
	ignore := fact.Rule{Op: fact.Ignore}
	return []probes.ReadingSpec{
		{
			Name: "state", Type: fact.TypeText, Gate: true, Severity: fact.Fail, Expect: ready,
			Silence: []fact.Value{fact.Text(reach.Refused)},
			Doc: "Whether the directory answers: ready, refused, reset, tls failed, or the error with which it declines: " +
				"busy, unavailable.",
		},
		{
			Name: "starttls", Type: fact.TypeText, Severity: fact.Fail, Expect: offered,
			Values: []string{offered, absent, failed},
			Doc:    "With starttls: whether TLS can be started: offered, absent, or failed.",
		},
		{
			Name: "latency", Type: fact.TypeDuration, Rule: ignore,
			Doc: "How long rootDSE took to come, from the connection on.",
		},
	}
}

// rootSpecs are what a directory says of itself.
func rootSpecs() []probes.ReadingSpec {
	ignore := fact.Rule{Op: fact.Ignore}
	return []probes.ReadingSpec{
		{
			Name: "synchronized", Type: fact.TypeBool, Severity: fact.Fail, Expect: "true",
			Waits: []fact.Value{fact.Bool(false)},
			Doc:   "isSynchronized: whether a domain controller has caught up with the others since its start.",
		},
		{
			Name: "global_catalog", Type: fact.TypeBool, Severity: fact.Fail, Keep: "true",
			Doc: "isGlobalCatalogReady: whether it serves the global catalog; false where it is none, too.",
		},
		{
			Name: "skew", Type: fact.TypeDuration, Rule: ignore, Severity: fact.Fail, Expect: "< 5m",
			Doc: "How far its clock is from the runner's, to the second; Kerberos tolerates 5 minutes.",
		},
		{
			Name: "dns_host", Type: fact.TypeText, Rule: fact.Rule{Op: fact.SameText}, Severity: fact.Fail,
			Doc: "The DNS name by which it knows itself.",
		},
		{
			Name: "domain", Type: fact.TypeText, Rule: fact.Rule{Op: fact.SameText}, Severity: fact.Fail,
			Doc: "Its default naming context: DC=corp,DC=example.",
		},
		{Name: "site", Type: fact.TypeText, Rule: fact.Rule{Op: fact.SameText}, Doc: "The site in which it is."},
		{
			Name: "domain_level", Type: fact.TypeInt, Of: "a code", Rule: fact.Rule{Op: fact.AtLeast}, Severity: fact.Fail,
			Doc: "The domain's functional level: 7 is Windows Server 2016, 10 is 2025.",
		},
		{
			Name: "forest_level", Type: fact.TypeInt, Of: "a code", Rule: fact.Rule{Op: fact.AtLeast}, Severity: fact.Fail,
			Doc: "The forest's functional level.",
		},
		{
			Name: "dc_level", Type: fact.TypeInt, Of: "a code", Rule: fact.Rule{Op: fact.AtLeast},
			Doc: "The highest level that the domain controller itself can serve.",
		},
		{
			Name: "usn", Type: fact.TypeInt, Of: "changes", Rule: fact.Rule{Op: fact.AtLeast}, Severity: fact.Fail,
			Doc: "highestCommittedUSN: of one domain controller it only grows, unless it was put back to a snapshot.",
		},
		{
			Name: "contexts", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.SameSet}, Severity: fact.Fail,
			Doc: "The naming contexts that it holds.",
		},
		{
			Name: "mechanisms", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.SameSet},
			Doc: "The SASL mechanisms by which it takes accounts.",
		},
	}
}

func bindSpecs() []probes.ReadingSpec {
	ignore := fact.Rule{Op: fact.Ignore}
	return []probes.ReadingSpec{
		{
			Name: "bind", Type: fact.TypeText, Severity: fact.Fail, Expect: ok, Refused: []fact.Value{fact.Text(refused)},
			Doc: "With bind: ok, refused, strong auth required, bindings wanted, unavailable, reset, or the error's name.",
		},
		{
			Name: "bind_time", Type: fact.TypeDuration, Rule: ignore,
			Doc: "With bind: how long it took, with TLS and the connection.",
		},
		{
			Name: "bound_by", Type: fact.TypeText, Values: []string{"simple", "Kerberos", "NTLM"},
			Doc: "With bind: how the account was proved. To fall back from Kerberos to NTLM is drift.",
		},
		{
			Name: "reason", Type: fact.TypeText, Rule: ignore, Evidence: true,
			Doc: "Why something of it failed, in the server's words.",
		},
	}
}

func searchSpecs() []probes.ReadingSpec {
	found := []probes.ReadingSpec{
		{
			Name: "entries", Type: fact.TypeInt, Of: "entries", Rule: fact.Rule{Op: fact.Ignore},
			Doc: "With filter: how many entries the search finds.",
		},
		{Name: "present", Type: fact.TypeBool, Doc: "true of every entry that the search finds."},
	}
	for _, spec := range cells.Specs("What an attribute holds; none when it has no value.", fact.Rule{}) {
		if spec.Name != "elements" {
			found = append(found, spec)
		}
	}
	return found
}
