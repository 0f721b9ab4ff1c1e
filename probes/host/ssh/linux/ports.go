package linux

import (
	"encoding/hex"
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"postpatch/probes/host"
)

// stateListen is MSFT_NetTCPConnection's.
const stateListen = 2

// sockets are those of the kernel's own tables on which somebody listens. Whose they are
// ss tells, of others' to root alone: then nobody is named.
func sockets(t Told, protocol string) ([]host.Row, error) {
	lines, err := t.of(partPorts)
	if err != nil {
		return nil, err
	}
	owners := owners(t.parts[partOwners].lines)
	var rows []host.Row
	for _, line := range lines {
		fields := strings.Fields(line)
		if len(fields) != 2 || !strings.HasPrefix(fields[0], protocol) {
			continue
		}
		at, err := socket(fields[1], t.setting(partSystem, "machine") == "s390x")
		if err != nil {
			return nil, fmt.Errorf("reading the listening ports: %w", err)
		}
		row := host.Row{
			"LocalAddress": text(at.Addr().String()), "LocalPort": number(int64(at.Port())), "State": number(stateListen),
			"OwningProcess": {Null: true},
		}
		for i, id := range owners[fmt.Sprintf("%s/%d", protocol, at.Port())] {
			if i > 0 {
				row = maps.Clone(row)
			}
			row["OwningProcess"] = number(id)
			rows = append(rows, row)
		}
		if row.Get("OwningProcess").Null {
			rows = append(rows, row)
		}
	}
	return rows, nil
}

// socket reads "0100007F:1F90": an address in words as the machine keeps them, which all
// but IBM's do with the last byte first, and a port.
func socket(text string, bigEndian bool) (netip.AddrPort, error) {
	address, port, _ := strings.Cut(text, ":")
	raw, err := hex.DecodeString(address)
	n, portErr := strconv.ParseUint(port, 16, 16)
	if err != nil || portErr != nil || len(raw) != 4 && len(raw) != 16 {
		return netip.AddrPort{}, fmt.Errorf("want an address and a port, got %.60q", text)
	}
	for word := range slices.Chunk(raw, 4) {
		if !bigEndian {
			slices.Reverse(word)
		}
	}
	ip, _ := netip.AddrFromSlice(raw)
	return netip.AddrPortFrom(ip.Unmap(), uint16(n)), nil
}

// owners reads the processes in the lines of ss, by protocol and port.
func owners(lines []string) map[string][]int64 {
	found := map[string][]int64{}
	id := regexp.MustCompile(`pid=([0-9]{1,10}),`)
	for _, line := range lines {
		fields := strings.Fields(line)
		if len(fields) < 6 || fields[0] != "tcp" && fields[0] != "udp" {
			continue
		}
		at := fields[4][strings.LastIndexByte(fields[4], ':')+1:]
		for _, m := range id.FindAllStringSubmatch(line, 64) {
			n, err := strconv.ParseInt(m[1], 10, 64)
			if key := fields[0] + "/" + at; err == nil && !slices.Contains(found[key], n) {
				found[key] = append(found[key], n)
			}
		}
	}
	return found
}

// portRange is from where to where the kernel hands out ports.
func portRange(t Told) ([]host.Row, error) {
	lines, err := t.of(partPorts)
	if err != nil {
		return nil, err
	}
	if len(lines) > 0 {
		fields := strings.Fields(lines[0])
		if len(fields) == 2 {
			from, fromErr := strconv.ParseInt(fields[0], 10, 32)
			to, toErr := strconv.ParseInt(fields[1], 10, 32)
			if fromErr == nil && toErr == nil && from > 0 && to >= from {
				return []host.Row{{
					"DynamicPortRangeStartPort": number(from), "DynamicPortRangeNumberOfPorts": number(to - from + 1),
				}}, nil
			}
		}
	}
	return nil, fmt.Errorf("reading the range of ports: got %.60q", strings.Join(lines[:min(len(lines), 1)], ""))
}
