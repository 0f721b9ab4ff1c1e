package eventlog_test

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"postpatch/probes/eventlog"
	"postpatch/probes/host"
	"postpatch/probes/probetest"
	"postpatch/runner/runnertest"
)

// written is one group of events as the collector tells it.
type written struct {
	log, provider    string
	id, level, count int
	subject, service string // what it is about, and a service's own name
	peak             int    // of count, within one hour; 0 for all of them
	last             string // when
}

func (w written) row() host.Row {
	cell := func(s string) host.Cell { return host.Cell{Text: s} }
	row := host.Row{
		"log": cell(w.log), "kind": cell("event"), "provider": cell(w.provider), "id": cell(strconv.Itoa(w.id)),
		"level": cell(strconv.Itoa(w.level)), "count": cell(strconv.Itoa(max(w.count, 1))), "detail": cell(w.subject),
		"service": cell(w.service), "last": cell(cmp.Or(w.last, usualTime)), "text": cell("what happened"),
	}
	if w.peak > 0 {
		row["peak"] = cell(strconv.Itoa(w.peak))
	}
	return row
}

const usualTime = "2026-11-11T02:03:04Z"

// told judges a check whose host wrote these before and after the patch, beside
// the readings of the logs as a whole.
func told(t *testing.T, check string, before, after []written) []string {
	t.Helper()
	seen := func(all []written) runnertest.Seen {
		var rows []host.Row
		for _, log := range []string{"System", "Application", "Setup", "Directory Service", "DNS Server", "DFS Replication"} {
			rows = append(rows, host.Row{"log": {Text: log}, "kind": {Text: "log"}, "read": {Text: "9"}})
		}
		for _, w := range all {
			rows = append(rows, w.row())
		}
		readings, err := probetest.Observe(t, eventlog.Kind, target(t, nil, rows), nil)
		return runnertest.Seen{Readings: readings, Err: err}
	}
	return runnertest.Told(t, eventlog.Kind, check, [2]runnertest.Seen{seen(before), seen(after)})
}

const plain = "- eventlog: {}"

// The updates that are known to have broken servers, as their logs showed it.
func TestKnownRegressionsFail(t *testing.T) {
	const kdc = "Microsoft-Windows-Kerberos-Key-Distribution-Center"
	const scm = "Service Control Manager"
	for name, w := range map[string]written{
		"S02 Kerberos finds no common encryption":  {log: "System", provider: kdc, id: 14, level: 2},
		"S12 a blue screen":                        {log: "System", provider: "Microsoft-Windows-WER-SystemErrorReporting", id: 1001, level: 2},
		"S13 constrained delegation":               {log: "System", provider: kdc, id: 18, level: 2},
		"S15 certificates, audited":                {log: "System", provider: kdc, id: 45, level: 3},
		"S15 certificates, refused":                {log: "System", provider: "kdcsvc", id: 21, level: 3},
		"S16 cloned machines":                      {log: "System", provider: "LsaSrv", id: 6167, level: 2},
		"S18 the filter engine cannot load":        {log: "Application", provider: "Microsoft-Filtering-FIPFS", id: 5300, level: 2},
		"S18 the filter engine cannot load, too":   {log: "Application", provider: "Microsoft-Filtering-FIPFS", id: 1106, level: 2},
		"S22 a service crashed":                    {log: "System", provider: scm, id: 7031, level: 2, subject: "Microsoft Exchange Service Host", service: "MSExchangeServiceHost"},
		"S24 an upgrade script of SQL Server":      {log: "Application", provider: "MSSQLSERVER", id: 912, level: 2},
		"S24 master cannot be recovered":           {log: "Application", provider: "MSSQL$PROD", id: 3417, level: 2},
		"S24 an upgrade script was cut short":      {log: "Application", provider: "MSSQLSERVER", id: 914, level: 2},
		"SQL Server's port is taken":               {log: "Application", provider: "MSSQL$PROD", id: 26023, level: 2},
		"SQL Server's listener does not start":     {log: "Application", provider: "MSSQLSERVER", id: 17182, level: 2},
		"SQL Server starts no thread for a port":   {log: "Application", provider: "MSSQLSERVER", id: 17120, level: 2},
		"IIS finds no configuration of a pool":     {log: "System", provider: "Microsoft-Windows-WAS", id: 5189, level: 2, subject: "DefaultAppPool"},
		"a pool was disabled":                      {log: "System", provider: "Microsoft-Windows-WAS", id: 5002, level: 2, subject: "Shop"},
		"a disk":                                   {log: "System", provider: "disk", id: 153, level: 3},
		"a file system":                            {log: "System", provider: "Ntfs", id: 55, level: 2},
		"a service's account":                      {log: "System", provider: scm, id: 7038, level: 2, subject: "gMSA service", service: "Shop"},
		"a service that no harmless one is called": {log: "System", provider: scm, id: 7000, level: 2, subject: "Dienst für Größen"},
		"DNS waits, and waits":                     {log: "DNS Server", provider: "Microsoft-Windows-DNS-Server-Service", id: 4013, level: 3, count: 3},
		"DFSR stopped":                             {log: "DFS Replication", provider: "DFSR", id: 2213, level: 3},
		"a session that cannot be set up":          {log: "System", provider: "NETLOGON", id: 5722, level: 2},
		"a domain controller that is silent":       {log: "System", provider: "NETLOGON", id: 5783, level: 2, count: 3},
		"a service that does not connect":          {log: "System", provider: scm, id: 7009, level: 2, subject: "Shop Server"},
		"a service that does not answer":           {log: "System", provider: scm, id: 7011, level: 2, subject: "Shop Server", service: "Shop"},
		"a recovery that failed":                   {log: "System", provider: scm, id: 7032, level: 2, subject: "Shop Server"},
		"LSASS crashed":                            {log: "Application", provider: "Application Error", id: 1000, level: 2, subject: "lsass.exe"},
		"no domain controller, again and again":    {log: "System", provider: "NETLOGON", id: 5719, level: 2, count: 5},
		"switched off":                             {log: "System", provider: "EventLog", id: 6008, level: 2},
		"switched off or hung":                     {log: "System", provider: "Microsoft-Windows-Kernel-Power", id: 41, level: 1},
	} {
		t.Run(name, func(t *testing.T) {
			item := w.log + "/" + w.provider + "/" + strconv.Itoa(w.id)
			if w.subject != "" {
				item += ": " + cmp.Or(w.service, w.subject)
			}
			change := " serious_count: drifted  -> " + strconv.Itoa(max(w.count, 1))
			if slices.Contains([]int{41, 1001, 6008}, w.id) {
				change = " unclean_start: drifted  -> " + usualTime
			}
			want := []string{"drifted failing", item + change}
			if w.provider == scm && slices.Contains([]int{7000, 7009, 7011, 7038}, w.id) {
				name := strings.TrimPrefix(item, "System/"+scm+"/")
				change = " start_count: drifted  -> 1"
				want = []string{"drifted failing", "System failed_starts: drifted  -> " + name, item + change}
			}
			got := told(t, plain, nil, []written{w})
			if d := gocmp.Diff(want, got); d != "" {
				t.Errorf("outcome (-want +got):\n%s", d)
			}
			if got := told(t, plain, []written{w}, nil); !slices.Equal(got, []string{"passed"}) {
				t.Errorf("gone: got %q", got)
			}
			if got := told(t, plain, []written{w}, []written{w}); !slices.Equal(got, []string{"passed"}) {
				t.Errorf("there before: got %q", got)
			}
		})
	}
}

// What healthy servers write after a boot is no finding.
func TestNoiseIsSilent(t *testing.T) {
	const scm = "Service Control Manager"
	for name, w := range map[string]written{
		"DCOM's permissions":              {log: "System", provider: "Microsoft-Windows-DistributedCOM", id: 10016, level: 2, count: 5000},
		"DCOM's timeouts":                 {log: "System", provider: "Microsoft-Windows-DistributedCOM", id: 10010, level: 2, count: 3},
		"traces":                          {log: "System", provider: "Microsoft-Windows-Kernel-EventTracing", id: 3, level: 2, count: 4},
		"time before the network":         {log: "System", provider: "Microsoft-Windows-Time-Service", id: 134, level: 3, count: 2},
		"policies before the network":     {log: "System", provider: "Microsoft-Windows-GroupPolicy", id: 1129, level: 2},
		"the domain before the network":   {log: "System", provider: "NETLOGON", id: 5719, level: 2, count: 2},
		"a controller that restarts, too": {log: "System", provider: "NETLOGON", id: 5783, level: 2},
		"an updater that is slow":         {log: "System", provider: scm, id: 7009, level: 2, subject: "Google Update Service (gupdate)"},
		"zones before the directory":      {log: "DNS Server", provider: "Microsoft-Windows-DNS-Server-Service", id: 4013, level: 3, count: 2},
		"names before the network":        {log: "System", provider: "Microsoft-Windows-DNS-Client", id: 1014, level: 3, count: 9},
		"devices":                         {log: "System", provider: "Microsoft-Windows-DeviceSetupManager", id: 131, level: 2, count: 4},
		"counters":                        {log: "Application", provider: "Microsoft-Windows-Perflib", id: 1023, level: 2, count: 4},
		"scanners of TLS":                 {log: "System", provider: "Schannel", id: 36887, level: 2, count: 999},
		"WinRM's names":                   {log: "System", provider: "Microsoft-Windows-WinRM", id: 10154, level: 3},
		"the writer of the system":        {log: "Application", provider: "Microsoft-Windows-CAPI2", id: 513, level: 2, count: 2},
		"a service that ends by itself":   {log: "System", provider: scm, id: 7023, level: 2, subject: "Softwareschutz", service: "sppsvc"},
		"an updater":                      {log: "System", provider: scm, id: 7000, level: 2, subject: "Google Updater Service (GoogleUpdaterService131.0.6776.0)"},
		"BITS's start type":               {log: "System", provider: scm, id: 7040, level: 4, subject: "BITS", service: "BITS"},
		"another service's start type":    {log: "System", provider: scm, id: 7040, level: 4, subject: "Shop"},
		"a service of users, other users": {log: "System", provider: scm, id: 7031, level: 2, subject: "cbdhsvc_1a2b3"},
	} {
		t.Run(name, func(t *testing.T) {
			before := []written{{log: "System", provider: scm, id: 7031, level: 2, subject: "cbdhsvc_99ff0"}}
			if got := told(t, plain, before, []written{w}); !slices.Equal(got, []string{"passed"}) {
				t.Errorf("got %q", got)
			}
		})
	}
}

// Noise is counted, and above its measure it is none.
func TestOtherErrorsWarn(t *testing.T) {
	other := func(count int) []written {
		return []written{{log: "Application", provider: "Shop", id: 7, level: 2, count: count}}
	}
	gpo := []written{{log: "System", provider: "Microsoft-Windows-GroupPolicy", id: 1129, level: 2, count: 3}}
	disk := func(count int) []written {
		return []written{{log: "System", provider: "disk", id: 7, level: 2, count: count}}
	}
	service := func(name string) []written {
		return []written{{log: "System", provider: "Service Control Manager", id: 7045, level: 4, subject: name}}
	}
	for name, tt := range map[string]struct {
		check         string
		before, after []written
		want          []string
	}{
		"new":          {plain, nil, other(1), []string{"drifted", "Application/Shop/7 count: drifted  -> 1"}},
		"twice":        {plain, other(10), other(20), []string{"passed"}},
		"three times":  {plain, other(10), other(30), []string{"drifted", "Application/Shop/7 count: drifted 10 -> 30"}},
		"fewer":        {plain, other(10), other(1), []string{"passed"}},
		"gone":         {plain, other(10), nil, []string{"passed"}},
		"too much hum": {plain, nil, gpo, []string{"drifted", "System/Microsoft-Windows-GroupPolicy/1129 count: drifted  -> 3"}},
		"more hum":     {plain, []written{{log: "System", provider: "Schannel", id: 36887, level: 2}}, nil, []string{"passed"}},
		"not ended well": {
			plain, nil,
			[]written{{log: "System", provider: "Service Control Manager", id: 7043, level: 2, subject: "Shop"}},
			[]string{"drifted", "System/Service Control Manager/7043: Shop count: drifted  -> 1"},
		},
		"an update that failed": {
			plain, nil,
			[]written{{log: "System", provider: "Microsoft-Windows-WindowsUpdateClient", id: 20, level: 2}},
			[]string{"drifted", "System/Microsoft-Windows-WindowsUpdateClient/20 count: drifted  -> 1"},
		},
		"a package that failed": {
			plain, nil,
			[]written{{log: "Setup", provider: "Microsoft-Windows-Servicing", id: 3, level: 0}},
			[]string{"drifted", "Setup/Microsoft-Windows-Servicing/3 count: drifted  -> 1"},
		},
		"a new service": {
			plain + "\n  compare: {new_services: {severity: warn, rule: subset}}",
			service("PSEXESVC"), slices.Concat(service("Shop"), service("PSEXESVC")),
			[]string{"drifted", "System new_services: drifted PSEXESVC -> PSEXESVC, Shop"},
		},
		"a new service is a note": {plain, nil, service("Shop"), []string{"passed"}},
		"new signatures": {
			plain + "\n  compare: {new_services: {severity: warn, rule: subset}}",
			service("MpKsl0a1b2c3d"), service("MpKsl99ff00aa"),
			[]string{"passed"},
		},
		"serious, more": {plain, disk(2), disk(6), []string{"drifted failing", "System/disk/7 serious_count: drifted 2 -> 6"}},
		"a suite that lets all new ones fail": {
			plain + "\n  compare: {errors: {severity: fail, rule: subset}}", nil, other(1),
			[]string{"drifted failing", "Application errors: drifted  -> Shop/7", "Application/Shop/7 count: drifted  -> 1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := told(t, tt.check, tt.before, tt.after)
			slices.Sort(got[1:])
			if d := gocmp.Diff(tt.want, got); d != "" {
				t.Errorf("outcome (-want +got):\n%s", d)
			}
		})
	}
}

// A month before the patch and the minutes after it are compared by their worst hour,
// and crashes by their time: as totals, what is worse would look like less.
func TestAMonthAndMinutes(t *testing.T) {
	crashes := func(count, peak int) []written {
		return []written{{
			log: "Application", provider: "Application Error", id: 1000, level: 2, subject: "w3wp.exe", count: count, peak: peak,
		}}
	}
	power := func(at string) []written {
		return []written{
			{log: "System", provider: "Microsoft-Windows-Kernel-Power", id: 41, level: 1, last: at},
			{log: "System", provider: "EventLog", id: 6008, level: 2, last: at},
		}
	}
	levels := []written{
		{log: "System", provider: "disk", id: 153, level: 2, count: 9, peak: 2},
		{log: "System", provider: "disk", id: 153, level: 3, count: 9, peak: 2},
	}
	const crash = "Application/Application Error/1000: w3wp.exe serious_count: drifted 2 -> "
	for name, tt := range map[string]struct {
		before, after []written
		want          []string
	}{
		"many in an hour":              {crashes(20, 2), crashes(55, 55), []string{"drifted failing", crash + "55"}},
		"three times as many":          {crashes(20, 2), crashes(6, 6), []string{"drifted failing", crash + "6"}},
		"no more than in another hour": {crashes(20, 2), crashes(5, 5), []string{"passed"}},
		"as many over days":            {crashes(5, 5), crashes(200, 5), []string{"passed"}},
		"at two levels":                {levels, levels[:1], []string{"passed"}},
		"switched off again": {
			power("2026-10-14T02:00:10Z"), power("2026-11-11T02:00:10Z"),
			[]string{
				"drifted failing",
				"System/EventLog/6008 unclean_start: drifted 2026-10-14T02:00:10Z -> 2026-11-11T02:00:10Z",
				"System/Microsoft-Windows-Kernel-Power/41 unclean_start: drifted 2026-10-14T02:00:10Z -> 2026-11-11T02:00:10Z",
			},
		},
		"switched off before the baseline": {
			power("2026-10-14T02:00:10Z"), power("2026-10-14T02:00:10Z"), []string{"passed"},
		},
		"switched off at an unknown time": {
			nil, power("?")[1:], []string{"drifted failing", "System/EventLog/6008 serious_count: drifted  -> 1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if d := gocmp.Diff(tt.want, told(t, plain, tt.before, tt.after)); d != "" {
				t.Errorf("outcome (-want +got):\n%s", d)
			}
		})
	}
}

// A baseline of which a log was cut off still tells what is new since then; one of
// which a log could not be read tells nothing of that log.
func TestABaselineThatIsNotWhole(t *testing.T) {
	seen := func(system host.Row, all ...written) runnertest.Seen {
		system["log"], system["kind"] = host.Cell{Text: "System"}, host.Cell{Text: "log"}
		rows := []host.Row{system}
		for _, w := range all {
			rows = append(rows, w.row())
		}
		args := map[string]any{"log": []string{"System"}}
		readings, err := probetest.Observe(t, eventlog.Kind, target(t, args, rows), args)
		return runnertest.Seen{Readings: readings, Err: err}
	}
	const check = "- eventlog: System"
	disk := written{log: "System", provider: "disk", id: 7, level: 2}
	ntfs := written{log: "System", provider: "Ntfs", id: 55, level: 2}
	now := seen(host.Row{"read": {Text: "2"}}, disk, ntfs)
	cut := seen(host.Row{"read": {Text: "20000"}, "cut": {Text: "true"}}, disk)
	denied := seen(host.Row{"read": {Text: "0"}, "code": {Text: "denied"}})
	got := runnertest.Told(t, eventlog.Kind, check, [2]runnertest.Seen{cut, now})
	if want := []string{"drifted failing", "System serious: drifted disk/7 -> Ntfs/55, disk/7"}; !slices.Equal(got, want) {
		t.Errorf("cut off before: got %q, want %q", got, want)
	}
	if got := runnertest.Told(t, eventlog.Kind, check, [2]runnertest.Seen{now, cut}); got[0] != "unknown" {
		t.Errorf("cut off now: got %q", got)
	}
	if got := runnertest.Told(t, eventlog.Kind, check, [2]runnertest.Seen{now, denied}); got[0] != "unknown" {
		t.Errorf("denied now: got %q", got)
	}
	if got := runnertest.Told(t, eventlog.Kind, check, [2]runnertest.Seen{denied, now}); got[0] == "passed" {
		t.Errorf("denied before: got %q", got)
	}
}

// What does not start writes so at each boot. A baseline whose log has lost its boot
// cannot tell whether that is new: it is a warning then, and what is no such event fails
// as ever.
func TestABaselineThatHasLostItsBoot(t *testing.T) {
	args := map[string]any{"log": []string{"System"}}
	seen := func(now, from, oldest string, all ...written) runnertest.Seen {
		rows := []host.Row{
			probetest.Row("log", "System", "kind", "log", "read", "9", "now", now, "from", from, "oldest", oldest),
		}
		for _, w := range all {
			rows = append(rows, w.row())
		}
		readings, err := probetest.Observe(t, eventlog.Kind, target(t, args, rows), args)
		return runnertest.Seen{Readings: readings, Err: err}
	}
	const old, now, boot = "2026-11-10T20:00:00Z", "2026-11-11T02:05:00Z", "2026-11-11T01:59:50Z"
	event := func(id int, service string) written {
		return written{log: "System", provider: "Service Control Manager", id: id, level: 2, subject: service}
	}
	dam, luafv, crash := event(7026, "dam"), event(7000, "luafv"), event(7031, "Shop")
	whole := func(all ...written) runnertest.Seen {
		return seen(old, "2026-10-14T01:59:50Z", "2026-09-01T00:00:00Z", all...)
	}
	rolled := func(all ...written) runnertest.Seen {
		return seen(old, "2026-10-14T01:59:50Z", "2026-10-20T00:00:00Z", all...)
	}
	after := func(all ...written) runnertest.Seen { return seen(now, boot, "2026-10-22T00:00:00Z", all...) }
	const (
		damCount   = "System/Service Control Manager/7026: dam start_count: drifted  -> 1"
		luafvCount = "System/Service Control Manager/7000: luafv start_count: drifted  -> 1"
	)
	for name, tt := range map[string]struct {
		before, after runnertest.Seen
		want          []string
	}{
		"the usual ones":       {whole(dam, luafv), after(dam, luafv), []string{"passed"}},
		"the usual ones, lost": {rolled(), after(dam, luafv), []string{"drifted", luafvCount, damCount}},
		"lost before, and now": {rolled(), rolled(luafv), []string{"drifted", luafvCount}},
		"lost now":             {whole(dam, luafv), rolled(), []string{"passed"}},
		"a crash, all others lost": {
			rolled(), after(crash),
			[]string{"drifted failing", "System/Service Control Manager/7031: Shop serious_count: drifted  -> 1"},
		},
		"a new one": {
			whole(dam), after(dam, luafv), []string{
				"drifted failing",
				"System failed_starts: drifted 7026: dam -> 7000: luafv, 7026: dam",
				luafvCount,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := runnertest.Told(t, eventlog.Kind, "- eventlog: System", [2]runnertest.Seen{tt.before, tt.after})
			if d := gocmp.Diff(tt.want, got); d != "" {
				t.Errorf("outcome (-want +got):\n%s", d)
			}
		})
	}
}

// The suite's own words come before the kind's.
func TestWatchAndExcept(t *testing.T) {
	rows := []host.Row{
		{"log": {Text: "System"}, "kind": {Text: "log"}, "read": {Text: "9"}},
		written{log: "System", provider: "Schannel", id: 36887, level: 2}.row(),
		written{log: "System", provider: "disk", id: 7, level: 2, count: 4}.row(),
		written{log: "System", provider: "My/Shop Server", id: 1000, level: 4}.row(),
		written{log: "System", provider: "Service Control Manager", id: 7000, level: 2, subject: "Shop"}.row(),
	}
	args := map[string]any{
		"log": []string{"system"}, "watch": []string{"schannel/*", "my*SHOP*/1000", "service control manager/7000"}, "except": []string{"d*k/7"},
	}
	readings, err := probetest.Observe(t, eventlog.Kind, target(t, args, rows), args)
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Join(probetest.Texts(readings), "\n")
	for _, want := range []string{
		"system/disk/7 noise=4", "system/Schannel/36887 serious_count=1", "system/My/Shop Server/1000 serious_count=1",
		"system/Service Control Manager/7000: Shop serious_count=1",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("want %q in\n%s", want, got)
		}
	}
}
