package network

import (
	"errors"
	"fmt"
	"strings"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/gather"
	"postpatch/probes/internal/named"
)

func firewallSpecs() []probes.ReadingSpec {
	// Of a host without PowerShell this is known where it is set; in force it is
	// always one or the other, so that to change from it is a change of the source.
	unset := []fact.Value{fact.Text(notConfigured)}
	return []probes.ReadingSpec{
		{
			Name: "firewall", Type: fact.TypeText, Severity: fact.Fail, Excused: unset,
			Doc: "on or off, with what group policies set; without PowerShell as set on the host, or not configured there.",
		},
		{
			Name: "inbound", Type: fact.TypeText, Severity: fact.Fail, Excused: unset,
			Doc: "What becomes of inbound traffic that no rule names: allow or block, read as firewall is.",
		},
		{
			Name: "outbound", Type: fact.TypeText, Severity: fact.Fail, Excused: unset,
			Doc: "The same of outbound traffic.",
		},
		{
			Name: "firewall_rules", Type: fact.TypeInt, Of: "rules", Rule: fact.Rule{Op: fact.AtLeast, Percent: 10},
			Doc: "How many rules in force let inbound traffic in, without those of single users; a tenth may go.",
		},
		{
			Name: "firewall_hash", Type: fact.TypeText, Severity: fact.Note,
			Doc: "SHA-256 over name, direction, action and profiles of all rules in force; not over ports and programs.",
		},
	}
}

// firewalls asks for what is set on the host itself.
func firewalls() host.WQL {
	return standard("MSFT_NetFirewallProfile", "", "Name", "Enabled", "DefaultInboundAction", "DefaultOutboundAction")
}

// inForce asks for what Windows makes of that and of group policies.
func inForce() host.Collector { return host.Collector{Name: "firewall"} }

// readFirewall reads what is in force. What is set on the host stands for it only
// where there can be no better; a failure has its reason, and the next run may see
// what is in force again, which is not to be held against anything else.
func (r *reader) readFirewall() {
	rows, err := r.Answers.To(inForce())
	switch {
	case errors.Is(err, host.ErrNoPowerShell):
		r.readSet()
		return
	case err != nil:
		r.failFirewall("", "%w", gather.Cause(err))
		return
	}
	parts, failed := map[string][]host.Row{}, map[string]bool{}
	for _, row := range rows {
		part := gather.Text(row, "Part")
		parts[part] = append(parts[part], row)
		if reason := gather.Text(row, "Error"); reason != "" {
			failed[part] = true
			r.failFirewall(named.Within(part, mostName), "%s", named.Within(reason, mostReason))
		}
	}
	one := func(part string) (row host.Row, ok bool) {
		if len(parts[part]) != 1 && !failed[part] {
			r.failFirewall(part, "the host told it in %d rows, where there is one", len(parts[part]))
		}
		if len(parts[part]) != 1 || failed[part] {
			return nil, false
		}
		return parts[part][0], true
	}
	module, ok := one("module")
	if there, _ := module.Get("There").Bool(); ok && !there { // Windows older than 2012
		r.readSet()
		return
	}
	if rules, ok := one("rules"); ok {
		r.readRules(rules)
	}
	switch profiles := parts["profile"]; {
	case failed["profile"]:
	case len(profiles) == 0:
		r.failFirewall("profile", "the host named none")
	default:
		r.readProfiles(profiles, func(format string, args ...any) { r.failFirewall("profile", format, args...) })
	}
}

const (
	mostName   = 100
	mostReason = 400
)

func (r *reader) failFirewall(part, format string, args ...any) {
	what := "the firewall in force"
	if part != "" {
		what += ", its " + part
	}
	r.Failf(what, format, args...)
}

// readRules makes readings of what the collector counted.
func (r *reader) readRules(row host.Row) {
	inbound, known := gather.Number(row, "Inbound")
	hash := gather.Text(row, "Hash")
	if !known || hash == "" || len(hash) > mostName {
		r.failFirewall("rules", "want a number and a hash, got %q and %q",
			named.Within(row.Get("Inbound").Text, mostName), named.Within(hash, mostName))
		return
	}
	r.Add("", "firewall_rules", fact.Int(inbound))
	r.Add("", "firewall_hash", fact.Text(hash))
}

// readSet reads what is set on the host.
func (r *reader) readSet() {
	if rows, ok := r.some(firewalls()); ok {
		r.readProfiles(rows, func(format string, args ...any) { r.fail(firewalls(), format, args...) })
	}
}

func (r *reader) readProfiles(rows []host.Row, fail func(format string, args ...any)) {
	seen := map[string]bool{}
	for _, row := range rows {
		name := strings.ToLower(named.Within(row.Get("Name").Text, mostName))
		if name == "" || seen[name] {
			fail("a profile without a name of its own, got %q", name)
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
			value, known := gather.Number(row, of.column)
			if !known {
				fail("no %s of the %s profile", of.column, name)
				continue
			}
			r.Add("firewall/"+name, of.reading, fact.Text(of.words(value)))
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
