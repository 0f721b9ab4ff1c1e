package mailtalk

import (
	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/internal/note"
	"postpatch/probes/internal/reach"
)

// What becomes of a visit.
const (
	Ready        = "ready"
	Declines     = "declined"
	Offered      = "offered"
	Absent       = "absent"
	Failed       = "failed"
	OK           = "ok"
	RefusedLogin = "refused"
	Unavailable  = "unavailable"
)

// MailboxSpecs declares what a Visit reports. An Exchange server's services for IMAP
// and POP3 are stopped unless somebody wants them, so that what did not run at the
// baseline need not run. Bye is the word by which a server declines.
func MailboxSpecs(bye string) []probes.ReadingSpec {
	ignore := fact.Rule{Op: fact.Ignore}
	return []probes.ReadingSpec{
		{
			Name: "state", Type: fact.TypeText, Gate: true, Severity: fact.Fail, Keep: Ready,
			Silence: []fact.Value{fact.Text(reach.Refused)},
			Doc: "Whether the server takes a session: ready, declined (" + bye + "), refused, reset, or tls failed; " +
				"expected only of what was ready at the baseline.",
		},
		{Name: "banner", Type: fact.TypeText, Severity: fact.Note, Doc: "The greeting's words."},
		{Name: "latency", Type: fact.TypeDuration, Rule: ignore, Doc: "How long the greeting took."},
		{
			Name: "capabilities", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.SameSet},
			Doc: "What the server offers before TLS; within it at a port where TLS begins at once.",
		},
		{
			Name: "starttls", Type: fact.TypeText, Severity: fact.Fail, Expect: Offered,
			Doc: "Whether TLS can be started: offered, absent, or failed.",
		},
		{
			Name: "tls_capabilities", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.SameSet},
			Doc: "What the server offers once TLS has been started.",
		},
		{
			Name: "login", Type: fact.TypeText, Severity: fact.Fail, Expect: OK,
			Doc: "With login: ok, refused, or unavailable when the server cannot verify the account just now.",
		},
		{Name: "login_time", Type: fact.TypeDuration, Rule: ignore, Doc: "How long the login took."},
		{Name: "messages", Type: fact.TypeInt, Of: "messages", Rule: ignore, Doc: "With login: how many messages there are."},
		{
			Name: "reason", Type: fact.TypeText, Rule: ignore, Evidence: true,
			Doc: "Why something of it failed, in the server's words.",
		},
	}
}

// MailboxNotes are what explain has to say of a login.
func MailboxNotes() []string {
	return []string{
		"login: true shows the password of the credentials file's entry with for: mail.",
		"It is shown in TLS alone, to a server whose certificate is good for the host or for a name of the entry.",
		"One that is refused is shown to nobody else in the run; one that Windows refuses, to no mail server.",
		note.FirstAlone,
	}
}
