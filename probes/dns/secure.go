package dns

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"

	"postpatch/probes"
	"postpatch/probes/fact"
)

// What the signatures of an answer are found to be.
const (
	valid       = "valid"
	unsigned    = "unsigned"
	expired     = "expired"
	notYetValid = "not yet valid"
	noKey       = "no key"
	invalid     = "invalid"
	bogus       = "bogus"
)

func signedSpecs() []probes.ReadingSpec {
	return []probes.ReadingSpec{
		{
			Name: "dnssec", Type: fact.TypeText, Severity: fact.Fail, Expect: valid,
			Values: []string{"valid", "unsigned", "expired", "not yet valid", "no key", "invalid", "bogus"},
			Doc: "The answer's signatures, by the zone's own keys: valid, unsigned, expired, not yet valid, no key, " +
				"invalid, or bogus where they seem valid and the server takes them for none.",
		},
		{
			Name: "dnssec_days", Type: fact.TypeInt, Unit: "days", Rule: fact.Rule{Op: fact.Ignore},
			Doc: "How many days the signatures are still valid.",
		},
		{
			Name: "validated", Type: fact.TypeBool, Severity: fact.Fail,
			Doc: "Whether the server found the signatures to be good itself, up to a key that it trusts (AD).",
		},
	}
}

// mostSignatures bounds how many signatures of an answer are checked, and with how many
// keys each: what a server sends may be meant to keep others busy.
const mostSignatures = 8

// signed reads what the signatures of an answer are worth. Keys are asked for at the same
// server, and are not followed up to the root: a server that does so says it by AD.
func (a asker) signed(ctx context.Context, q question, got answer) ([]fact.Reading, error) {
	validated := probes.Read(q.item, "validated", fact.Bool(got.msg.AuthenticatedData))
	word := valid
	if got.msg.Rcode == dns.RcodeServerFailure { // as it says, too, of signatures that it does not trust
		q.blind = true
		again, err := a.ask(ctx, q, true)
		if err != nil || again.msg.Rcode == dns.RcodeServerFailure {
			return nil, err
		}
		got, word = again, bogus
	}
	if code := got.msg.Rcode; code != dns.RcodeSuccess && code != dns.RcodeNameError {
		return nil, nil
	}
	section := got.msg.Answer
	if len(section) == 0 { // what says that nothing is there is signed, too
		section = got.msg.Ns
	}
	sigs := signatures(section)
	if len(sigs) == 0 {
		return []fact.Reading{probes.Read(q.item, "dnssec", fact.Text(unsigned)), validated}, nil
	}
	now, least := time.Now(), math.Inf(1)
	keys := map[string][]*dns.DNSKEY{}
	for _, sig := range sigs[:min(len(sigs), mostSignatures)] {
		signer := dns.CanonicalName(sig.SignerName)
		if _, asked := keys[signer]; !asked {
			msg, err := a.ask(ctx, question{name: signer, kind: dns.TypeDNSKEY, sign: true, blind: q.blind}, true)
			if err != nil {
				return []fact.Reading{validated}, fmt.Errorf("the keys of %q: %w", name(signer), err)
			}
			keys[signer] = keysOf(msg.msg.Answer, signer)
		}
		found := assess(sig, keys[signer], covered(section, sig), now)
		if found != valid && (word == valid || word == bogus) {
			word = found
		}
		least = min(least, math.Floor(end(sig, now).Sub(now).Hours()/24))
	}
	return []fact.Reading{
		probes.Read(q.item, "dnssec", fact.Text(word)), probes.Read(q.item, "dnssec_days", fact.Int(least)), validated,
	}, nil
}

func signatures(section []dns.RR) []*dns.RRSIG {
	var sigs []*dns.RRSIG
	for _, rr := range section {
		if sig, is := rr.(*dns.RRSIG); is {
			sigs = append(sigs, sig)
		}
	}
	return sigs
}

func keysOf(section []dns.RR, signer string) []*dns.DNSKEY {
	var keys []*dns.DNSKEY
	for _, rr := range section {
		if key, is := rr.(*dns.DNSKEY); is && strings.EqualFold(key.Hdr.Name, signer) {
			keys = append(keys, key)
		}
	}
	return keys
}

// covered are the records that a signature is of.
func covered(section []dns.RR, sig *dns.RRSIG) []dns.RR {
	var set []dns.RR
	for _, rr := range section {
		if h := rr.Header(); h.Rrtype == sig.TypeCovered && strings.EqualFold(h.Name, sig.Hdr.Name) {
			set = append(set, rr)
		}
	}
	return set
}

// assess says what one signature is worth.
func assess(sig *dns.RRSIG, keys []*dns.DNSKEY, set []dns.RR, now time.Time) string {
	keys = slices.DeleteFunc(slices.Clone(keys), func(k *dns.DNSKEY) bool {
		return k.KeyTag() != sig.KeyTag || k.Algorithm != sig.Algorithm
	})
	switch {
	case len(set) == 0:
		return invalid
	case !sig.ValidityPeriod(now):
		if end(sig, now).Before(now) {
			return expired
		}
		return notYetValid
	case len(keys) == 0:
		return noKey
	}
	for _, key := range keys[:min(len(keys), mostSignatures)] {
		if sig.Verify(key, set) == nil {
			return valid
		}
	}
	return invalid
}

// end is when a signature expires, of the times that its 32 bits may mean the one closest
// to now (RFC 4034, 3.1.5).
func end(sig *dns.RRSIG, now time.Time) time.Time {
	return now.Add(time.Duration(int32(sig.Expiration-uint32(now.Unix()))) * time.Second)
}
