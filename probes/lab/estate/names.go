package estate

import (
	"cmp"
	"strings"

	"github.com/miekg/dns"
	"gopkg.in/yaml.v3"
)

// checkAliases finds names that lead to two hosts of one state: the second host
// would never be reached by them.
func (p *parser) checkAliases(hosts []Host) {
	owner := map[string]string{}
	for _, h := range hosts {
		if h.OS.Domain != "" && !strings.Contains(h.Name, ".") {
			owner[plainName(h.Name+"."+h.OS.Domain)] = h.Name
		}
	}
	for _, h := range hosts {
		owner[plainName(h.Name)] = h.Name
	}
	told := map[string]bool{} // once for a whole range of hosts
	for _, h := range hosts {
		for _, written := range h.Aliases {
			alias := plainName(written)
			switch other := owner[alias]; {
			case other == "":
				owner[alias] = h.Name
			case other != h.Name && !told[alias]:
				told[alias] = true
				at := cmp.Or(p.aliases[alias], p.place[strings.ToLower(h.Name)])
				p.problemf(at, "alias %q of host %q leads to host %q already", written, h.Name, other)
			}
		}
	}
}

// plainName is a name as the lab looks it up.
func plainName(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }

// noteAliases keeps where a host's aliases stand.
func (p *parser) noteAliases(host *yaml.Node) {
	if list := child(host, "aliases"); list != nil {
		for _, n := range list.Content {
			p.aliases[plainName(n.Value)] = n
		}
	}
}

// checkRecords reads a host's DNS records as its name server will.
func (p *parser) checkRecords(host *yaml.Node) {
	for _, key := range []string{"records", "beyond"} {
		p.checkRecordList(child(child(host, "dns"), key))
	}
}

func (p *parser) checkRecordList(list *yaml.Node) {
	if list == nil {
		return
	}
	for _, n := range list.Content {
		if strings.HasPrefix(strings.TrimSpace(n.Value), "$") { // which may read files
			p.problemf(n, "dns: want a record, got the directive %q", n.Value)
			continue
		}
		record, err := dns.NewRR(n.Value)
		switch {
		case err != nil:
			p.problemf(n, "dns: %q is no record: %s", n.Value, strings.TrimPrefix(err.Error(), "dns: "))
		case record == nil:
			p.problemf(n, "dns: a record is empty")
		case isBare(record):
			p.problemf(n, "dns: %q is no record: want a name, a type and data", n.Value)
		}
	}
}

// isBare says whether a record lacks its name or its data, as the library allows.
func isBare(record dns.RR) bool {
	data := strings.TrimPrefix(record.String(), record.Header().String())
	return record.Header().Name == "" || strings.Trim(data, " 0\t") == ""
}

// child is the value of a mapping's key; nil for none.
func child(n *yaml.Node, key string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}
