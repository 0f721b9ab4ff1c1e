package nameserver

import (
	"slices"
	"strings"

	"github.com/miekg/dns"

	"postpatch/probes/lab/estate"
)

// advertised is the UDP size of Windows' DNS server (MaximumUdpPacketSize).
const advertised = 4000

// answer makes the whole answer to a query; nil where a server says nothing:
// to what is no query at all.
func answer(h estate.Host, query []byte) *dns.Msg {
	request := new(dns.Msg)
	if err := request.Unpack(query); err != nil {
		return formatError(query)
	}
	if request.Response {
		return nil
	}
	reply := new(dns.Msg)
	reply.SetReply(request)
	reply.RecursionAvailable = h.DNS.Beyond != nil
	if opt := request.IsEdns0(); opt != nil {
		if h.DNS.NoEDNS {
			reply.Rcode = dns.RcodeFormatError
			return reply
		}
		reply.SetEdns0(advertised, opt.Do())
		if opt.Version() != 0 {
			reply.Rcode = dns.RcodeBadVers
			return reply
		}
	}
	switch {
	case h.DNS.Fault == estate.Error:
		reply.Rcode = dns.RcodeServerFailure
	case request.Opcode != dns.OpcodeQuery:
		reply.Rcode = dns.RcodeNotImplemented
	case len(request.Question) != 1:
		reply.Rcode = dns.RcodeFormatError
	default:
		zone := fill(h, reply)
		sign(h.DNS.Signed, zone, reply)
	}
	return reply
}

// formatError answers what has a header and no readable rest.
func formatError(query []byte) *dns.Msg {
	const headerSize = 12
	if len(query) < headerSize {
		return nil
	}
	header := new(dns.Msg)
	bare := append(slices.Clone(query[:4]), make([]byte, headerSize-4)...)
	if err := header.Unpack(bare); err != nil || header.Response {
		return nil
	}
	return new(dns.Msg).SetRcodeFormatError(header)
}

// fill answers the one question of a reply, from the zone that it returns; "" for none.
func fill(h estate.Host, reply *dns.Msg) (zone string) {
	question := reply.Question[0]
	refused := question.Qclass != dns.ClassINET && question.Qclass != dns.ClassANY ||
		slices.Contains([]uint16{dns.TypeAXFR, dns.TypeIXFR}, question.Qtype)
	zones, err := load(h)
	if err != nil {
		reply.Rcode = dns.RcodeServerFailure
		return ""
	}
	zone = zones.covering(question.Name)
	rcode, overridden := override(h.DNS.Rcodes, question.Name)
	switch {
	case overridden:
		reply.Rcode = rcode
		if rcode == dns.RcodeNameError && zone != "" {
			reply.Authoritative = true
			reply.Ns = []dns.RR{negative(zones.soa[zone])}
		}
	case !refused && zone == "" && h.DNS.Beyond != nil && reply.RecursionDesired:
		recurse(h.DNS, reply)
	case refused || zone == "":
		reply.Rcode = dns.RcodeRefused
	case question.Qtype == dns.TypeDNSKEY && h.DNS.Signed != "" && dns.CanonicalName(question.Name) == zone:
		reply.Authoritative = true
		reply.Answer = []dns.RR{publicKey(zone)}
	default:
		follow(zones, reply)
		addresses(zones, reply)
	}
	return zone
}

// follow fills in the answer, alias by alias, and what stands in its stead. A
// ring of aliases is shown once.
func follow(zones *zones, reply *dns.Msg) {
	question := reply.Question[0]
	name := question.Name
	reply.Authoritative = true
	seen := map[string]bool{}
	for !seen[dns.CanonicalName(name)] {
		seen[dns.CanonicalName(name)] = true
		zone := zones.covering(name)
		if zone == "" {
			return // the alias leads elsewhere, where the client must ask itself
		}
		if servers := zones.delegation(zone, name); servers != nil {
			reply.Authoritative = len(reply.Answer) > 0
			reply.Ns = servers
			return
		}
		records, exists := zones.at(zone, name)
		found := pick(records, question.Qtype)
		reply.Answer = append(reply.Answer, found...)
		if len(found) == 0 {
			if !exists {
				reply.Rcode = dns.RcodeNameError
			}
			reply.Ns = []dns.RR{negative(zones.soa[zone])}
			return
		}
		alias, isAlias := found[0].(*dns.CNAME)
		if !isAlias || question.Qtype == dns.TypeCNAME || question.Qtype == dns.TypeANY {
			return
		}
		name = alias.Target
	}
}

// pick chooses the records of a type; an alias stands for every type.
func pick(records []dns.RR, qtype uint16) []dns.RR {
	var found, aliases []dns.RR
	for _, rr := range records {
		switch {
		case qtype == dns.TypeANY || rr.Header().Rrtype == qtype:
			found = append(found, rr)
		case rr.Header().Rrtype == dns.TypeCNAME:
			aliases = append(aliases, rr)
		}
	}
	if found == nil {
		return aliases
	}
	return found
}

// negative is the SOA as it goes into an authority section: its TTL is how long
// the "no" may be kept (RFC 2308 §3).
func negative(soa *dns.SOA) dns.RR {
	no := *soa
	no.Hdr.Ttl = min(soa.Hdr.Ttl, soa.Minttl)
	return &no
}

// addresses adds the addresses of the servers that the answer names.
func addresses(zones *zones, reply *dns.Msg) {
	seen := map[string]bool{}
	for _, rr := range slices.Concat(reply.Answer, reply.Ns) {
		var target string
		switch rr := rr.(type) {
		case *dns.MX:
			target = rr.Mx
		case *dns.SRV:
			target = rr.Target
		case *dns.NS:
			target = rr.Ns
		}
		if target == "" || seen[dns.CanonicalName(target)] {
			continue
		}
		seen[dns.CanonicalName(target)] = true
		for _, a := range zones.records[dns.CanonicalName(target)] {
			if t := a.Header().Rrtype; t == dns.TypeA || t == dns.TypeAAAA {
				reply.Extra = append(reply.Extra, a)
			}
		}
	}
}

// override finds the error code that the estate gives to a name.
func override(rcodes map[string]string, name string) (int, bool) {
	for owner, word := range rcodes {
		if dns.CanonicalName(owner) != dns.CanonicalName(name) {
			continue
		}
		if rcode, known := dns.StringToRcode[strings.ToUpper(word)]; known {
			return rcode, true
		}
		return dns.RcodeServerFailure, true
	}
	return 0, false
}

// udpSize is how long a UDP answer to a query may be.
func udpSize(query []byte) int {
	request := new(dns.Msg)
	if err := request.Unpack(query); err == nil {
		if opt := request.IsEdns0(); opt != nil {
			return min(max(int(opt.UDPSize()), dns.MinMsgSize), advertised)
		}
	}
	return dns.MinMsgSize
}

// fit makes a reply no longer than size. What is only there to help goes first
// and leaves no mark (RFC 2181 §9); after that the answer is truncated.
func fit(reply *dns.Msg, size int) {
	reply.Compress = true
	if reply.Len() > size {
		reply.Extra = slices.DeleteFunc(reply.Extra, func(rr dns.RR) bool {
			return rr.Header().Rrtype != dns.TypeOPT
		})
	}
	reply.Truncate(size)
}

// empty leaves of a reply its header, its question and the mark that there is
// more over TCP.
func empty(reply *dns.Msg) {
	reply.Truncated = true
	reply.Answer, reply.Ns = nil, nil
	reply.Extra = slices.DeleteFunc(reply.Extra, func(rr dns.RR) bool {
		return rr.Header().Rrtype != dns.TypeOPT
	})
}
