package nameserver

import (
	"strings"

	"github.com/miekg/dns"

	"postpatch/probes/lab/estate"
)

// recurse answers for a name beyond the zones, with what others would say. When these are
// dead, only what was kept is there.
func recurse(d *estate.DNS, reply *dns.Msg) {
	var known []dns.RR
	for _, line := range d.Beyond {
		if rr, err := dns.NewRR(line); err == nil && rr != nil {
			known = append(known, rr)
		}
	}
	question := reply.Question[0]
	name, exists := question.Name, false
	for range len(known) + 1 { // as many aliases as there may be
		var own []dns.RR
		for _, rr := range known {
			owner := rr.Header().Name
			exists = exists || dns.IsSubDomain(dns.CanonicalName(name), dns.CanonicalName(owner))
			if strings.EqualFold(owner, name) {
				own = append(own, rr)
			}
		}
		found := pick(own, question.Qtype)
		reply.Answer = append(reply.Answer, found...)
		if len(found) == 0 {
			break
		}
		alias, is := found[0].(*dns.CNAME)
		if !is || question.Qtype == dns.TypeCNAME {
			break
		}
		name = alias.Target
	}
	switch {
	case len(reply.Answer) > 0:
	case d.Forwarders == "dead":
		reply.Rcode = dns.RcodeServerFailure
	case !exists:
		reply.Rcode = dns.RcodeNameError
	}
}
