package dns

import (
	"slices"
	"strings"

	"github.com/miekg/dns"
)

// set is what is signed together: records of one owner and type, and their signatures.
type set struct {
	records []dns.RR
	sigs    []*dns.RRSIG
}

// setsOf are the sets that an answer is made of; where it has none, those that say that
// nothing is there, which are signed, too. There are no more signatures of each than are
// checked, and no more than one set too many.
func setsOf(msg *dns.Msg) []set {
	section := msg.Answer
	if len(section) == 0 {
		section = slices.DeleteFunc(slices.Clone(msg.Ns), func(rr dns.RR) bool { return !denies(rr) })
	}
	var sets []set
	for _, rr := range section {
		if kind := rr.Header().Rrtype; kind == dns.TypeRRSIG || kind == dns.TypeOPT || made(rr, section) {
			continue
		}
		at := slices.IndexFunc(sets, func(s set) bool { return alike(s.records[0].Header(), rr.Header()) })
		switch {
		case at < 0 && len(sets) > mostSignatures:
			return sets
		case at < 0:
			sets = append(sets, set{records: []dns.RR{rr}, sigs: signatures(section, rr)})
		default:
			sets[at].records = append(sets[at].records, rr)
		}
	}
	return sets
}

// denies says whether a record is one of those that tell that another is not there.
func denies(rr dns.RR) bool {
	kind := rr.Header().Rrtype
	if sig, is := rr.(*dns.RRSIG); is {
		kind = sig.TypeCovered
	}
	return kind == dns.TypeSOA || kind == dns.TypeNSEC || kind == dns.TypeNSEC3
}

func alike(a, b *dns.RR_Header) bool {
	return a.Rrtype == b.Rrtype && a.Class == b.Class && strings.EqualFold(a.Name, b.Name)
}

// signatures are those of a record's set.
func signatures(section []dns.RR, of dns.RR) []*dns.RRSIG {
	var sigs []*dns.RRSIG
	for _, rr := range section {
		sig, is := rr.(*dns.RRSIG)
		if is && len(sigs) < mostSignatures && sig.TypeCovered == of.Header().Rrtype &&
			sig.Hdr.Class == of.Header().Class && strings.EqualFold(sig.Hdr.Name, of.Header().Name) {
			sigs = append(sigs, sig)
		}
	}
	return sigs
}

// made says whether a record is an alias that follows from another one, of all names below
// a name: the other is signed, and this one is not (RFC 6672, 5.3.1).
func made(rr dns.RR, section []dns.RR) bool {
	alias, is := rr.(*dns.CNAME)
	if !is || len(signatures(section, rr)) > 0 {
		return false
	}
	owner, target := strings.ToLower(alias.Hdr.Name), strings.ToLower(alias.Target)
	return slices.ContainsFunc(section, func(other dns.RR) bool {
		all, is := other.(*dns.DNAME)
		if !is {
			return false
		}
		below, under := strings.CutSuffix(owner, "."+strings.ToLower(all.Hdr.Name))
		return under && target == below+"."+strings.ToLower(all.Target)
	})
}
