package certificate

import (
	"postpatch/probes"
	"postpatch/probes/fact"
)

// specs: that a certificate or its key has gone fails by what is expected. To come with
// the renewal of one that had ended is a note.
func specs() []probes.ReadingSpec {
	return []probes.ReadingSpec{
		{
			Name: "present", Type: fact.TypeBool, Gate: true, Expect: "true", Severity: fact.Note,
			Doc: "true of a certificate that has not ended; false of a certificate or store that the suite names only.",
		},
		{
			Name: "days_left", Type: fact.TypeInt, Unit: "days", Rule: fact.Rule{Op: fact.Ignore}, Keep: ">= 0",
			Doc: "Whole days until its end, by the host's clock; negative after it.",
		},
		{
			Name: "private_key", Type: fact.TypeBool, Severity: fact.Note, Keep: "true",
			Doc: "Whether Windows knows the private key of one that has not ended.",
		},
		{
			Name: "key_opens", Type: fact.TypeBool, Severity: fact.Note, Keep: "true",
			Doc: "With keys: whether the private key can be opened; one whose container is lost cannot.",
		},
		{
			Name: "key_error", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore}, Evidence: true,
			Doc: "Why the private key cannot be opened, in the host's words.",
		},
		{
			Name: "warnings", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.Subset},
			Doc: "ends soon, has ended, not yet valid; a new one is told, one that is gone is not.",
		},
		{
			Name: "expires", Type: fact.TypeTime, Rule: fact.Rule{Op: fact.AtLeast},
			Doc: "When it ends; an earlier end than before is told.",
		},
		{
			Name: "thumbprint", Type: fact.TypeText, Rule: fact.Rule{Op: fact.SameText}, Severity: fact.Note,
			Doc: "The certificate itself; a renewal changes it.",
		},
		{
			Name: "issuer", Type: fact.TypeText, Rule: fact.Rule{Op: fact.SameText},
			Doc: "Who signed it.",
		},
		{
			Name: "purposes", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.SameText},
			Doc: "What it serves for: server, client, kdc, remote desktop, any, or the purpose's number.",
		},
		{
			Name: "names", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.SameText},
			Doc: "Its subject alternative names.",
		},
		{
			Name: "older", Type: fact.TypeInt, Of: "certificates", Rule: fact.Rule{Op: fact.Ignore},
			Doc: "How many older ones of the same name, issuer and purposes the store holds.",
		},
		{
			Name: "count", Type: fact.TypeInt, Of: "certificates", Rule: fact.Rule{Op: fact.Ignore},
			Doc: "How many certificates a store holds.",
		},
	}
}
