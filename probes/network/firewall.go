package network

import (
	"fmt"
	"strings"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
)

func firewallSpecs() []probes.ReadingSpec {
	return []probes.ReadingSpec{
		{
			Name: "firewall", Type: fact.TypeText, Severity: fact.Fail,
			Doc: "on, off or not configured, as set on the host itself; a group policy may say otherwise.",
		},
		{
			Name: "inbound", Type: fact.TypeText, Severity: fact.Fail,
			Doc: "What becomes of inbound traffic that no rule names: allow, block or not configured.",
		},
		{
			Name: "outbound", Type: fact.TypeText, Severity: fact.Fail,
			Doc: "The same of outbound traffic.",
		},
	}
}

func firewalls() host.WQL {
	return standard("MSFT_NetFirewallProfile", "", "Name", "Enabled", "DefaultInboundAction", "DefaultOutboundAction")
}

func (r *reader) readFirewall() {
	rows, ok := r.some(firewalls())
	if !ok {
		return
	}
	seen := map[string]bool{}
	for _, row := range rows {
		name := strings.ToLower(row.Get("Name").Text)
		if name == "" || seen[name] {
			r.fail(firewalls(), "a profile without a name of its own, got %q", name)
			continue
		}
		seen[name] = true
		for _, of := range []struct {
			reading, column string
			words           func(int64) string
		}{
			{"firewall", "Enabled", enabledWord},
			{"inbound", "DefaultInboundAction", actionWord},
			{"outbound", "DefaultOutboundAction", actionWord},
		} {
			value, known := number(row, of.column)
			if !known {
				r.fail(firewalls(), "no %s of the %s profile", of.column, name)
				continue
			}
			r.add("firewall/"+name, of.reading, fact.Text(of.words(value)))
		}
	}
}

// enabledWord and actionWord read the numbers as the NetSecurity module's
// GpoBoolean and Action do.
func enabledWord(n int64) string {
	switch n {
	case 0:
		return "off"
	case 1:
		return "on"
	case 2:
		return notConfigured
	default:
		return fmt.Sprintf("unknown (%d)", n)
	}
}

func actionWord(n int64) string {
	switch n {
	case 0:
		return notConfigured
	case 2:
		return "allow"
	case 4:
		return "block"
	default:
		return fmt.Sprintf("unknown (%d)", n)
	}
}

const notConfigured = "not configured"
