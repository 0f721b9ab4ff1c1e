package network

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/gather"
	"postpatch/probes/internal/named"
)

func adapterSpecs() []probes.ReadingSpec {
	return []probes.ReadingSpec{
		{
			Name: "state", Type: fact.TypeText, Gate: true, Keep: up,
			Doc: "up, down or disconnected (no cable), of adapters that are neither disabled nor hidden.",
		},
		{
			Name: "disabled", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.SameText},
			Doc: "The host's adapters that are disabled: one that came back is missing here, and is an item of its own.",
		},
		{
			Name: "ghosts", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.SameText}, Severity: fact.Note,
			Doc: "The host's adapters that Windows remembers and does not find.",
		},
		{Name: "mac", Type: fact.TypeText, Doc: "The hardware address in use."},
		{
			Name: "guid", Type: fact.TypeText, Rule: fact.Rule{Op: fact.SameText},
			Doc: "By what Windows knows the adapter and keeps its settings: a new one has none of the old one's.",
		},
		{Name: "mtu", Type: fact.TypeInt, Unit: "bytes", Doc: "The largest packet, of IPv4 where that is bound."},
		{
			Name: "dhcp", Type: fact.TypeBool, Severity: fact.Fail,
			Doc: "Whether IPv4 takes its address from DHCP; a static address that was lost shows here.",
		},
		{
			Name: "dns_servers", Type: fact.TypeText, Keep: "not empty",
			Doc: "The DNS servers in the order in which they are asked.",
		},
		{
			Name: "suffix", Type: fact.TypeText, Rule: fact.Rule{Op: fact.SameText},
			Doc: "The DNS suffix of the connection.",
		},
		{
			Name: "profile", Type: fact.TypeText, Keep: domain,
			Doc: "The network's category: public, private or domain; a host that finds its domain no more turns public.",
		},
		{
			Name: "suffixes", Type: fact.TypeText, Rule: fact.Rule{Op: fact.SameText},
			Doc: "The host's list of DNS suffixes to search, in order.",
		},
	}
}

const (
	up       = "up"
	disabled = "disabled"
	ghost    = "ghost"
	domain   = "domain"
)

func adapters() host.WQL {
	return standard("MSFT_NetAdapter", "", "Name", "InterfaceDescription", "InterfaceIndex", "Hidden", "IMFilter",
		"State", "InterfaceAdminStatus", "InterfaceOperationalStatus", "MediaConnectState", "NetworkAddresses",
		"PermanentAddress", "InterfaceGuid")
}

// adapter is one that people see, with the number by which other classes name it.
type adapter struct {
	item, state string
	index       int64
}

func (r *reader) readAdapters(except []string) {
	all, whole := r.visible(except)
	if rows, ok := r.rows(interfaces()); ok {
		r.each(all, interfaces(), active(rows), r.readInterface)
	}
	if rows, ok := r.rows(addresses()); ok {
		r.readAddresses(all, rows, whole)
	}
	if rows, ok := r.rows(routes()); ok {
		r.each(all, routes(), active(rows), r.readRoutes)
	}
	if rows, ok := r.rows(dnsServers()); ok {
		r.each(all, dnsServers(), rows, r.readServers)
	}
	if rows, ok := r.rows(dnsClients()); ok {
		r.each(all, dnsClients(), rows, func(a adapter, rows []host.Row) {
			if len(rows) > 0 {
				r.Add(a.item, "suffix", fact.Text(rows[0].Get("ConnectionSpecificSuffix").Text))
			}
		})
	}
	if rows, ok := r.rows(dnsGlobal()); ok && len(rows) > 0 {
		r.Add("", "suffixes", fact.Text(strings.Join(gather.List(rows[0], "SuffixSearchList"), ", ")))
	}
	if rows, ok := r.rows(profiles()); ok {
		r.each(all, profiles(), rows, r.readProfile)
	}
}

// each reads every adapter's rows.
func (r *reader) each(all []adapter, q host.WQL, rows []host.Row, read func(adapter, []host.Row)) {
	of, _ := r.byInterface(q, rows)
	for _, a := range all {
		read(a, of[a.index])
	}
}

// visible reads the adapters that people see: not the hidden ones, which Windows
// makes and drops as it likes, and not the upper edges of filter drivers. Those
// that are disabled or not there are only listed, since nothing else is known of
// them: what comes with one that is enabled again is no change of its own. Whole
// says that none of them is missing.
func (r *reader) visible(except []string) (all []adapter, whole bool) {
	rows, ok := r.some(adapters())
	if !ok {
		return nil, false
	}
	whole = true
	var off, ghosts []string
	var twins named.Twins
	for _, row := range inOrder(rows) {
		name := nameOf(row)
		if gather.True(row, "Hidden") || gather.True(row, "IMFilter") || leftOut(name, except) {
			continue
		}
		index, known := gather.Number(row, "InterfaceIndex")
		state := stateOf(row)
		switch {
		case name == "" || !known && state != ghost:
			r.fail(adapters(), "an adapter without a name or a number")
			whole = false
			continue
		case state == disabled:
			off = append(off, name)
			continue
		case state == ghost:
			ghosts = append(ghosts, name)
			continue
		case state == "":
			r.fail(adapters(), "no state of %q", name)
		}
		a := adapter{item: twins.Item(name), state: state, index: index}
		if state != "" {
			r.Add(a.item, "state", fact.Text(state))
		}
		if mac := macOf(row); mac != "" {
			r.Add(a.item, "mac", fact.Text(mac))
		}
		if guid := row.Get("InterfaceGuid").Text; guid != "" {
			r.Add(a.item, "guid", fact.Text(guid))
		}
		all = append(all, a)
	}
	r.Add("", "disabled", fact.SetOf(off...))
	r.Add("", "ghosts", fact.SetOf(ghosts...))
	return all, whole
}

// leftOut says whether the suite names the adapter, by a pattern or as it is.
func leftOut(name string, except []string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc(except, func(e string) bool {
		e = strings.ToLower(e)
		matches, err := path.Match(e, name)
		return e == name || err == nil && matches
	})
}

// inOrder sorts adapters, since WMI promises no order and doubles are told apart
// by theirs.
func inOrder(rows []host.Row) []host.Row {
	return slices.SortedFunc(slices.Values(rows), func(a, b host.Row) int {
		return cmp.Or(
			strings.Compare(strings.ToLower(nameOf(a)), strings.ToLower(nameOf(b))),
			strings.Compare(a.Get("InterfaceDescription").Text, b.Get("InterfaceDescription").Text),
			strings.Compare(a.Get("InterfaceIndex").Text, b.Get("InterfaceIndex").Text),
		)
	})
}

// nameOf is the name that people gave, or the driver's.
func nameOf(row host.Row) string {
	return cmp.Or(row.Get("Name").Text, row.Get("InterfaceDescription").Text)
}

// stateOf puts the three states of an adapter into one word; empty when it tells
// none. Source: MSFT_NetAdapter's State, and RFC 2863 for the other two.
func stateOf(row host.Row) string {
	state, hasState := gather.Number(row, "State")
	admin, hasAdmin := gather.Number(row, "InterfaceAdminStatus")
	operational, hasOperational := gather.Number(row, "InterfaceOperationalStatus")
	media, _ := gather.Number(row, "MediaConnectState")
	switch {
	case !hasState && !hasAdmin && !hasOperational:
		return ""
	case state == 3 || admin == 2:
		return disabled
	case operational == 6:
		return ghost
	case operational == 1:
		return up
	case media == 2:
		return "disconnected"
	default:
		return "down"
	}
}

// macOf writes the address in use as Windows shows it, whatever its separators.
func macOf(row host.Row) string {
	mac := row.Get("PermanentAddress").Text
	if inUse := gather.List(row, "NetworkAddresses"); len(inUse) > 0 && inUse[0] != "" {
		mac = inUse[0]
	}
	mac = strings.ToUpper(strings.NewReplacer("-", "", ":", "", " ", "").Replace(mac))
	if len(mac)%2 != 0 || strings.Trim(mac, "0123456789ABCDEF") != "" {
		return mac // no address, but what the host says
	}
	var pairs []string
	for pair := range slices.Chunk([]byte(mac), 2) {
		pairs = append(pairs, string(pair))
	}
	return strings.Join(pairs, "-")
}
