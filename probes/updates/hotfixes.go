package updates

import (
	"maps"
	"slices"
	"strings"

	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/gather"
	"postpatch/probes/internal/named"
)

// hotfixes asks for what component-based servicing has, and for the numbers alone:
// the date of installation comes in several forms, some of them local. Source:
// Microsoft's documentation of Win32_QuickFixEngineering.
func hotfixes() host.WQL {
	return host.WQL{Class: "Win32_QuickFixEngineering", Columns: []string{"HotFixID"}}
}

// readHotfixes returns the KB numbers too; nil when they are not known.
func (p probe) readHotfixes(r *gather.Reader) map[string]bool {
	rows, ok := r.Rows("hotfixes", hotfixes())
	if !ok {
		return nil
	}
	installed := map[string]bool{}
	for _, row := range rows {
		id := gather.Text(row, "HotFixID")
		if kb := kbIn(id); kb != "" {
			id = kb
		}
		switch {
		case id == "":
			r.Failf("hotfixes", "a row without its number")
		case !p.except[id]:
			installed[named.Short(id, mostName)] = true
		}
	}
	r.Add("", "hotfixes", setOf(installed))
	return installed
}

func setOf(names map[string]bool) fact.Set { return fact.SetOf(slices.Collect(maps.Keys(names))...) }

const policy = `HKLM\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate`

// wsusServer and wsusUse ask for the two policies that lead a host to a WSUS
// server: without the second the first means nothing.
func wsusServer() host.Collector { return policyOf(policy, "WUServer") }

func wsusUse() host.Collector { return policyOf(policy+`\AU`, "UseWUServer") }

func policyOf(key, value string) host.Collector {
	return host.Collector{Name: "registry", Args: map[string][]string{"key": {key}, "values": {value}}}
}

// readWSUS returns the server in use; empty for none.
func readWSUS(r *gather.Reader) string {
	servers, okServers := r.Rows("wsus_server", wsusServer())
	uses, okUses := r.Rows("wsus_server", wsusUse())
	if !okServers || !okUses {
		return ""
	}
	server := ""
	if len(servers) > 0 && len(uses) > 0 && gather.Text(uses[0], "UseWUServer") == "1" {
		server = strings.TrimRight(named.Short(gather.Text(servers[0], "WUServer"), mostText), "/")
	}
	r.Add("", "wsus_server", fact.Text(server))
	return server
}
