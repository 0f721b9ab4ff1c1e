package exchangeclient

import (
	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/internal/reach"
)

// What is found.
const (
	ok           = "ok"
	failed       = "error"
	loginRefused = "login refused"
)

func specs() []probes.ReadingSpec {
	ignore := fact.Rule{Op: fact.Ignore}
	return []probes.ReadingSpec{
		{
			Name: "state", Type: fact.TypeText, Gate: true, Severity: fact.Fail, Expect: ok,
			Values:  []string{"ok", "login refused", "error", "refused", "reset", "tls failed"},
			Silence: []fact.Value{fact.Text(reach.Refused)},
			Doc: "Whether the account is let in and the protocol answers as it should: ok, login refused, error (any other " +
				"answer; reason says which), refused, reset, or tls failed.",
		},
		{
			Name: "auth", Type: fact.TypeText, Severity: fact.Note,
			Values: []string{"Kerberos", "NTLM", "Basic", "forms"},
			Doc:    "How the account was proved: Kerberos, NTLM, Basic or forms.",
		},
		{
			Name: "schemes", Type: fact.TypeSet,
			Doc: "The ways to log on that the server offers: Negotiate, NTLM, Basic, Bearer, Digest.",
		},
		{
			Name: "status", Type: fact.TypeInt, Of: "HTTP status", Rule: ignore,
			Doc: "The status code of the last answer; what it means is in state.",
		},
		{
			Name: "answer", Type: fact.TypeText, Rule: ignore, Evidence: true,
			Doc: "What the protocol itself says: NoError of EWS, settings of Autodiscover, 0 of MAPI.",
		},
		{
			Name: "build", Type: fact.TypeText,
			Doc: "The build of Exchange that EWS tells, without its update: 15.2.1748.10.",
		},
		{
			Name: "node", Type: fact.TypeText, Rule: ignore, Evidence: true,
			Doc: "The server that answered, as it calls itself, in lower case; behind a load balancer any may.",
		},
		{
			Name: "right_node", Type: fact.TypeBool, Severity: fact.Fail, Expect: "true",
			Doc: "Whether the server that answered is the one under test, or the one that node: names.",
		},
		{
			Name: "urls", Type: fact.TypeSet, Severity: fact.Fail,
			Doc: "The addresses that Autodiscover gives to programs, each with whose it is: \"EXCH EwsUrl https://…\".",
		},
		{
			Name: "versions", Type: fact.TypeSet, Severity: fact.Fail, Rule: fact.Rule{Op: fact.Superset},
			Doc: "The versions of ActiveSync that phones may speak.",
		},
		{
			Name: "latency", Type: fact.TypeDuration, Rule: ignore,
			Doc: "How long the last answer took.",
		},
		{
			Name: "reason", Type: fact.TypeText, Rule: ignore, Evidence: true,
			Doc: "Why the state is as it is, where it is not ok.",
		},
	}
}
