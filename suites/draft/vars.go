package draft

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// told are a pack's variables as they were seen of a host.
type told struct {
	vars map[string]string // without those of which nothing is known
	// supposed are those that nobody saw, and that the reader has to correct.
	supposed []string
	// guesses are the pack's checks that rest on what was not seen, but supposed.
	guesses []string
}

// directoryVars are the domain as the controller names it, or else as it is named itself.
func directoryVars(s Seen) told { return told{vars: known("domain", s.domain())} }

// domain is the DNS name of the domain that a host is in; "" where none is known.
func (s Seen) domain() string {
	name := s.value("domain", "", "domain")
	if s.value("domain", "", "member") != "true" || !strings.Contains(name, ".") {
		_, name, _ = strings.Cut(s.Host, ".")
	}
	return strings.ToLower(strings.TrimSuffix(name, "."))
}

// zoneVars are one of the zones that the server answers for, the domain's before others.
func zoneVars(s Seen) told {
	var zones []string
	for _, name := range s.items("dnsserver", "type", "primary", "secondary") {
		low := strings.ToLower(strings.TrimSuffix(name, "."))
		loaded := s.value("dnsserver", name, "shutdown") != "true" && s.value("dnsserver", name, "paused") != "true"
		if loaded && !strings.HasSuffix(low, ".arpa") && !strings.HasPrefix(low, "_") && low != "trustanchors" {
			zones = append(zones, low)
		}
	}
	own := s.domain()
	zone := own
	if len(zones) > 0 && !slices.Contains(zones, own) {
		zone = zones[0]
	}
	t := told{vars: known("zone", zone), guesses: []string{"dns/elsewhere"}}
	if len(zones) == 0 && zone != "" {
		t.supposed = []string{"zone"}
		t.guesses = append(t.guesses, "dns/zone")
	}
	return t
}

// exchangeVars are the names by which clients come: as the operator has them, as the
// certificate that the server shows them, or as one that it keeps.
func exchangeVars(s Seen) told {
	_, mailDomain, _ := strings.Cut(s.Mailbox, "@")
	public, discovered := s.publicName()
	var supposed, guesses []string
	_, parent, _ := strings.Cut(public, ".")
	if mailDomain = cmp.Or(mailDomain, discovered); mailDomain == "" {
		mailDomain = cmp.Or(parent, s.domain())
		supposed = append(supposed, "mail_domain")
		guesses = append(guesses, "exchange/names")
	}
	if public == "" && mailDomain != "" {
		public = "mail." + mailDomain
		supposed = append(supposed, "public_name")
		guesses = append(guesses, "exchange/names", "exchange/pages", "exchange/smtp", "exchange/public",
			"exchange/programs", "exchange/public-programs", "exchange/addresses")
	}
	mailbox := s.Mailbox
	if mailbox == "" && mailDomain != "" {
		mailbox = "postpatch@" + mailDomain
		supposed = append(supposed, "test_mailbox")
		guesses = append(guesses, "exchange/addresses", "exchange/mailflow")
	}
	vars := known("mail_domain", mailDomain)
	maps.Copy(vars, known("public_name", public))
	maps.Copy(vars, known("test_mailbox", mailbox))
	return told{vars: vars, supposed: supposed, guesses: guesses}
}

// publicName is the name by which clients come, and the domain in which they look for it.
func (s Seen) publicName() (public, domain string) {
	names := []string{s.Public}
	for _, r := range s.Facts["http"] {
		if r.Key.Name == "cert_subject" {
			name, _ := strings.CutPrefix(r.Value.String(), "CN=")
			name, _, _ = strings.Cut(name, ",")
			names = append(names, name)
		}
	}
	for _, r := range s.Facts["certificate"] {
		if r.Key.Name == "names" && strings.HasPrefix(r.Key.Item, "My/") {
			names = append(names, strings.Split(r.Value.String(), ", ")...)
		}
	}
	own, _, _ := strings.Cut(strings.ToLower(s.Host), ".")
	for _, name := range names {
		first, rest, _ := strings.Cut(strings.ToLower(name), ".")
		switch {
		case first == "autodiscover":
			domain = cmp.Or(domain, rest)
		case first != "*" && first != own && strings.Contains(rest, ".") && !strings.ContainsAny(name, " @"):
			public = cmp.Or(public, strings.ToLower(name))
		}
	}
	return public, domain
}

func known(name, value string) map[string]string {
	if value == "" {
		return map[string]string{}
	}
	return map[string]string{name: value}
}

// Guesses are the checks that need not hold on a healthy host: they are left out where they
// do not, and nobody is alarmed.
func (d Draft) Guesses() map[string]bool {
	all := map[string]bool{}
	for _, c := range d.Checks() {
		all[c.ID] = c.Guess
	}
	for _, f := range d.fittings() {
		for _, id := range f.guesses {
			all[id] = true
		}
	}
	return all
}

// give tells a pack what was seen of one of its hosts.
func (f *fitting) give(host string, t told) {
	for name, value := range t.vars {
		if f.vars[name] == "" {
			f.vars[name] = value
		}
		if f.vars[name] != value {
			if f.own[host] == nil {
				f.own[host] = map[string]string{}
			}
			f.own[host][name] = value
		}
	}
	f.guesses = append(f.guesses, t.guesses...)
	for _, name := range t.supposed {
		if !slices.Contains(f.supposed, name) {
			f.supposed = append(f.supposed, name)
		}
	}
}

// unknown are the variables that a pack has to be told, and that nothing was seen of.
func (d Draft) unknown(f fitting) []string {
	if f.vars == nil { // linux-services, whose zone is of hosts with a tag that the reader gives
		return nil
	}
	return slices.DeleteFunc(slices.Clone(d.Packs[f.pack]), func(name string) bool { return f.vars[name] != "" })
}

// writeVars writes variables as a mapping on one line.
func writeVars(vars map[string]string) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		all = append(all, name+": "+quote(vars[name]))
	}
	return "vars: {" + strings.Join(all, ", ") + "}"
}

// Leave takes a check off the hosts that are not among those that keep it, and says whether
// that changes anything.
func (d *Draft) Leave(id, why string, keep []string) (changed bool) {
	if _, before := d.Left[id]; before && len(keep) == len(d.Kept[id]) {
		return false
	}
	if d.Left == nil {
		d.Left = map[string]string{}
	}
	if d.Kept == nil {
		d.Kept = map[string][]string{}
	}
	d.Left[id], d.Kept[id] = why, keep
	return true
}
