package tls

import (
	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/internal/reach"
)

const established = "established"

func specs() []probes.ReadingSpec {
	ignore, sameSet := fact.Rule{Op: fact.Ignore}, fact.Rule{Op: fact.SameSet}
	return []probes.ReadingSpec{
		{
			Name: "state", Type: fact.TypeText, Gate: true, Severity: fact.Fail, Expect: established,
			Values:  []string{"established", "refused", "reset", "tls failed"},
			Silence: []fact.Value{fact.Text(reach.Refused)},
			Doc:     "What became of a session: established, refused, reset, or tls failed.",
		},
		{
			Name: "cipher", Type: fact.TypeText, Severity: fact.Note,
			Doc: "The cipher suite that the server chose.",
		},
		{
			Name: "alpn", Type: fact.TypeText,
			Doc: "The protocol that the server chose of those offered, h2 for HTTP/2; none where it chose none.",
		},
		{
			Name: "versions", Type: fact.TypeSet, Rule: sameSet,
			Doc: "The versions of TLS that the server takes, from SSL 3.0 to TLS 1.3.",
		},
		{
			Name: "ciphers", Type: fact.TypeSet, Rule: sameSet,
			Doc: "With ciphers: the cipher suites that the server takes, each behind its version.",
		},
		{
			Name: "thumbprint", Type: fact.TypeText,
			Doc: "The certificate's SHA-1 thumbprint, as Windows shows it: another one is another certificate.",
		},
		{Name: "names", Type: fact.TypeSet, Rule: sameSet, Doc: "The names and addresses that the certificate is for."},
		{Name: "key", Type: fact.TypeText, Doc: "The kind and size of the certificate's key: RSA 2048, ECDSA P-256."},
		{Name: "signature", Type: fact.TypeText, Doc: "How the certificate is signed: SHA256-RSA."},
		{
			Name: "chain", Type: fact.TypeText,
			Doc: "Whose certificates the server sends along, behind one another: clients need all but the root's.",
		},
		{
			Name: "chain_days", Type: fact.TypeInt, Unit: "days", Rule: ignore, Expect: ">= 14",
			Doc: "How many days the certificates that are sent along are still valid, at the least.",
		},
		{
			Name: "stapled", Type: fact.TypeText, Rule: ignore, Severity: fact.Fail, Expect: "one of good, unverified, absent",
			Values: []string{"good", "revoked", "unknown", "out of date", "invalid", "unverified", "absent"},
			Doc: "What the server brings along of OCSP: good, revoked, unknown, out of date, invalid, unverified without " +
				"the issuer's certificate, or absent, as IIS is at first after a start.",
		},
		{
			Name: "ocsp", Type: fact.TypeText, Rule: ignore, Severity: fact.Fail,
			Expect: "one of good, none named, not asked",
			Values: []string{"good", "revoked", "unknown", "out of date", "invalid", "none named", "not asked"},
			Doc: "With ocsp, what the authority says of the certificate: good, revoked, unknown, out of date, invalid, none " +
				"named in it, or not asked where it is not valid.",
		},
		{Name: "latency", Type: fact.TypeDuration, Rule: ignore, Doc: "How long the connection and the session took."},
		{
			Name: "reason", Type: fact.TypeText, Rule: ignore, Evidence: true,
			Doc: "Why no session came about.",
		},
	}
}
