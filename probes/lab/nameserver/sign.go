package nameserver

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"time"

	"github.com/miekg/dns"
)

// sign adds the signatures of what a signed zone answers, to whoever asks for them. There
// are no NSEC records: what proves that a name is not there is left out.
func sign(signed, zone string, reply *dns.Msg) {
	opt := reply.IsEdns0()
	if signed == "" || zone == "" || opt == nil || !opt.Do() || !reply.Authoritative || reply.Rcode > dns.RcodeNameError {
		return
	}
	// An hour more than whole days, or these would depend on whether a second has just passed.
	end := time.Now().UTC().AddDate(0, 0, 10).Add(time.Hour)
	if signed == "expired" {
		end = end.AddDate(0, 0, -12)
	}
	for _, section := range []*[]dns.RR{&reply.Answer, &reply.Ns} {
		for _, set := range sets(*section) {
			if !dns.IsSubDomain(zone, dns.CanonicalName(set[0].Header().Name)) {
				continue // an alias led to another zone
			}
			sig := &dns.RRSIG{
				Hdr:       dns.RR_Header{Ttl: set[0].Header().Ttl},
				Algorithm: dns.ED25519, SignerName: zone, KeyTag: publicKey(zone).KeyTag(),
				Inception: uint32(end.AddDate(0, 0, -11).Unix()), Expiration: uint32(end.Unix()),
			}
			if sig.Sign(privateKey(zone), set) == nil {
				*section = append(*section, sig)
			}
		}
	}
}

// sets are the records of one name and type each, in their order.
func sets(section []dns.RR) [][]dns.RR {
	var all [][]dns.RR
	for _, rr := range section {
		i := slices.IndexFunc(all, func(set []dns.RR) bool {
			return set[0].Header().Name == rr.Header().Name && set[0].Header().Rrtype == rr.Header().Rrtype
		})
		if i < 0 {
			all = append(all, []dns.RR{rr})
			continue
		}
		all[i] = append(all[i], rr)
	}
	return all
}

// privateKey is a zone's own, the same at all its servers and in every lab: nobody has a
// secret from a lab.
func privateKey(zone string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte("postpatch lab " + zone))
	return ed25519.NewKeyFromSeed(seed[:])
}

func publicKey(zone string) *dns.DNSKEY {
	const zoneKey, dnssec = 256, 3
	public := privateKey(zone).Public().(ed25519.PublicKey)
	return &dns.DNSKEY{
		Hdr:   dns.RR_Header{Name: zone, Rrtype: dns.TypeDNSKEY, Class: dns.ClassINET, Ttl: 3600},
		Flags: zoneKey, Protocol: dnssec, Algorithm: dns.ED25519, PublicKey: base64.StdEncoding.EncodeToString(public),
	}
}
