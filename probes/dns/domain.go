package dns

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/miekg/dns"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/internal/reach"
)

// domainRecords are the SRV records of a domain by which clients find its controllers
// ([MS-ADTS] 6.3.2.3), without those of global catalogs, which are the forest's.
func domainRecords() []string {
	return []string{
		"_ldap._tcp", "_ldap._tcp.dc._msdcs", "_ldap._tcp.pdc._msdcs", "_kerberos._tcp", "_kerberos._udp",
		"_kerberos._tcp.dc._msdcs", "_kpasswd._tcp", "_kpasswd._udp",
	}
}

func forestRecords() []string { return []string{"_gc._tcp", "_ldap._tcp.gc._msdcs"} }

// siteRecords are those of a site.
func siteRecords(site string) (domain, forest []string) {
	at := "._tcp." + site + "._sites"
	domain = []string{
		"_ldap" + at, "_ldap" + at + ".dc._msdcs", "_kerberos" + at, "_kerberos" + at + ".dc._msdcs",
	}
	return domain, []string{"_gc" + at, "_ldap" + at + ".gc._msdcs"}
}

// planDirectory lists the records of the domains.
func (p *probe) planDirectory(given params) error {
	if len(given.Domains) == 0 {
		return given.withoutDomain()
	}
	sites, err := parseSites(given.Sites)
	if err != nil {
		return err
	}
	for _, written := range given.Domains {
		domain, err := parseDomain("domain", written)
		if err != nil {
			return err
		}
		forest := domain
		if given.Forest != "" {
			if forest, err = parseDomain("forest", given.Forest); err != nil {
				return err
			}
		}
		p.domains = append(p.domains, domain)
		p.add(dns.TypeA, domain)
		p.add(dns.TypeSRV, under(domainRecords(), domain)...)
		p.add(dns.TypeSRV, under(forestRecords(), forest)...)
		for _, site := range sites {
			ofDomain, ofForest := siteRecords(site)
			p.add(dns.TypeSRV, under(ofDomain, domain)...)
			p.add(dns.TypeSRV, under(ofForest, forest)...)
		}
		aliases, err := parseAgents(given.Agents)
		if err != nil {
			return err
		}
		p.add(dns.TypeCNAME, under(aliases, "_msdcs."+forest)...)
	}
	p.domains = reach.Unique(p.domains)
	return nil
}

// withoutDomain refuses what says nothing by itself.
func (p params) withoutDomain() error {
	for field, is := range map[string]bool{"forest": p.Forest != "", "site": len(p.Sites) > 0, "dsa": len(p.Agents) > 0} {
		if is {
			return probes.Fieldf(field, "it belongs to a domain: give that, too")
		}
	}
	return nil
}

func (p *probe) add(kind uint16, names ...string) {
	for _, full := range names {
		p.questions = append(p.questions, question{item: item(full, kind), name: full, kind: kind})
	}
}

func under(records []string, domain string) []string {
	full := make([]string, len(records))
	for i, record := range records {
		full[i] = record + "." + domain
	}
	return full
}

// parseSites takes one label each: as a site is named, though it may have a blank.
func parseSites(written []string) ([]string, error) {
	sites := make([]string, 0, len(written))
	for _, site := range written {
		label := strings.ReplaceAll(strings.TrimSpace(site), " ", `\032`)
		full, err := parseDomain("site", label)
		if err != nil || dns.CountLabel(full) != 1 {
			return nil, probes.Fieldf("site", "%q is no name of a site", site)
		}
		sites = append(sites, strings.ReplaceAll(strings.TrimSuffix(full, "."), `\032`, `\ `)) // as it comes back
	}
	return sites, nil
}

func parseAgents(written []string) ([]string, error) {
	guid := regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	agents := make([]string, 0, len(written))
	for _, agent := range written {
		plain := strings.ToLower(strings.Trim(strings.TrimSpace(agent), "{}"))
		if !guid.MatchString(plain) {
			return nil, probes.Fieldf("dsa", "%q is no GUID", agent)
		}
		agents = append(agents, plain)
	}
	return agents, nil
}

// mostTargets bounds how many servers' addresses are asked for.
const mostTargets = 64

// controllers looks for the addresses of the domain controllers: a record that leads to
// a name without one leads nowhere.
func (p probe) controllers(ctx context.Context, a asker, domain string) ([]fact.Reading, error) {
	about := item(domain, dns.TypeSRV) + " targets"
	found, err := a.ask(ctx, question{name: "_ldap._tcp.dc._msdcs." + domain, kind: dns.TypeSRV}, p.recurse)
	if err != nil {
		if p.state(err) != "" {
			return nil, nil // which the records themselves tell
		}
		return nil, fmt.Errorf("asking %s for the controllers of %q: %w", a.server, name(domain), err)
	}
	placed := map[string]bool{}
	for _, rr := range found.msg.Extra {
		if kind := rr.Header().Rrtype; kind == dns.TypeA || kind == dns.TypeAAAA {
			placed[dns.CanonicalName(rr.Header().Name)] = true
		}
	}
	var open []string
	for _, rr := range found.msg.Answer {
		if srv, is := rr.(*dns.SRV); is && !placed[dns.CanonicalName(srv.Target)] {
			open = append(open, dns.CanonicalName(srv.Target))
		}
	}
	if found.msg.Rcode != dns.RcodeSuccess {
		return nil, nil
	}
	if open = reach.Unique(open); len(open) > mostTargets {
		return nil, fmt.Errorf("asking %s for addresses in %q: %d servers come without one, and no more than %d are "+
			"asked for", a.server, name(domain), len(open), mostTargets)
	}
	var mu sync.Mutex
	var unresolved []string
	_, err = reach.Each(open, func(target string) ([]fact.Reading, error) {
		has, err := p.hasAddress(ctx, a, target)
		if err == nil && !has {
			mu.Lock()
			defer mu.Unlock()
			unresolved = append(unresolved, name(target))
		}
		return nil, err
	})
	if err != nil {
		return nil, fmt.Errorf("asking %s for addresses in %q: %w", a.server, name(domain), err)
	}
	return []fact.Reading{
		probes.Read(about, "state", fact.Text(answered)), probes.Read(about, "unresolved", fact.SetOf(unresolved...)),
	}, nil
}

func (p probe) hasAddress(ctx context.Context, a asker, target string) (bool, error) {
	addresses, err := p.addresses(ctx, a, target)
	return len(addresses) > 0, err
}

// addresses asks the server under test for those of a name.
func (p probe) addresses(ctx context.Context, a asker, target string) ([]string, error) {
	var all []string
	for _, kind := range []uint16{dns.TypeA, dns.TypeAAAA} {
		got, err := a.ask(ctx, question{name: target, kind: kind}, true)
		if err != nil {
			return nil, err
		}
		for _, rr := range got.msg.Answer {
			switch rr := rr.(type) {
			case *dns.A:
				all = append(all, rr.A.String())
			case *dns.AAAA:
				all = append(all, rr.AAAA.String())
			}
		}
		if len(all) > 0 {
			break
		}
	}
	return all, nil
}
