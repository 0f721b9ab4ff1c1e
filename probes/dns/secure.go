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

// mostSignatures bounds how many sets of records an answer may have, how many signatures of
// each are checked, by how many zones, and with how many keys each: what a server sends may
// be meant to keep others busy.
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
	sets := setsOf(got.msg)
	if len(sets) > mostSignatures {
		return []fact.Reading{validated}, fmt.Errorf("the answer has more than the %d sets of records whose signatures "+
			"are checked", mostSignatures)
	}
	found, days, err := a.worst(ctx, sets, q.blind)
	if err != nil {
		return []fact.Reading{validated}, err
	}
	if found != valid {
		word = found
	}
	readings := []fact.Reading{probes.Read(q.item, "dnssec", fact.Text(word))}
	if !math.IsInf(days, 1) {
		readings = append(readings, probes.Read(q.item, "dnssec_days", fact.Int(days)))
	}
	return append(readings, validated), nil
}

// worst is what the worst of the sets is worth, and for how many days all are good.
func (a asker) worst(ctx context.Context, sets []set, blind bool) (word string, days float64, err error) {
	if len(sets) == 0 {
		return unsigned, math.Inf(1), nil
	}
	word, days = valid, math.Inf(1)
	now := time.Now()
	keys := map[string][]*dns.DNSKEY{}
	for _, one := range sets {
		for _, sig := range one.sigs {
			if err := a.keys(ctx, sig, blind, keys); err != nil {
				return "", 0, err
			}
		}
		found, until := one.assess(keys, now)
		if slices.Index(worstFirst(), found) < slices.Index(worstFirst(), word) {
			word = found
		}
		if len(one.sigs) > 0 {
			days = min(days, math.Floor(until.Sub(now).Hours()/24))
		}
	}
	return word, days, nil
}

// worstFirst are the words for a set of records.
func worstFirst() []string { return []string{invalid, expired, notYetValid, noKey, unsigned, valid} }

// keys asks for those of who signed, once.
func (a asker) keys(ctx context.Context, sig *dns.RRSIG, blind bool, known map[string][]*dns.DNSKEY) error {
	signer := dns.CanonicalName(sig.SignerName)
	if _, asked := known[signer]; asked {
		return nil
	}
	if len(known) >= mostSignatures {
		return fmt.Errorf("more than %d zones have signed the answer", mostSignatures)
	}
	got, err := a.ask(ctx, question{name: signer, kind: dns.TypeDNSKEY, sign: true, blind: blind}, true)
	if err != nil {
		return fmt.Errorf("the keys of %q: %w", name(signer), err)
	}
	known[signer] = keysOf(got.msg.Answer, signer)
	return nil
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

// assess says what the signatures of a set are worth, and until when: one that is good is
// enough (RFC 4035, 5.3.3). While a zone changes to another algorithm there are some whose
// key is not there yet (RFC 6781, 4.1.4).
func (s set) assess(keys map[string][]*dns.DNSKEY, now time.Time) (word string, until time.Time) {
	telling := []string{valid, expired, notYetValid, invalid, noKey, unsigned}
	word = unsigned
	for _, sig := range s.sigs {
		found := assess(sig, keys[dns.CanonicalName(sig.SignerName)], s.records, now)
		ends := end(sig, now)
		switch is, was := slices.Index(telling, found), slices.Index(telling, word); {
		case is < was:
			word, until = found, ends
		case is == was && ends.After(until):
			until = ends
		}
	}
	return word, until
}

// assess says what one signature is worth.
func assess(sig *dns.RRSIG, keys []*dns.DNSKEY, set []dns.RR, now time.Time) string {
	keys = slices.DeleteFunc(slices.Clone(keys), func(k *dns.DNSKEY) bool {
		return k.KeyTag() != sig.KeyTag || k.Algorithm != sig.Algorithm
	})
	switch {
	case !dns.IsSubDomain(sig.SignerName, sig.Hdr.Name): // a zone signs what is in it
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
