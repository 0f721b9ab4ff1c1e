package network_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/host"
	"postpatch/probes/probetest"
)

var (
	errNoPowerShell = fmt.Errorf("%w: access is denied", host.ErrNoPowerShell)
	errBroken       = errors.New("the provider does not load")
)

// isOld makes of the host a Windows without the cmdlets.
func isOld(r recording) {
	r.Answer("firewall").Rows = []host.Row{probetest.Row("Part", "module", "There", "false")}
}

func failed(part string) probetest.Change {
	return probetest.Edit(func(question string, rows []host.Row) []host.Row {
		if question != "firewall" {
			return rows
		}
		kept := []host.Row{probetest.Row("Part", part, "Error", "not done within 40 s")}
		for _, row := range rows {
			if row.Get("Part").Text != part {
				kept = append(kept, row)
			}
		}
		return kept
	})
}

func TestWhichFirewallIsRead(t *testing.T) {
	inForce := []string{
		" firewall_rules=143",
		" firewall_hash=5b6f9c1d0e2a47838d4e5f60718293a4b5c6d7e8f9010203040506070809a0b1",
		"firewall/domain firewall=on", "firewall/domain inbound=block", "firewall/domain outbound=allow",
		"firewall/private firewall=on", "firewall/private inbound=block", "firewall/private outbound=allow",
		"firewall/public firewall=off", "firewall/public inbound=allow", "firewall/public outbound=allow",
	}
	set := []string{
		"firewall/domain firewall=on", "firewall/domain inbound=block", "firewall/domain outbound=allow",
		"firewall/private firewall=on", "firewall/private inbound=not configured",
		"firewall/private outbound=not configured",
		"firewall/public firewall=off", "firewall/public inbound=allow", "firewall/public outbound=allow",
	}
	const its = "reading the firewall in force, its "
	for name, tt := range map[string]struct {
		change func(recording)
		want   []string
		err    string
	}{
		"what is in force": {func(recording) {}, inForce, ""},
		"what is set does not matter": {
			func(r recording) { r.With(probetest.Refuse("MSFT_NetFirewallProfile", errDenied)) }, inForce, "",
		},
		"no PowerShell": {func(r recording) { r.With(probetest.Refuse("firewall", errNoPowerShell)) }, set, ""},
		"no cmdlets":    {isOld, set, ""},
		"neither": {
			func(r recording) {
				r.With(probetest.Refuse("firewall", errNoPowerShell), probetest.Refuse("MSFT_NetFirewallProfile", errDenied))
			},
			nil, "reading MSFT_NetFirewallProfile: " + errDenied.Error(),
		},
		"a failure is no reason for the other": {
			func(r recording) { r.With(probetest.Refuse("firewall", errBroken)) },
			nil, "reading the firewall in force: the provider does not load",
		},
		"no rules": {
			func(r recording) { r.With(failed("rules")) }, inForce[2:], its + "rules: not done within 40 s",
		},
		"no profiles": {
			func(r recording) { r.With(failed("profile")) }, inForce[:2], its + "profile: not done within 40 s",
		},
		"nothing at all": {
			func(r recording) { r.Answer("firewall").Rows = nil }, nil,
			its + "module, the firewall in force, its rules: the host told it in 0 rows, where there is one; " +
				"the firewall in force, its profile: the host named none",
		},
		"no number": {
			func(r recording) { r.With(probetest.Set("firewall", "143", "Inbound", "many")) }, inForce[2:],
			its + `rules: want a number and a hash, got "many" and "` + strings.TrimPrefix(inForce[1], " firewall_hash=") +
				`"`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := recorded(t)
			tt.change(r)
			readings, err := r.Observe(map[string]any{"part": []string{"firewall"}})
			if d := cmp.Diff(tt.want, probetest.Texts(readings)); d != "" {
				t.Errorf("readings (-want +got):\n%s", d)
			}
			if d := cmp.Diff(tt.err, probetest.Words(err)); d != "" {
				t.Errorf("error (-want +got):\n%s", d)
			}
		})
	}
}

func TestTheFirewallChanges(t *testing.T) {
	nothing := func(recording) {}
	for name, tt := range map[string]struct {
		before, after func(recording)
		want          []string
	}{
		"a group policy turns it off": {
			nothing, func(r recording) { r.With(probetest.Set("firewall", "Domain", "Enabled", "0")) },
			[]string{"drifted failing", "firewall/domain firewall: drifted on -> off"},
		},
		"it is turned off where a policy keeps it on": {
			nothing, func(r recording) { r.set("MSFT_NetFirewallProfile", "Domain", "Enabled", "0") }, []string{"passed"},
		},
		"it is turned off on a host without PowerShell": {
			func(r recording) { r.With(probetest.Refuse("firewall", errNoPowerShell)) },
			func(r recording) {
				r.With(probetest.Refuse("firewall", errNoPowerShell))
				r.set("MSFT_NetFirewallProfile", "Domain", "Enabled", "0")
			},
			[]string{"drifted failing", "firewall/domain firewall: drifted on -> off"},
		},
		"a patch brings rules": {
			nothing, func(r recording) {
				r.With(probetest.Set("firewall", "143", "Hash", strings.Repeat("0", 64)))
				r.With(probetest.Set("firewall", "143", "Inbound", "150"))
			},
			[]string{"passed"}, // but for a note
		},
		"the rules of a policy are gone": {
			nothing, func(r recording) { r.With(probetest.Set("firewall", "143", "Inbound", "90")) },
			[]string{"drifted", "firewall_rules: drifted 143 -> 90"},
		},
		"what was read where it is set is in force now": {isOld, nothing, []string{
			"drifted", "firewall_rules: drifted  -> 143",
		}},
		"it cannot be read": {
			nothing, func(r recording) { r.With(probetest.Refuse("firewall", errBroken)) }, []string{"unknown"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			before, after := recorded(t), recorded(t)
			tt.before(before)
			tt.after(after)
			if d := cmp.Diff(tt.want, judged(t, "", before, after)); d != "" {
				t.Errorf("outcome (-want +got):\n%s", d)
			}
		})
	}
}
