package network

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/gather"
)

func portSpecs() []probes.ReadingSpec {
	return []probes.ReadingSpec{
		{
			Name: "port", Type: fact.TypeText, Severity: fact.Fail,
			Doc: "open, for every TCP port that can be reached from outside, but for those that Windows hands out by chance.",
		},
		{
			Name: "owner", Type: fact.TypeText, Rule: fact.Rule{Op: fact.SameText},
			Doc: "The program that listens at the port; System is Windows itself, for IIS too. Linux tells it to root.",
		},
		{
			Name: "bound", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.SameText}, Severity: fact.Note,
			Doc: "The addresses at which it listens; any for all of the host's.",
		},
		{
			Name: "listening", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.Ignore},
			Doc: "All ports below 49152 that can be reached from outside, for expectations: tcp/443, udp/53.",
		},
		{
			Name: "udp", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.Superset},
			Doc: "The UDP ports among them; new ones are no change, since clients use such ports too.",
		},
		{
			Name: "local_listening", Type: fact.TypeSet, Severity: fact.Note,
			Doc: "The TCP ports that only the host itself can reach.",
		},
	}
}

// firstDynamic is where the ports begin that Windows hands out by chance, unless
// told otherwise (RFC 6335). They are asked for by no one: a DNS server holds
// thousands of them.
const firstDynamic = 49152

func listeners() host.WQL {
	return standard("MSFT_NetTCPConnection", fmt.Sprintf("State=%d AND LocalPort<%d", stateListen, firstDynamic),
		"LocalAddress", "LocalPort", "OwningProcess", "State")
}

const stateListen = 2

func endpoints() host.WQL {
	return standard("MSFT_NetUDPEndpoint", fmt.Sprintf("LocalPort<%d", firstDynamic),
		"LocalAddress", "LocalPort", "OwningProcess")
}

// portRanges asks from which ports this host hands out: Exchange, for one, lets
// them begin at 6005.
func portRanges() host.WQL {
	return standard("MSFT_NetTCPSetting", "", "DynamicPortRangeStartPort", "DynamicPortRangeNumberOfPorts")
}

// processes asks for all: which ones listen is known only with the same answer.
func processes() host.WQL {
	return host.WQL{Class: "Win32_Process", Columns: []string{"ProcessId", "Name"}}
}

// port is one port of one protocol, with all who listen at it.
type port struct {
	number int64
	bound  []string
	owners []string
	local  bool // only the host itself can reach it
}

func (r *reader) readPorts(except []string, owners bool) {
	tcpRows, tcpKnown := r.some(listeners())
	udpRows, udpKnown := r.rows(endpoints())
	var names map[int64]string
	named := false
	if owners {
		names, named = r.processNames()
	}
	tcpRows = slices.DeleteFunc(slices.Clone(tcpRows), func(row host.Row) bool {
		state, known := gather.Number(row, "State") // another check may have asked for other states
		return known && state != stateListen
	})
	tcp := r.portsOf(listeners(), "tcp/", tcpRows, names)
	udp := r.portsOf(endpoints(), "udp/", udpRows, names)
	for _, name := range except {
		delete(tcp, name)
		delete(udp, name)
	}
	isDynamic := r.dynamic()
	var listening, stableUDP, local []string
	for _, name := range slices.Sorted(maps.Keys(tcp)) {
		p := tcp[name]
		if !p.local {
			listening = append(listening, name)
		}
		switch {
		case isDynamic(p.number):
		case p.local:
			local = append(local, name)
		default:
			r.addPort(name, p, named)
		}
	}
	for name, p := range udp {
		if p.local {
			continue
		}
		listening = append(listening, name)
		if !isDynamic(p.number) {
			stableUDP = append(stableUDP, name)
		}
	}
	if tcpKnown {
		r.Add("", "local_listening", fact.SetOf(local...))
	}
	if udpKnown {
		r.Add("", "udp", fact.SetOf(stableUDP...))
	}
	if tcpKnown && udpKnown {
		r.Add("", "listening", fact.SetOf(listening...))
	}
}

func (r *reader) addPort(name string, p *port, named bool) {
	r.Add(name, "port", fact.Text("open"))
	r.Add(name, "bound", fact.SetOf(p.bound...))
	if named && len(p.owners) > 0 { // Linux tells an account of its own processes alone
		r.Add(name, "owner", fact.Text(strings.Join(fact.SetOf(p.owners...).Elems(), ", ")))
	}
}

// portsOf gathers the rows by port: IPv4 and IPv6 have one each, and so has every
// address and every process.
func (r *reader) portsOf(q host.WQL, prefix string, rows []host.Row, names map[int64]string) map[string]*port {
	ports := map[string]*port{}
	for _, row := range rows {
		n, known := gather.Number(row, "LocalPort")
		if !known || n < 0 || n > 65535 {
			r.fail(q, "a port without its number, got %q", row.Get("LocalPort").Text)
			continue
		}
		if n == 0 || n >= firstDynamic { // another check may have asked for all
			continue
		}
		name := prefix + strconv.FormatInt(n, 10)
		p := ports[name]
		if p == nil {
			p = &port{number: n, local: true}
			ports[name] = p
		}
		address, isLocal := boundTo(row.Get("LocalAddress").Text)
		p.local = p.local && isLocal
		p.bound = append(p.bound, address)
		if process, known := gather.Number(row, "OwningProcess"); known {
			p.owners = append(p.owners, cmp.Or(names[process], "unknown"))
		}
	}
	return ports
}

// boundTo says at which address a socket listens, and whether only the host
// itself reaches that. What is no address is taken for one that all reach.
func boundTo(text string) (address string, local bool) {
	text, _, _ = strings.Cut(text, "%")
	ip, err := netip.ParseAddr(text)
	switch {
	case err != nil:
		return text, false
	case ip.IsUnspecified():
		return "any", false
	default:
		return ip.String(), ip.Unmap().IsLoopback()
	}
}

// dynamic says which ports the host hands out by chance. Where it does not tell,
// as before Server 2012 R2, Windows' own range counts.
func (r *reader) dynamic() func(port int64) bool {
	start, count := int64(firstDynamic), int64(65536-firstDynamic)
	rows, err := r.Answers.To(portRanges())
	for _, row := range rows {
		from, hasFrom := gather.Number(row, "DynamicPortRangeStartPort")
		n, hasCount := gather.Number(row, "DynamicPortRangeNumberOfPorts")
		if err == nil && hasFrom && hasCount && from > 0 && n > 0 {
			start, count = from, n
			break
		}
	}
	return func(port int64) bool { return port >= start && port-start < count }
}

func (r *reader) processNames() (names map[int64]string, ok bool) {
	rows, ok := r.some(processes())
	names = map[int64]string{}
	for _, row := range rows {
		if id, known := gather.Number(row, "ProcessId"); known {
			names[id] = row.Get("Name").Text
		}
	}
	return names, ok
}
