package kerberos

import (
	"slices"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/internal/reach"
)

func specs() []probes.ReadingSpec { return slices.Concat(kdcSpecs(), encryptionSpecs(), loginSpecs()) }

// encryptionSpecs declare a reading for each kind of encryption.
func encryptionSpecs() []probes.ReadingSpec {
	var all []probes.ReadingSpec
	for _, k := range kinds() {
		all = append(all, probes.ReadingSpec{
			Name: k.reading(), Type: fact.TypeText, Severity: fact.Warn, Keep: offered, Values: []string{offered, missing},
			Doc: "Whether " + k.name + " can be had, of the account or for the service: offered or not offered. " +
				"What was offered at the baseline has to be.",
		})
	}
	return all
}

func kdcSpecs() []probes.ReadingSpec {
	ignore := fact.Rule{Op: fact.Ignore}
	return []probes.ReadingSpec{
		{
			Name: "state", Type: fact.TypeText, Gate: true, Severity: fact.Fail, Expect: answered,
			Values:  []string{answered, reach.Refused, reach.Reset, reach.NoAnswer, reach.Unreachable},
			Silence: []fact.Value{fact.Text(reach.Refused), fact.Text(reach.NoAnswer), fact.Text(reach.Unreachable)},
			Doc: "What became of the question, by TCP and by UDP, and of the best of them: answered, refused when nothing " +
				"listens, reset, no answer (a firewall drops), or unreachable.",
		},
		{
			Name: "answer", Type: fact.TypeText, Severity: fact.Fail, Gate: true, Expect: "one of " + wantsProof + ", ticket",
			Doc: "What the KDC says when a ticket is asked for without a password: pre-authentication required, which is " +
				"as it should be; ticket, of an account that needs none; unknown account; account disabled; no common " +
				"encryption; wrong realm; unavailable; or the number of another error.",
		},
		{
			Name: "skew", Type: fact.TypeDuration, Rule: ignore, Severity: fact.Fail, Expect: "< 5m",
			Doc: "How far the KDC's clock is from the clock of the machine that runs postpatch; Kerberos tolerates 5 minutes.",
		},
		{Name: "latency", Type: fact.TypeDuration, Rule: ignore, Doc: "How long the answer took."},
		{
			Name: "reason", Type: fact.TypeText, Rule: ignore, Evidence: true,
			Doc: "Why something of it failed, in words.",
		},
	}
}

func loginSpecs() []probes.ReadingSpec {
	return []probes.ReadingSpec{
		{
			Name: "login", Type: fact.TypeText, Severity: fact.Fail, Expect: ok, Values: []string{ok, refused, unavailable},
			Refused: []fact.Value{fact.Text(refused)},
			Doc: "With login: ok when the KDC gave a first ticket, refused, or unavailable when it cannot verify the " +
				"account just now.",
		},
		{
			Name: "login_time", Type: fact.TypeDuration, Rule: fact.Rule{Op: fact.Ignore}, Doc: "How long the login took.",
		},
		{
			Name: "ticket", Type: fact.TypeText, Gate: true, Severity: fact.Fail, Expect: granted,
			Doc: "With spn: granted; unknown service when no account holds that name any more; several accounts; no common " +
				"encryption; other realm; or the number of another error.",
		},
		{
			Name: "ticket_encryption", Type: fact.TypeText, Severity: fact.Warn,
			Doc: "With which key of the service its ticket is sealed: aes256, aes128, rc4.",
		},
		{
			Name: "session_encryption", Type: fact.TypeText, Severity: fact.Warn,
			Doc: "Of which kind the key is that client and service share.",
		},
	}
}
