package dns

import (
	"net"
	"strconv"
	"strings"
	"unicode"

	"github.com/miekg/dns"
	"golang.org/x/net/idna"

	"postpatch/probes"
	"postpatch/probes/internal/reach"
)

// parseTypes refuses what is no type of records: ANY, AXFR and the like.
func parseTypes(types []string) ([]uint16, error) {
	if len(types) == 0 {
		return nil, probes.Fieldf("type", "the list is empty")
	}
	kinds := make([]uint16, 0, len(types))
	for _, written := range types {
		kind, found := dns.StringToType[strings.ToUpper(written)]
		if _, stored := dns.TypeToRR[kind]; !found || !stored || kind == dns.TypeOPT || kind >= 128 && kind < 256 {
			return nil, probes.Fieldf("type", "%q is no type of records", written)
		}
		kinds = append(kinds, kind)
	}
	return kinds, nil
}

// parseName makes the name to ask for: turned round when it is the address of a PTR.
func parseName(written string, kind uint16) (string, error) {
	name := strings.TrimSpace(written)
	if kind == dns.TypePTR && net.ParseIP(name) != nil {
		return dns.ReverseAddr(name)
	}
	return parseDomain("name", name)
}

// parseDomain makes the name to ask for, without letters beyond ASCII.
func parseDomain(field, written string) (string, error) {
	name := strings.TrimSpace(written)
	if strings.ContainsFunc(name, func(r rune) bool { return r > unicode.MaxASCII }) {
		ascii, err := idna.New(idna.MapForLookup(), idna.StrictDomainName(false)).ToASCII(name)
		if err != nil {
			return "", probes.Fieldf(field, "%q is no name: %v", written, err)
		}
		name = ascii
	}
	if _, valid := dns.IsDomainName(name); !valid || name == "" || strings.ContainsAny(name, " \t\r\n") {
		return "", probes.Fieldf(field, "%q is no name", written)
	}
	return dns.Fqdn(name), nil
}

// parseServer reads "host", "host:port", "::1" or "[::1]:53".
func parseServer(written string) (host string, port int, err error) {
	const standard = 53
	if written == "" || net.ParseIP(strings.Trim(written, "[]")) != nil || !strings.Contains(written, ":") {
		return strings.Trim(written, "[]"), standard, nil
	}
	host, text, err := net.SplitHostPort(written)
	if err != nil || host == "" {
		return "", 0, probes.Fieldf("server", "want host or host:port, got %q", written)
	}
	if port, err = strconv.Atoi(text); err != nil {
		return "", 0, probes.Fieldf("server", "want host or host:port, got %q", written)
	}
	return host, port, reach.CheckPorts("server", port)
}
