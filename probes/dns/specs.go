package dns

import (
	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/internal/inside"
	"postpatch/probes/internal/reach"
)

// partial says that of what a check asks, each item tells what it was asked for: a suite
// that expects a forwarder to answer expects it of no name that must not be there. Whether
// there is an answer all of them tell.
func partial(all []probes.ReadingSpec) []probes.ReadingSpec {
	for i := range all {
		all[i].Partial = all[i].Name != "state"
	}
	return all
}

func specs() []probes.ReadingSpec {
	ignore := fact.Rule{Op: fact.Ignore}
	return []probes.ReadingSpec{
		{
			Name: "state", Type: fact.TypeText, Gate: true, Severity: fact.Fail, Expect: answered,
			Silence: []fact.Value{fact.Text(reach.Refused), fact.Text(reach.NoAnswer), fact.Text(reach.Unreachable)},
			Doc: "What became of the question: answered, refused when no name server listens; where the host asks, too, or " +
				"one of a zone's servers, also no answer, unreachable, or no address. Of a zone's server also not " +
				"authoritative: it answers, and not from that zone.",
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
			Doc: "What is known of why there is no answer; what the host says, when it is the one that asks.",
		},
		inside.ViewsSpec(),
		{
			Name: "edns", Type: fact.TypeBool, Severity: fact.Warn,
			Doc: "Whether the server answers with EDNS, without which an answer by UDP has no more than 512 bytes.",
		},
	}
}

// furtherSpecs are the readings of what is asked for something else than its records.
func furtherSpecs() []probes.ReadingSpec {
	ignore := fact.Rule{Op: fact.Ignore}
	return append([]probes.ReadingSpec{
		{
			Name: "unresolved", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.Subset}, Severity: fact.Fail, Expect: "empty",
			Doc: "Of a domain: the servers that its records name and that have no address.",
		},
		{
			Name: "serial", Type: fact.TypeInt, Of: "a zone's version", Rule: ignore, Evidence: true,
			Doc: "The serial of a zone's SOA at one of its servers.",
		},
		{
			Name: "behind", Type: fact.TypeInt, Of: "versions", Rule: fact.Rule{Op: fact.AtMost}, Severity: fact.Warn,
			Doc: "How far a server's copy of a zone is behind the newest; not told where each is its own primary, as in AD.",
		},
		{
			Name: "recursion", Type: fact.TypeBool, Severity: fact.Fail, Expect: "true",
			Doc: "Whether the server offers to ask others, of names beyond its zones.",
		},
		{
			Name: "forwards", Type: fact.TypeBool, Severity: fact.Fail, Expect: "true",
			Doc: "Whether others answered it just now, for a name below that nobody can have kept.",
		},
		{
			Name: "absence", Type: fact.TypeText, Severity: fact.Fail, Expect: "one of " + nameError + ", " + noData,
			Doc: "Of a name that must not be there: name error, no data, exists, referral where the server sends one to " +
				"others and leaves it open, or another code than these have.",
		},
		{
			Name: "negative_ttl", Type: fact.TypeDuration, Rule: ignore,
			Doc: "How long the answer that nothing is there may be kept.",
		},
	}, signedSpecs()...)
}

func notes() []string {
	return []string{
		"Of a domain: its A; ldap, kerberos and kpasswd; ldap and kerberos of dc._msdcs; ldap of pdc._msdcs.",
		"Of its forest: gc, and ldap of gc._msdcs. Of a site: ldap and kerberos of both, and the global catalogs.",
		"beyond asks for a random name below each name, too: that no cache knows. Neither needs an account.",
		"Only the runner looks whether a domain's servers have addresses, and for beyond whether others answer.",
	}
}
