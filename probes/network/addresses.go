package network

import (
	"fmt"
	"net/netip"
	"strings"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/gather"
)

func addressSpecs() []probes.ReadingSpec {
	return []probes.ReadingSpec{
		{
			Name: "addresses", Type: fact.TypeSet, Severity: fact.Fail,
			Doc: "The addresses that were set by hand, with their prefixes; one that another host has too is left out.",
		},
		{
			Name: "static_addresses", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.Superset}, Severity: fact.Fail,
			Doc: "The same of all the host's adapters: here one shows that was lost with its adapter.",
		},
		{
			Name: "leased_addresses", Type: fact.TypeSet, Keep: "not empty",
			Doc: "The addresses from DHCP or a router; temporary ones and those of the link are left out.",
		},
		{
			Name: "floating_addresses", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.Ignore},
			Doc: "The addresses that move with their owner, such as a cluster's.",
		},
		{
			Name: "self_assigned", Type: fact.TypeBool, Rule: fact.Rule{Op: fact.Ignore}, Keep: "false",
			Doc: "Whether an adapter that is up gave itself 169.254.x.x: what it does when no DHCP server answers.",
		},
		{
			Name: "without_address", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.Subset}, Severity: fact.Fail,
			Doc: "The host's adapters that are up and have but an address of 169.254.x.x, new ones too.",
		},
		{
			Name: "gateways", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.SameText}, Keep: "not empty",
			Doc: "The default gateways.",
		},
		{
			Name: "routes", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.SameText}, Severity: fact.Fail,
			Doc: "The static routes: 10.50.0.0/16 via 10.20.0.254.",
		},
	}
}

func addresses() host.WQL {
	return standard("MSFT_NetIPAddress", "", "InterfaceIndex", "IPAddress", "PrefixLength", "PrefixOrigin",
		"SuffixOrigin", "AddressState", "SkipAsSource", "Store")
}

// routes asks for those that lead to another router: the many that Windows makes
// for its own addresses stay there.
func routes() host.WQL {
	return standard("MSFT_NetRoute", "NextHop<>'0.0.0.0' AND NextHop<>'::'",
		"InterfaceIndex", "DestinationPrefix", "NextHop", "Protocol", "Store")
}

// persistentAddresses are those that Windows sets again at the next boot; empty
// where the class does not tell them.
func persistentAddresses(rows []host.Row) map[string]bool {
	found := map[string]bool{}
	for _, row := range rows {
		if store, known := gather.Number(row, "Store"); known && store == 0 {
			if ip, err := netip.ParseAddr(row.Get("IPAddress").Text); err == nil {
				found[ip.String()] = true
			}
		}
	}
	return found
}

// Where an address comes from, by MSFT_NetIPAddress.
const (
	originManual = 1
	suffixRandom = 5
	stateInvalid = 0
	stateDouble  = 2 // another host has it too
)

// addressed is what an adapter has, with prefixes, by where it comes from.
type addressed struct {
	fixed, leased, floating []string
	selfAssigned            bool
	has4                    bool // an address of IPv4 by which others reach it
	partly                  bool // not every address could be read
}

// readAddresses reads those of each adapter and of the host as a whole: an adapter
// that comes back under another name is an item of its own, which nothing is held
// against. Whole says that all adapters are known.
func (r *reader) readAddresses(all []adapter, rows []host.Row, whole bool) {
	persistent := persistentAddresses(rows)
	of, sorted := r.byInterface(addresses(), active(rows))
	whole = whole && sorted
	var static, without []string
	for _, a := range all {
		has := r.addressesOf(a, of[a.index], persistent)
		r.Add(a.item, "addresses", fact.SetOf(has.fixed...))
		r.Add(a.item, "leased_addresses", fact.SetOf(has.leased...))
		r.Add(a.item, "floating_addresses", fact.SetOf(has.floating...))
		if a.state == up { // without a cable nobody answers
			r.Add(a.item, "self_assigned", fact.Bool(has.selfAssigned))
		}
		static = append(static, has.fixed...)
		if has.selfAssigned && !has.has4 && a.state == up {
			without = append(without, a.item)
		}
		whole = whole && !has.partly
	}
	if whole { // else what could not be read would look lost
		r.Add("", "static_addresses", fact.SetOf(static...))
		r.Add("", "without_address", fact.SetOf(without...))
	}
}

func (r *reader) addressesOf(a adapter, rows []host.Row, persistent map[string]bool) addressed {
	var has addressed
	for _, row := range rows {
		text, _, _ := strings.Cut(row.Get("IPAddress").Text, "%") // a zone is an index, which changes
		ip, err := netip.ParseAddr(text)
		if err != nil {
			r.fail(addresses(), "no address of %q, got %q", a.item, row.Get("IPAddress").Text)
			has.partly = true
			continue
		}
		if state, known := gather.Number(row, "AddressState"); known && (state == stateInvalid || state == stateDouble) {
			continue
		}
		prefix, _ := gather.Number(row, "PrefixOrigin")
		suffix, _ := gather.Number(row, "SuffixOrigin")
		text = ip.String()
		if length, known := gather.Number(row, "PrefixLength"); known {
			text = fmt.Sprintf("%s/%d", text, length)
		}
		switch {
		case prefix == originManual && (gather.True(row, "SkipAsSource") || len(persistent) > 0 && !persistent[ip.String()]):
			has.floating = append(has.floating, text)
			continue
		case prefix == originManual:
			has.fixed = append(has.fixed, text)
		case ip.Is4() && ip.IsLinkLocalUnicast():
			has.selfAssigned = true
			continue
		case ip.IsLinkLocalUnicast(), ip.IsLoopback(), ip.Is6() && suffix == suffixRandom:
			continue
		default:
			has.leased = append(has.leased, text)
		}
		has.has4 = has.has4 || ip.Is4()
	}
	return has
}

const protocolStatic = 3 // "NetMgmt": set by hand, or by a program

func (r *reader) readRoutes(a adapter, rows []host.Row) {
	var gateways, static []string
	for _, row := range rows {
		hop, _, _ := strings.Cut(strings.ToLower(row.Get("NextHop").Text), "%")
		to := strings.ToLower(row.Get("DestinationPrefix").Text)
		protocol, known := gather.Number(row, "Protocol")
		switch {
		case hop == "" || to == "":
			r.fail(routes(), "a route of %q without its end or its next hop", a.item)
		case hop == "0.0.0.0" || hop == "::": // another check may have asked for all
		case to == "0.0.0.0/0" || to == "::/0":
			gateways = append(gateways, hop)
		case known && protocol == protocolStatic:
			static = append(static, to+" via "+hop)
		}
	}
	r.Add(a.item, "gateways", fact.SetOf(gateways...))
	r.Add(a.item, "routes", fact.SetOf(static...))
}
