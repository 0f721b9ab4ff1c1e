package wsman

import (
	"crypto/sha256"
	"maps"
	"slices"
	"strconv"
	"strings"

	"postpatch/probes/host"
	"postpatch/probes/lab/estate"
)

// builtinCollector returns a collector whose answer follows from the rest of the
// host; nil for any other.
func builtinCollector(name string) func(estate.Host) []host.Row {
	return map[string]func(estate.Host) []host.Row{
		"servicekeys": serviceKeys, "boots": boots, "firewall": firewall,
	}[name]
}

// serviceKeys answers as the script does, from the registry that the estate's
// services make, and what it says of keys itself goes before.
func serviceKeys(h estate.Host) []host.Row {
	keys := registry(h)
	const control, services = `hklm\system\currentcontrolset\control`, `hklm\system\currentcontrolset\services\`
	rows := []host.Row{{"Name": cell(""), "Delay": cell(row(keys[control]).get("AutoStartDelay"))}}
	for _, name := range slices.Sorted(maps.Keys(h.Services)) {
		path := services + strings.ToLower(name)
		key := row(keys[path])
		r := host.Row{"Name": cell(name), "Type": cell(key.get("Type"))}
		if cell(key.get("DelayedAutostart")).Text == "1" {
			r["Delayed"] = cell(true)
		}
		for other, trigger := range keys {
			action := cell(row(trigger).get("Action"))
			if strings.HasPrefix(other, path+`\triggerinfo\`) && (action.Null || action.Text == "1") {
				r["Trigger"] = cell(true)
			}
		}
		if depends := key.get("DependOnService"); depends != nil {
			r["Depends"] = cell(depends)
		}
		if state := stateNumber(h.Services[name].State); state != running {
			r["State"], r["Start"] = cell(state), cell(key.get("Start"))
		}
		rows = append(rows, r)
	}
	return rows
}

const running = 4 // SERVICE_RUNNING

// stateNumber is a state of Win32_Service as the service manager's number.
func stateNumber(state string) int {
	number, known := map[string]int{
		"Start Pending": 2, "Stop Pending": 3, "Running": running, "Continue Pending": 5, "Pause Pending": 6, "Paused": 7,
	}[state]
	if !known {
		return 1 // stopped
	}
	return number
}

// boots are the events of the starts that the estate tells.
func boots(h estate.Host) []host.Row {
	var rows []host.Row
	for _, at := range slices.Backward(h.OS.Boots) {
		rows = append(rows, host.Row{"Id": cell(12), "Time": cell(at)})
	}
	return rows
}

// firewall answers as the script does: what the estate tells of the class in which
// it is set is in force, with Windows' own defaults for the rest.
func firewall(h estate.Host) []host.Row {
	const server2012 = 9200
	if h.OS.Build != 0 && h.OS.Build < server2012 {
		return []host.Row{{"Part": cell("module"), "There": cell(false)}}
	}
	t, _ := find(h, "root/StandardCimv2", "MSFT_NetFirewallProfile")
	if len(t.rows) == 0 {
		t.rows = []row{{"Name": "Domain"}, {"Name": "Private"}, {"Name": "Public"}}
	}
	const on, notConfigured, allow, block = 1, 2, 2, 4
	or := func(value host.Cell, unset string, usual int) host.Cell {
		if value.Null || value.Text == unset {
			return cell(usual)
		}
		return value
	}
	rows := []host.Row{{"Part": cell("module"), "There": cell(true)}}
	for _, r := range t.rows {
		rows = append(rows, host.Row{
			"Part": cell("profile"), "Name": cell(r.get("Name")),
			"Enabled":               or(cell(r.get("Enabled")), strconv.Itoa(notConfigured), on),
			"DefaultInboundAction":  or(cell(r.get("DefaultInboundAction")), "0", block),
			"DefaultOutboundAction": or(cell(r.get("DefaultOutboundAction")), "0", allow),
		})
	}
	return append(rows, host.Row{
		"Part": cell("rules"), "Inbound": cell(120), "Hash": cell(strings.Repeat("5a", sha256.Size)),
	})
}
