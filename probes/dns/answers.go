package dns

import (
	"fmt"
	"strings"
	"time"

	"github.com/miekg/dns"

	"postpatch/probes/fact"
)

// answers renders an answer's records so that the same records read the same.
func answers(records []dns.RR, asked uint16) fact.Set {
	elems := make([]string, 0, len(records))
	for _, rr := range records {
		switch kind := rr.Header().Rrtype; {
		case kind == dns.TypeRRSIG && asked != kind: // signed anew every few days
			continue
		case kind == dns.TypeOPT: // which is no record, and has no place among them
			continue
		}
		elems = append(elems, render(rr, asked))
	}
	return fact.SetOf(elems...)
}

// render is a record's data; what was not asked for has its type in front, as
// the alias that leads to an address has.
func render(rr dns.RR, asked uint16) string {
	text := data(rr)
	if kind := rr.Header().Rrtype; kind != asked {
		return dns.Type(kind).String() + " " + text
	}
	return text
}

func data(rr dns.RR) string {
	switch rr := rr.(type) {
	case *dns.TXT: // the pieces are the protocol's, not the owner's
		return strings.Join(rr.Txt, "")
	case *dns.SOA: // every server of a zone in the directory has a serial of its own
		return fmt.Sprintf("%s %s %d %d %d %d",
			name(rr.Ns), name(rr.Mbox), rr.Refresh, rr.Retry, rr.Expire, rr.Minttl)
	case *dns.CNAME:
		return name(rr.Target)
	case *dns.NS:
		return name(rr.Ns)
	case *dns.PTR:
		return name(rr.Ptr)
	case *dns.DNAME:
		return name(rr.Target)
	case *dns.MX:
		return fmt.Sprintf("%d %s", rr.Preference, name(rr.Mx))
	case *dns.SRV:
		return fmt.Sprintf("%d %d %d %s", rr.Priority, rr.Weight, rr.Port, name(rr.Target))
	case *dns.A:
		return rr.A.String()
	case *dns.AAAA:
		return rr.AAAA.String()
	default: // whose data may know upper and lower case
		return strings.TrimPrefix(rr.String(), rr.Header().String())
	}
}

// name is a domain name in lower case and without its last dot, but for the
// root.
func name(n string) string {
	n = strings.ToLower(n)
	if n == "." || strings.HasSuffix(n, `\.`) {
		return n
	}
	return strings.TrimSuffix(n, ".")
}

// shortest is the least TTL of the records.
func shortest(records []dns.RR) (time.Duration, bool) {
	if len(records) == 0 {
		return 0, false
	}
	least := records[0].Header().Ttl
	for _, rr := range records {
		least = min(least, rr.Header().Ttl)
	}
	return time.Duration(least) * time.Second, true
}

// rcode is the code's name, or its number when it has none.
func rcode(code int) string {
	if text, found := dns.RcodeToString[code]; found {
		return text
	}
	return fmt.Sprintf("RCODE%d", code)
}
