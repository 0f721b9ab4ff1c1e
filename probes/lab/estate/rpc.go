package estate

import (
	"cmp"
	"maps"
	"regexp"
	"slices"

	"gopkg.in/yaml.v3"

	"postpatch/probes/host/rpcname"
)

// byUUID are interfaces by their UUIDs, of which some may be written by their names. Where a
// state writes one in the other way than the estate, the UUID counts.
func byUUID(written map[string]Interface) map[string]Interface {
	all := make(map[string]Interface, len(written))
	for name, i := range written {
		k, named := rpcname.Named(name)
		if !named {
			all[name] = i
			continue
		}
		if _, twice := written[k.UUID]; !twice {
			i.Version = cmp.Or(i.Version, k.Version)
			all[k.UUID] = i
		}
	}
	return all
}

// checkInterfaces refuses what nobody could ask for, or connect to.
func (p *parser) checkInterfaces(at *yaml.Node, all map[string]Interface) {
	for _, uuid := range slices.Sorted(maps.Keys(all)) {
		i := all[uuid]
		if !regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`).MatchString(uuid) {
			p.problemf(at, "rpc: interfaces: want a UUID in lower case, or a name that rpc knows, got %q", uuid)
		}
		if i.Port < 1 || i.Port > 65535 {
			p.problemf(at, "rpc: interfaces: %d is no port", i.Port)
		}
		if i.Version != "" && !regexp.MustCompile(`^[0-9]{1,4}\.[0-9]{1,4}$`).MatchString(i.Version) {
			p.problemf(at, "rpc: interfaces: want a version like 1.0, got %q", i.Version)
		}
	}
}
