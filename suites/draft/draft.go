// Package draft makes a suite of what was seen of hosts: the packs that fit their roles,
// and what is their own. It sees readings and writes text; who looks and who judges is
// elsewhere.
package draft

import (
	"slices"
	"strings"

	"postpatch/baseline"
	"postpatch/probes/fact"
)

// Seen is what was seen of one host.
type Seen struct {
	Host string
	// Away says why Windows could not be asked; "" where it was.
	Away string
	// Facts are the readings by the kind of the check that made them.
	Facts map[string][]fact.Reading
	// Mailbox is the address of the test mailbox that the operator has an account of, and
	// Public the name by which its clients come; "" where nobody said.
	Mailbox, Public string
}

// Questions are the checks by which hosts are looked at, as a suite has them.
func Questions() string {
	return `  - os: {}
  - services: {}
  - feature: {}
  - network: {}
  - certificate: {}
  - share: {}
  - printer: {}
  - iis: {}
  - domain: {}
  - dnsserver: {}
  - rds: {}
  - http: 'https://{{ host.name }}/'
  - tcp: [22, 5985, 5986, 25, 53, 80, 110, 143, 389, 443, 587, 636, 993, 995, 1433, 3306, 5432, 8080, 8443]
`
}

// Facts are a stored host's readings by their checks' kinds.
func Facts(h baseline.Host) map[string][]fact.Reading {
	kinds, facts := map[string]string{}, map[string][]fact.Reading{}
	for _, c := range h.Checks {
		kinds[c.Check] = c.Kind
	}
	for _, r := range h.Readings {
		facts[kinds[r.Key.Check]] = append(facts[kinds[r.Key.Check]], r)
	}
	return facts
}

// value is a reading's text; "" where there is none.
func (s Seen) value(kind, item, name string) string {
	for _, r := range s.Facts[kind] {
		if r.Key.Name == name && strings.EqualFold(r.Key.Item, item) {
			return r.Value.String()
		}
	}
	return ""
}

// items are those of a kind's readings, sorted, of which a reading says one of some words;
// all of them without words.
func (s Seen) items(kind, name string, words ...string) []string {
	var all []string
	for _, r := range s.Facts[kind] {
		if r.Key.Name == name && r.Key.Item != "" &&
			(len(words) == 0 || slices.Contains(words, r.Value.String())) {
			all = append(all, r.Key.Item)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// service says whether a service is there and starts by itself.
func (s Seen) service(name string) bool { return s.value("services", name, "start_mode") == "auto" }

// has says whether Windows has a feature.
func (s Seen) has(feature string) bool { return s.value("feature", feature, "state") == "installed" }

// open are the ports that take connections from here.
func (s Seen) open() []string { return s.items("tcp", "state", "open") }

// IsElse says of a host that could not be asked that it is no Windows host: it has no
// WinRM, and takes connections to another shell.
func (s Seen) IsElse() bool {
	open := s.open()
	return slices.Contains(open, "22") && !slices.Contains(open, "5985") && !slices.Contains(open, "5986")
}

// isWindows says whether Windows answered.
func (s Seen) isWindows() bool { return s.Away == "" }
