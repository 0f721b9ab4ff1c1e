package main

import (
	"fmt"
	"slices"
	"strings"
)

type starterDNS struct {
	Records []string `yaml:"records,omitempty"`
	Beyond  []string `yaml:"beyond,omitempty"`
}

// addRecord adds what a check of DNS asks for: "www.shop.test A". Where the servers of a
// domain are looked for, the host is one of them.
func (s *starter) addRecord(host, item string) bool {
	words := strings.Fields(item)
	switch {
	case len(words) == 3 && words[1] == "SRV" && words[2] == "targets":
		words = []string{host, "A"}
	case len(words) == 3 && words[2] == "beyond":
		words = words[:2]
	case len(words) != 2:
		return false // it is asked of another server
	}
	data := map[string]string{
		"A": "10.20.0.10", "AAAA": "2001:db8::10", "CNAME": host + ".", "NS": host + ".", "MX": "10 " + host + ".",
		"SRV": fmt.Sprintf("0 100 %d %s.", portOf(words[0]), host), "TXT": `"lab"`,
		"SOA": host + ". hostmaster." + host + ". 1 900 600 86400 3600",
	}[words[1]]
	if data == "" {
		return false
	}
	if s.DNS == nil {
		s.DNS = &starterDNS{}
	}
	to := &s.DNS.Records
	if strings.HasSuffix(item, " beyond") {
		to = &s.DNS.Beyond
	}
	record := fmt.Sprintf("%s. 300 IN %s %s", strings.TrimSuffix(words[0], "."), words[1], data)
	if slices.Contains(*to, record) {
		return false
	}
	*to = append(*to, record)
	return true
}

// portOf is the port of a service that a domain's records name.
func portOf(record string) int {
	service, _, _ := strings.Cut(record, ".")
	switch {
	case service == "_gc" || strings.Contains(record, ".gc._msdcs."):
		return 3268
	case service == "_kerberos":
		return 88
	case service == "_kpasswd":
		return 464
	default:
		return 389
	}
}
