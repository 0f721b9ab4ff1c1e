package redact_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/runner/report"
	"postpatch/runner/report/redact"
)

// estate is a run over two hosts, the second of which is named before it is met, with some
// texts of the first.
func estate(texts ...string) *tape {
	return &tape{
		Run: report.Run{Command: "verify", Suites: []string{"web"}},
		Hosts: []report.Host{
			{Host: "web01.acme.test", Notes: texts, Checks: []report.Check{
				{ID: "services", Kind: "services", Owner: "dba@acme.test", Findings: []report.Finding{
					{Item: "AcmeAgent", Reading: "account", Before: `ACME\svc-agent`, Now: "LocalSystem"},
				}},
			}},
			{Host: "SRV-SQL-01.acme.test"},
		},
		Summary: report.Summary{Verdict: "FAIL", ExitCode: 1},
	}
}

// TestTexts tells what becomes of texts beside that estate. The numbers of web01, of
// SRV-SQL-01 and of their domain are 1 and 2, and 1.
func TestTexts(t *testing.T) {
	for text, want := range map[string]string{
		"web01":                             "host-001",
		"WEB01.Acme.Test.":                  "host-001.domain-1.",
		"srv-sql-01 is named before":        "host-002 is named before",
		"cert-web01-2026 OldWeb01 web01b":   "cert-host-001-2026 Oldhost-001 host-001b",
		"web012 and myweb01":                "web012 and myweb01", // others
		`\\SRV-SQL-01\backup$ and \\fs9\x`:  `\\host-002\backup$ and \\host-003\x`,
		"web02, web1":                       "host-003, web1", // called like web01
		"WEB01$":                            "host-001$",
		"acmeagent, MyACMETool":             "DOMAIN-1agent, MyDOMAIN-1Tool",
		"_ldap._tcp.acme.test SRV":          "_ldap._tcp.domain-1 SRV",
		"intranet.acme.test, an intranet":   "host-003.domain-1, an intranet",
		"www.contoso.com www.microsoft.com": "www.domain-2 www.microsoft.com",
		"svc-agent@acme.test":               "user-001@domain-1",
		`acme.test\svc-agent`:               `domain-1\user-001`,
		`NT AUTHORITY\SYSTEM, NT SERVICE\MSSQLSERVER, IIS APPPOOL\shop, BUILTIN\Users`: `NT AUTHORITY\SYSTEM, NT SERVICE\MSSQLSERVER, IIS APPPOOL\shop, BUILTIN\Users`,
		`CORP\kim.doe, then kim.doe`:                  `DOMAIN-2\user-001, then user-001`,
		`ACME\Domain Admins`:                          `DOMAIN-1\Domain Admins`,
		`C:\Windows\System32 HKLM\SOFTWARE\Vendor`:    `C:\Windows\System32 HKLM\SOFTWARE\Vendor`,
		`C:\Users\kim\x.log /home/kim/suites`:         `C:\Users\user-001\x.log /home/user-001/suites`,
		"Login failed for user 'lee'":                 "Login failed for user 'user-001'",
		"S-1-5-21-1-2-3-500 S-1-5-18 S-1-5-32-544":    "sid-1-500 S-1-5-18 S-1-5-32-544",
		"CN=Kim Doe,OU=Berlin,DC=acme,DC=test":        "CN=name-1,OU=name-2,DC=domain-1",
		"CN=web01.acme.test, O=Acme Ltd":              "CN=host-001.domain-1, O=name-1",
		"10.20.0.12:443 10.20.0.0/24":                 "ip-001:443 ip-002/24",
		"127.0.0.1 0.0.0.0 ::1 :: 255.255.255.0":      "127.0.0.1 0.0.0.0 ::1 :: 255.255.255.0",
		"[2001:DB8::1]:80 2001:db8:0::1 fe80::2%12":   "[ip-001]:80 ip-001 link-local-1%12",
		"10.0.20348.3328 15.2.1258.12 KB5068787":      "10.0.20348.3328 15.2.1258.12 KB5068787",
		"version 4.8.0.0, v16.0.4.1, OID 1.3.6.1.4.1": "version 4.8.0.0, v16.0.4.1, OID 1.3.6.1.4.1",
		"4.8.0.0":                 "ip-001", // in doubt
		`C:\Vendor\4.2.1.0\a.exe`: `C:\Vendor\4.2.1.0\a.exe`,
		"12.0.20.10.in-addr.arpa 20.10.in-addr.arpa":        "ip-001.in-addr.arpa net-1.in-addr.arpa",
		"00-15-5D-01-02-03 00:15:5d:01:02:03":               "mac-1 mac-1",
		"4C4C4544-0042-3510-8052-B4C04F564D32":              "guid-1",
		"a94a8fe5ccb19ba61c4c0873d391e987982fbbd3":          "hash-1",
		"https://kim:pw@portal.acme.test:8443/x?y=1":        "https://user-001:***@host-003.domain-1:8443/x?y=1",
		"http://wsus7:8530 http://localhost/":               "http://host-003:8530 http://localhost/",
		"dial tcp: lookup fs9 on 10.0.0.5:53":               "dial tcp: lookup host-003 on ip-001:53",
		"DESKTOP-4F9K2LQ":                                   "host-003",
		"Microsoft.Exchange.Store.dll web.config lsass.exe": "Microsoft.Exchange.Store.dll web.config lsass.exe",
		"2026-11-23T02:05:00Z 02:13:41 1h4m":                "2026-11-23T02:05:00Z 02:13:41 1h4m",
		"running -> stopped, expected running":              "running -> stopped, expected running",
		"dba fell asleep, said dba@acme.test":               "dba fell asleep, said user-001@domain-1", // a word like others
		"web\xff01 web01\x00":                               "web\ufffd01 host-001\x00",
	} {
		got := redacted(t, estate(text), redact.NewKey()).Hosts[0].Notes[0]
		if got != want {
			t.Errorf("%q\n got %q\nwant %q", text, got, want)
		}
	}
}

// Flags in the commands of a report name hosts, owners and stores.
func TestCommands(t *testing.T) {
	s := estate()
	s.Run.Part = "--owner 'Team Blue'"
	s.Run.Baseline = &report.Baseline{Name: "before", Store: `\\fs9\evidence`}
	s.Hosts[0].Checks[0].Owner = "team blue"
	s.Summary.Next = []string{
		`postpatch doctor mail --store '\\fs9\evidence'`, "postpatch verify --hosts web01.acme.test,sql --owner 'Team Blue'",
		"postpatch judge x --store evidence",
	}
	got := redacted(t, s, redact.NewKey())
	owner, store := got.Hosts[0].Checks[0].Owner, got.Run.Baseline.Store
	if got.Run.Part != "--owner 'owner-1'" || owner != "owner-1" || store != "store-1" {
		t.Errorf("part %q, owner %q, store %q", got.Run.Part, owner, store)
	}
	want := []string{
		"postpatch doctor host-003 --store 'store-1'", "postpatch verify --hosts host-001.domain-1,host-004 --owner 'owner-1'",
		"postpatch judge x --store evidence",
	}
	if d := cmp.Diff(want, got.Summary.Next); d != "" {
		t.Errorf("commands (-want +got):\n%s", d)
	}
}

// A reading says what its values are, and a kind what its items are.
func TestPlaces(t *testing.T) {
	for _, test := range []struct{ kind, item, reading, now, wantItem, wantNow string }{
		{"service", "W3SVC", "account", `.\kim`, "W3SVC", `.\user-001`},
		{"service", "W3SVC", "account", "gmsa-shop$@acme.test", "W3SVC", "user-001$@domain-1"},
		{"os", "", "build", "10.0.20.33", "", "10.0.20.33"},
		{"file", "a.dll", "version", "4.8.0.10", "a.dll", "4.8.0.10"},
		{"ping", "fs9", "cause", "no answer", "host-003", "no answer"},
		{"tcp", "443", "state", "open", "443", "open"},
		{"cluster", "node/MARS", "membership", "up", "node/host-003", "up"},
		{"sql", "replica/AG1/PLUTO", "role", "PRIMARY", "replica/AG1/host-003", "PRIMARY"},
		{"exchange_state", "copy/DB1", "active_on", "MARS", "copy/DB1", "host-003"},
		{"certificate", "My/x", "issuer", "Acme Issuing CA", "My/x", "name-1"},
		{"http", "/", "cert_serial", "3A4F00112233", "/", "hash-1"},
		{"domain", "", "domain", "corp.acme.test", "", "domain-2"},
	} {
		s := estate()
		s.Hosts[0].Checks = []report.Check{{ID: test.kind, Kind: test.kind, Findings: []report.Finding{
			{Item: test.item, Reading: test.reading, Now: test.now},
		}}}
		got := redacted(t, s, redact.NewKey()).Hosts[0].Checks[0].Findings[0]
		if got.Item != test.wantItem || got.Now != test.wantNow || got.Reading != test.reading {
			t.Errorf("%s %q %s=%q: got %q and %q, want %q and %q", test.kind, test.item, test.reading, test.now,
				got.Item, got.Now, test.wantItem, test.wantNow)
		}
	}
}

// What a check and the counts of it are called stays the same, and so does an id's kind,
// whatever a host is called.
func TestKindsStay(t *testing.T) {
	s := estate()
	s.Hosts[1].Host = "latency.acme.test"
	c := report.Check{ID: "sql/web01", Kind: "sql", Hidden: []report.Hidden{{Reading: "latency", Rule: "ignore"}}}
	s.Hosts[0].Checks, s.Hosts[0].Ignored = []report.Check{c}, map[string]int{"sql.latency: ignore": 3}
	s.Summary.Ignored = map[string]int{"sql.latency: ignore": 3}
	got := redacted(t, s, redact.NewKey())
	c = got.Hosts[0].Checks[0]
	key := c.Hidden[0].Counted(c.Kind)
	if c.ID != "sql/host-001" || got.Hosts[0].Ignored[key] != 3 || got.Summary.Ignored[key] != 3 {
		t.Errorf("id %q, %q of %v", c.ID, key, got.Hosts[0].Ignored)
	}
}

// A key that is written and read gives the same names again, goes on with new ones, and
// takes what somebody has written into it.
func TestKey(t *testing.T) {
	s := estate("10.20.0.12", "intranet.acme.test")
	key := redact.NewKey()
	first := redacted(t, s, key)
	reread := func(k *redact.Key, change func(string) string) *redact.Key {
		var file bytes.Buffer
		if err := k.Write(&file); err != nil {
			t.Fatal(err)
		}
		k, err := redact.ReadKey(strings.NewReader(change(file.String())))
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	same := func(s string) string { return s }
	if d := cmp.Diff(first, redacted(t, s, redact.NewKey())); d != "" {
		t.Errorf("the same stream again:\n%s", d)
	}
	key = reread(key, same)
	if d := cmp.Diff(first, redacted(t, s, key)); d != "" {
		t.Errorf("the same stream with its key:\n%s", d)
	}
	other := estate("10.20.0.13 10.20.0.12 at WEB01, project Falcon")
	other.Hosts = []report.Host{{Host: "fs01.acme.test", Notes: other.Hosts[0].Notes}}
	key = reread(key, func(s string) string {
		return strings.Replace(s, "\n]}", ",\n"+`{"kind": "word", "name": "falcon"}]}`, 1)
	})
	got := redacted(t, other, key)
	want := "ip-002 ip-001 at host-001, project word-1"
	if got.Hosts[0].Host != "host-004.domain-1" || got.Hosts[0].Notes[0] != want {
		t.Errorf("another stream: got %q %q, want %q", got.Hosts[0].Host, got.Hosts[0].Notes[0], want)
	}
}

func TestKeyIsRefused(t *testing.T) {
	for text, want := range map[string]string{
		"":                          "no key of --redact",
		"<html>":                    "no key of --redact",
		`{"names": []}`:             "no key of --redact of version 1",
		`{"redaction_key": 2}`:      "no key of --redact of version 1",
		`{"redaction_key":1,"x":1}`: "unknown field",
		`{"redaction_key":1,"names":[{"kind":"host","name":"a","as":"h"},{"kind":"host","name":"A","as":"i"}]}`: "names[1]: host \"A\" stands there twice",
		`{"redaction_key":1,"names":[{"kind":"host","name":"a","as":"h"},{"kind":"host","name":"b","as":"h"}]}`: "names[1]: \"h\" stands for two names",
		`{"redaction_key":1,"names":[{"kind":"planet","name":"a"}]}`:                                            `names[0]: unknown kind "planet"`,
		`{"redaction_key":1,"names":[{"kind":"host","name":"a","as":"\u001b[2J"}]}`:                             "want letters",
		`{"redaction_key":1,"names":[{"kind":"host"}]}`:                                                         "a name is empty",
	} {
		_, err := redact.ReadKey(strings.NewReader(text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}

// No other name is one that somebody has.
func TestOtherNamesAreNobodys(t *testing.T) {
	s := estate("host-001 and user-001")
	s.Hosts[1].Host = "host-001"
	got := redacted(t, s, redact.NewKey())
	if got.Hosts[0].Host == got.Hosts[1].Host || strings.HasPrefix(got.Hosts[0].Host, "host-001") {
		t.Errorf("hosts %q and %q", got.Hosts[0].Host, got.Hosts[1].Host)
	}
}

// FuzzTexts holds that no name survives, whatever stands beside it, and that nothing but
// texts is changed.
func FuzzTexts(f *testing.F) {
	for _, seed := range []string{
		"", "://", `\\`, "@", "CN=", "'", "10.0.0.", "S-1-5-21-", "user '", `ACME\`, "--owner '", "%5C",
	} {
		f.Add(seed, "x", "account")
	}
	names := regexp.MustCompile(`(?i)zq7web|zqcorp|svc-zq4|10\.77\.66\.55`)
	f.Fuzz(func(t *testing.T, text, item, reading string) {
		if names.MatchString(text + item + reading) {
			t.Skip("a name that is a part of another word is another name")
		}
		around := []string{
			text + " zq7web " + item, text + " ZQ7WEB.zqcorp.test " + item, text + ` \\zq7web\` + item,
			text + "zqcorp" + item, text + ` ZQCORP\svc-zq4 ` + item, text + " svc-zq4 " + item, text + " 10.77.66.55 " + item,
		}
		s := &tape{
			Hosts: []report.Host{
				{Host: "a", Notes: around, Checks: []report.Check{{
					ID: text, Kind: reading, Owner: item, Findings: []report.Finding{
						{Item: item, Reading: reading, Before: text, Now: text + " zq7web " + item},
						{Reading: "account", Now: `zqcorp\svc-zq4`},
						{Reading: "gateway", Now: "10.77.66.55"},
					},
				}}, Ignored: map[string]int{text: 1, item: 2, reading: 3}},
				{Host: "zq7web.zqcorp.test", Unreachable: text},
			},
			Summary: report.Summary{Next: []string{text}, ExitCode: 3},
		}
		got := redacted(t, s, redact.NewKey())
		for i, note := range got.Hosts[0].Notes {
			if names.MatchString(note) {
				t.Errorf("%q becomes %q", around[i], note)
			}
		}
		if again := redacted(t, s, redact.NewKey()); !cmp.Equal(got, again) {
			t.Error("the same stream becomes another one")
		}
		for i := range s.Hosts {
			s.Hosts[i].Ignored, got.Hosts[i].Ignored = nil, nil // two may become one
		}
		if d := cmp.Diff(numbers(s), numbers(got)); d != "" {
			t.Errorf("what is no text (-want +got):\n%s", d)
		}
	})
}

func FuzzReadKey(f *testing.F) {
	f.Add(`{"redaction_key":1,"names":[{"kind":"host","name":"a","as":"host-001"},{"kind":"word","name":"b"}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		key, err := redact.ReadKey(strings.NewReader(text))
		if err != nil {
			return
		}
		redacted(t, estate(text), key)
		var file bytes.Buffer
		if err := key.Write(&file); err != nil {
			t.Fatal(err)
		}
		if _, err := redact.ReadKey(&file); err != nil {
			t.Errorf("what was written is refused: %v\n%s", err, file.String())
		}
	})
}
