package wsman

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/host"
	"postpatch/probes/host/packed"
	"postpatch/probes/lab/estate"
)

func TestServiceKeys(t *testing.T) {
	h := estate.Host{
		Services: map[string]estate.Service{
			"W3SVC":     {State: "Running", Type: "Share Process", DependsOn: []string{"WAS", "HTTP"}},
			"MSDTC":     {State: "Start Pending", Delayed: true},
			"RemoteReg": {Trigger: true},
			"Stops":     {State: "Running"},
			"User_1a2b": {State: "Running"},
		},
		Registry: map[string]map[string]any{
			`HKLM\SYSTEM\CurrentControlSet\Control`:                               {"AutoStartDelay": 300},
			`HKLM\SYSTEM\CurrentControlSet\Services\Stops\TriggerInfo\0`:          {"Action": 2},
			`HKLM\SYSTEM\CurrentControlSet\Services\USER_1A2B`:                    {"Type": 224},
			`HKLM\SYSTEM\CurrentControlSet\Services\W3SVC\Parameters\Deep\Inside`: {"Action": 1},
		},
	}
	got, err := new(process).answer(h, packed.Question{Collector: "servicekeys"})
	if err != nil {
		t.Fatal(err)
	}
	text := func(s string) host.Cell { return host.Cell{Text: s} }
	want := []host.Row{
		{"Name": text(""), "Delay": text("300")},
		{"Name": text("MSDTC"), "Type": text("16"), "Delayed": text("true"), "State": text("2"), "Start": text("2")},
		{"Name": text("RemoteReg"), "Type": text("16"), "Trigger": text("true"), "State": text("1"), "Start": text("2")},
		{"Name": text("Stops"), "Type": text("16")},
		{"Name": text("User_1a2b"), "Type": text("224")},
		{"Name": text("W3SVC"), "Type": text("32"), "Depends": {List: []string{"WAS", "HTTP"}}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("rows (-want +got):\n%s", d)
	}
}

// The estate's own rows go before, and a refusal before those.
func TestBoots(t *testing.T) {
	boot := time.Date(2026, 11, 23, 2, 5, 0, 0, time.UTC)
	h := estate.Host{OS: estate.OS{Boot: boot, Boots: []time.Time{boot.Add(-time.Hour), boot}}}
	own := h
	own.Collectors = map[string][]map[string]any{"boots": {{"Id": 41, "Code": 159}}}
	refused := own
	refused.Refuses = map[string]string{"boots": ""}
	for name, tt := range map[string]struct {
		host estate.Host
		want []host.Row
		err  string
	}{
		"the starts that the system tells, newest first": {
			h, []host.Row{
				{"Id": {Text: "12"}, "Time": {Text: "2026-11-23T02:05:00.0000000Z"}},
				{"Id": {Text: "12"}, "Time": {Text: "2026-11-23T01:05:00.0000000Z"}},
			}, "",
		},
		"the estate's own":      {own, []host.Row{{"Id": {Text: "41"}, "Code": {Text: "159"}}}, ""},
		"a refusal":             {refused, nil, "Access is denied."},
		"no start that is told": {estate.Host{}, nil, ""},
	} {
		got, err := new(process).answer(tt.host, packed.Question{Collector: "boots"})
		if d := cmp.Diff(tt.want, got); d != "" || (err == nil) != (tt.err == "") || err != nil && err.Error() != tt.err {
			t.Errorf("%s: %v, rows (-want +got):\n%s", name, err, d)
		}
	}
}

// Events alone are a whole log; a log that nobody wrote of is missing, but for those
// that every Windows has.
func TestEventLogsAreWholeWhereAnEstateTellsEventsAlone(t *testing.T) {
	h := estate.Host{OS: estate.OS{Boot: time.Date(2026, 11, 23, 2, 5, 0, 0, time.UTC)}}
	h.Collectors = map[string][]map[string]any{"eventlog": {
		{"log": "DNS Server", "provider": "DNS", "id": 4013, "level": 3}, {"log": "Setup", "provider": "Servicing", "id": 3},
	}}
	q := packed.Question{Collector: "eventlog", Args: []packed.Arg{{
		Name: "log", Values: []string{"System", "dns server", "DFS Replication"},
	}}}
	rows, err := new(process).answer(h, q)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range rows {
		got = append(got, strings.Join([]string{
			r.Get("log").Text, r.Get("kind").Text, r.Get("code").Text, r.Get("id").Text, r.Get("level").Text,
			r.Get("count").Text,
		}, " "))
	}
	want := []string{
		"System log    ", "dns server log    ", "DNS Server event  4013 3 1", "DFS Replication log missing   ",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("rows (-want +got):\n%s", d)
	}
}

// What is set is in force; what is not is as Windows has it, and an old one has no
// cmdlets.
func TestFirewall(t *testing.T) {
	profile := func(name, enabled, inbound, outbound string) host.Row {
		return host.Row{
			"Part": {Text: "profile"}, "Name": {Text: name}, "Enabled": {Text: enabled},
			"DefaultInboundAction": {Text: inbound}, "DefaultOutboundAction": {Text: outbound},
		}
	}
	for name, tt := range map[string]struct {
		host estate.Host
		want []host.Row
	}{
		"nothing is set": {
			estate.Host{},
			[]host.Row{profile("Domain", "1", "4", "2"), profile("Private", "1", "4", "2"), profile("Public", "1", "4", "2")},
		},
		"something is set": {
			estate.Host{WMI: map[string][]map[string]any{"root/StandardCimv2:MSFT_NetFirewallProfile": {
				{"Name": "Domain", "Enabled": 0, "DefaultInboundAction": 2, "DefaultOutboundAction": 4},
				{"Name": "Public", "Enabled": 2, "DefaultInboundAction": 0},
			}}},
			[]host.Row{profile("Domain", "0", "2", "4"), profile("Public", "1", "4", "2")},
		},
		"Server 2008 R2": {estate.Host{OS: estate.OS{Build: 7601}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			rows, err := new(process).answer(tt.host, packed.Question{Collector: "firewall"})
			if err != nil || len(rows) == 0 {
				t.Fatal(rows, err)
			}
			if there := rows[0].Get("There").Text == "true"; there != (len(tt.want) > 0) {
				t.Errorf("the cmdlets are there: %t", there)
			}
			var got []host.Row
			for _, row := range rows {
				if row.Get("Part").Text == "profile" {
					got = append(got, row)
				}
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("profiles (-want +got):\n%s", d)
			}
			if last := rows[len(rows)-1]; len(tt.want) > 0 && (last.Get("Inbound").Null || len(last.Get("Hash").Text) != 64) {
				t.Errorf("rules %v", last)
			}
		})
	}
}

// A clock that is set moves the boot time along, and the uptime not.
func TestClockThatIsSet(t *testing.T) {
	h := estate.Host{OS: estate.OS{Boot: time.Date(2026, 11, 1, 2, 0, 0, 0, time.UTC)}}
	for _, clock := range []time.Duration{0, time.Hour, -time.Hour} {
		h.OS.Clock = clock
		system := operatingSystem(h)
		boot, now := system["LastBootUpTime"].(time.Time), system["LocalDateTime"].(time.Time)
		if boot != h.OS.Boot.Add(clock) || time.Until(now.Add(-clock)).Abs() > time.Minute {
			t.Errorf("ahead by %v: started %v, now %v", clock, boot, now)
		}
	}
}
