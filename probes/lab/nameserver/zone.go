package nameserver

import (
	"fmt"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"postpatch/probes/lab/estate"
)

// zones are the records of a server, by owner, and the SOA of each zone that
// they lie in. All names are lower case and end with a dot.
type zones struct {
	records map[string][]dns.RR
	soa     map[string]*dns.SOA
}

// load reads the records of a host. Records that lie in no zone with an SOA of
// their own get one, with the values that Windows gives a new zone.
func load(h estate.Host) (*zones, error) {
	z := &zones{records: map[string][]dns.RR{}, soa: map[string]*dns.SOA{}}
	for _, line := range h.DNS.Records {
		rr, err := dns.NewRR(line)
		if err != nil {
			return nil, fmt.Errorf("reading record %q: %w", line, err)
		}
		if rr != nil {
			z.add(rr)
		}
	}
	owners := make([]string, 0, len(z.records))
	for owner := range z.records {
		owners = append(owners, owner)
	}
	slices.Sort(owners)
	for _, owner := range owners {
		if z.covering(owner) == "" {
			z.add(newSOA(h, home(h, owner)))
		}
	}
	return z, nil
}

func (z *zones) add(rr dns.RR) {
	owner := dns.CanonicalName(rr.Header().Name)
	z.records[owner] = append(z.records[owner], rr)
	if soa, ok := rr.(*dns.SOA); ok {
		z.soa[owner] = soa
	}
}

// home is the zone that an owner belongs to when no SOA says so: the domain of
// the host, the network of a reverse name, or the last two labels.
func home(h estate.Host, owner string) string {
	domain := dns.CanonicalName(h.OS.Domain)
	if h.OS.Domain != "" && dns.IsSubDomain(domain, owner) {
		return domain
	}
	starts := dns.Split(owner)
	keep := 2
	if strings.HasSuffix(owner, ".arpa.") {
		keep = max(len(starts)-1, 1)
	}
	if len(starts) <= keep {
		return owner
	}
	return owner[starts[len(starts)-keep]:]
}

func newSOA(h estate.Host, zone string) *dns.SOA {
	return &dns.SOA{
		Hdr: dns.RR_Header{Name: zone, Rrtype: dns.TypeSOA, Class: dns.ClassINET, Ttl: 3600},
		Ns:  dns.Fqdn(h.Name), Mbox: "hostmaster." + zone,
		Serial: 1, Refresh: 900, Retry: 600, Expire: 86400, Minttl: 3600,
	}
}

// covering is the closest zone that a name lies in; "" for none.
func (z *zones) covering(name string) string {
	for _, ancestor := range ancestors(dns.CanonicalName(name)) {
		if _, found := z.soa[ancestor]; found {
			return ancestor
		}
	}
	return ""
}

// delegation returns the name servers to which a zone hands a name over.
func (z *zones) delegation(zone, name string) []dns.RR {
	for _, ancestor := range ancestors(dns.CanonicalName(name)) {
		if ancestor == zone {
			return nil
		}
		if servers := only(z.records[ancestor], dns.TypeNS); servers != nil {
			return servers
		}
	}
	return nil
}

// at returns the records of a name, or of the wildcard that stands for it, and
// whether the name exists at all: it does, too, where only names below it have
// records. The records carry the name as it was asked for.
func (z *zones) at(zone, name string) (records []dns.RR, exists bool) {
	canonical := dns.CanonicalName(name)
	if !z.exists(canonical) {
		canonical = z.wildcard(zone, canonical)
	}
	for _, rr := range z.records[canonical] {
		asked := dns.Copy(rr)
		asked.Header().Name = name
		records = append(records, asked)
	}
	return records, canonical != ""
}

// wildcard returns the owner of the wildcard for a name that does not exist:
// the one at the closest name that does (RFC 4592 §3.3.1).
func (z *zones) wildcard(zone, name string) string {
	for _, ancestor := range ancestors(name)[1:] {
		if _, found := z.records["*."+ancestor]; found {
			return "*." + ancestor
		}
		if ancestor == zone || z.exists(ancestor) {
			break
		}
	}
	return ""
}

func (z *zones) exists(name string) bool {
	if _, found := z.records[name]; found {
		return true
	}
	for owner := range z.records {
		if dns.IsSubDomain(name, owner) {
			return true
		}
	}
	return false
}

// ancestors lists a name, its parent and so on, up to the root.
func ancestors(name string) []string {
	var all []string
	for _, start := range dns.Split(name) {
		all = append(all, name[start:])
	}
	return append(all, ".")
}

func only(records []dns.RR, rrtype uint16) []dns.RR {
	var some []dns.RR
	for _, rr := range records {
		if rr.Header().Rrtype == rrtype {
			some = append(some, rr)
		}
	}
	return some
}
