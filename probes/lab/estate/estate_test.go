package estate_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/lab/estate"
)

const acme = `
estate: acme
network: 127.42.0.0/16
hosts:
  sql01:
    profile: windows-server-2022
    winrm: {user: probe, password: pw, plain: true}
    services: {MSSQLSERVER: {state: Running, mode: Auto}, Spooler: null}
    tcp: {22: "SSH-2.0-x\r\n"}
  app03: {}
  web[08-11]: {os: {domain: corp.test}}
states:
  after:
    sql01:
      services: {MSSQLSERVER: {state: Stopped, exit_code: 1066}, Themes: null}
      os: {ubr: 4405, boot: 2026-11-23T02:10:00Z}
    app03: {power: off}
    web[09-10]: {think: 200ms}
  later: {from: after, app03: {power: on}, web10: {think: null}}
`

func TestStates(t *testing.T) {
	e, err := estate.Parse("acme.yaml", []byte(acme))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"before", "after", "later"}, e.States()); diff != "" {
		t.Error(diff)
	}
	before, after, later := e.Hosts("before"), e.Hosts("after"), e.Hosts("later")
	if got := before[0].Services["MSSQLSERVER"]; got.State != "Running" || got.Mode != "Auto" {
		t.Errorf("before: got %+v", got)
	}
	if got := after[0].Services["MSSQLSERVER"]; got.State != "Stopped" || got.Mode != "Auto" || got.ExitCode != 1066 {
		t.Errorf("after: want the base's mode and the state's state, got %+v", got)
	}
	if _, there := before[0].Services["Spooler"]; there {
		t.Error("null does not remove what the profile brought")
	}
	if _, there := after[0].Services["Themes"]; there {
		t.Error("null does not remove in a state")
	}
	if _, there := before[0].Services["Themes"]; !there {
		t.Error("a state reaches into the base")
	}
	if len(before[0].Services) < 60 || before[0].OS.UBR != 4294 || after[0].OS.UBR != 4405 || after[0].OS.Build != 20348 {
		t.Errorf("want the profile below the host, got %d services, %+v", len(before[0].Services), after[0].OS)
	}
	if before[1].Power != "on" || after[1].Power != "off" || later[1].Power != "on" {
		t.Errorf("power: got %q %q %q", before[1].Power, after[1].Power, later[1].Power)
	}
	boot := time.Date(2026, 11, 23, 2, 10, 0, 0, time.UTC)
	if !after[0].OS.Boot.Equal(boot) || !later[0].OS.Boot.Equal(boot) {
		t.Errorf("boot: got %v and %v", after[0].OS.Boot, later[0].OS.Boot)
	}
	if e.Hosts("never") != nil {
		t.Error("an unknown state has hosts")
	}
}

func TestRanges(t *testing.T) {
	e, err := estate.Parse("acme.yaml", []byte(acme))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	uuids := map[string]bool{}
	for i, h := range e.Hosts("after") {
		got = append(got, fmt.Sprintf("%s %s %s", h.Name, e.Address(i), h.Think))
		uuids[h.OS.UUID] = true
	}
	want := []string{
		"sql01 127.42.0.10 0s", "app03 127.42.0.11 0s", "web08 127.42.0.12 0s", "web09 127.42.0.13 200ms",
		"web10 127.42.0.14 200ms", "web11 127.42.0.15 0s",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(uuids) != len(want) {
		t.Errorf("want a UUID a host, got %v", uuids)
	}
	if later := e.Hosts("later"); later[3].Think != 200*time.Millisecond || later[4].Think != 0 {
		t.Errorf("later: got %v and %v", later[3].Think, later[4].Think)
	}
}

func TestProblems(t *testing.T) {
	tests := map[string]struct{ file, want string }{
		"empty file":         {"", "f:1:1: the file is empty: want estate and hosts"},
		"not YAML":           {"estate: a\nhosts: {", "f:2:1: did not find expected node content"},
		"no hosts":           {"estate: a", "f:1:1: hosts: missing"},
		"unknown top key":    {"estate: a\nhost: {}\nhosts: {}", "f:2:1: unknown key \"host\""},
		"unknown host key":   {"estate: a\nhosts:\n  h: {sevices: {}}", "f:3:7: unknown key \"sevices\""},
		"unknown setting":    {"estate: a\nhosts:\n  h: {winrm: {config: {MaxShels: 1}}}", "f:3:24: want a setting of WinRM"},
		"unknown language":   {"estate: a\nhosts:\n  h: {winrm: {language: Full}}", "f:3:25: want FullLanguage"},
		"unknown deep key":   {"estate: a\nhosts:\n  h: {sql: {prot: 1}}", "f:3:13: unknown key \"prot\""},
		"wrong type":         {"estate: a\nhosts:\n  h: {think: soon}", "f:3:14: want a duration like 200ms, got \"soon\""},
		"wrong word":         {"estate: a\nhosts:\n  h: {power: of}", "f:3:14: want on, off, got \"of\""},
		"wrong fault":        {"estate: a\nhosts:\n  h: {winrm: {fault: x}}", "f:3:22: want silent, garbage"},
		"wrong way in":       {"estate: a\nhosts:\n  h: {winrm: {auth: [ntlm]}}", "f:3:22: want negotiate, kerberos, basic, certificate"},
		"wrong hardening":    {"estate: a\nhosts:\n  h: {winrm: {cbt: on}}", "f:3:20: want none, relaxed, strict, got \"on\""},
		"wrong message":      {"estate: a\nhosts:\n  h: {winrm: {faults: {Fetch: drop}}}", "f:3:24: want a message like \"Pull 1\""},
		"message nought":     {"estate: a\nhosts:\n  h: {winrm: {faults: {Pull 0: drop}}}", "f:3:24: want a message like \"Pull 1\""},
		"wrong trouble":      {"estate: a\nhosts:\n  h: {winrm: {faults: {Pull 1: x}}}", "f:3:32: want drop, cut, silent, timeout"},
		"negative reauth":    {"estate: a\nhosts:\n  h: {winrm: {reauth: -1}}", "f:3:3: winrm: reauth and pieces: want 0 or more"},
		"a KDC of nothing":   {"estate: a\nhosts:\n  h: {kdc: {}}", "f:3:3: kdc: write the estate's realm"},
		"a kind of keys":     {"estate: a\nrealm: A\nhosts:\n  h: {kdc: {encryption: [des]}}", "f:4:26: want aes256, aes128, rc4"},
		"an interface":       {"estate: a\nhosts:\n  h: {rpc: {interfaces: {netlogin: {port: 1}}}}", "f:3:3: rpc: interfaces: want a UUID"},
		"a named one's port": {"estate: a\nhosts:\n  h: {rpc: {interfaces: {netlogon: {}}}}", "f:3:3: rpc: interfaces: 0 is no port"},
		"its port":           {"estate: a\nhosts:\n  h: {rpc: {interfaces: {12345678-1234-abcd-ef00-01234567cffb: {}}}}", "f:3:3: rpc: interfaces: 0 is no port"},
		"its version":        {"estate: a\nhosts:\n  h: {rpc: {interfaces: {12345678-1234-abcd-ef00-01234567cffb: {port: 1, version: x}}}}", "f:3:3: rpc: interfaces: want a version"},
		"double key":         {"estate: a\nhosts:\n  h: {}\n  h: {}", "f:4:3: \"h\" is here twice"},
		"double in a range":  {"estate: a\nhosts:\n  h1: {}\n  h[1-3]: {}", "f:4:3: host \"h1\" is here twice"},
		"bad range":          {"estate: a\nhosts:\n  h[3-1]: {}", "f:3:3: want a range like web[001-100]"},
		"state of nobody":    {"estate: a\nhosts: {h: {}}\nstates:\n  s: {g: {}}", "f:4:7: state \"s\": no host \"g\""},
		"from below":         {"estate: a\nhosts: {h: {}}\nstates:\n  s: {from: t}\n  t: {}", "f:4:3: state \"s\": from"},
		"alias":              {"estate: a\nhosts:\n  h: &x {}\n  g: *x", "f:4:6: aliases are not understood"},
		"unknown profile":    {"estate: a\nhosts:\n  h: {profile: dos}", "f:3:3: host \"h\": unknown profile \"dos\""},
		"profile in a ring": {
			"estate: a\nprofiles: {p: {profile: p}}\nhosts:\n  h: {profile: p}", "f:4:3: host \"h\": unknown",
		},
		"one uuid for all": {"estate: a\nhosts:\n  h[1-2]: {os: {uuid: X}}", "f:3:3: host \"h[1-2]\": a range"},
		"outside loopback": {"estate: a\nnetwork: 10.0.0.0/8\nhosts: {}", "f:2:10: network: want a part of 127.0.0.0/8"},
		"no room": {
			"estate: a\nnetwork: 127.9.0.0/28\nhosts:\n  h[1-9]: {}", "f:4:3: network 127.9.0.0/28 has no room",
		},
		"no host": {"estate: a\nhosts: {}", "f:2:8: hosts: there is none"},
		"an alias that is a host": {
			"estate: a\nhosts:\n  g: {}\n  h: {aliases: [x, G.]}", "f:4:20: alias \"G.\" of host \"h\" leads to host \"g\"",
		},
		"an alias that is a host's full name": {
			"estate: a\nhosts:\n  h: {aliases: [g.a.test]}\n  g: {os: {domain: a.test}}", "f:3:17: alias \"g.a.test\" of",
		},
		"an alias of two": {
			"estate: a\nhosts:\n  g: {aliases: [x]}\n  h: {aliases: [X]}", "f:4:17: alias \"X\" of host \"h\"",
		},
		"an alias of a range": {"estate: a\nhosts:\n  h[1-9]: {aliases: [x]}", "f:3:22: alias \"x\" of host \"h2\""},
		"an alias in a state": {
			"estate: a\nhosts: {g: {}, h: {}}\nstates:\n  s: {h: {aliases: [g]}}", "f:4:21: alias \"g\" of host \"h\"",
		},
		"a bad DNS record": {
			"estate: a\nhosts:\n  h:\n    dns:\n      records:\n        - a.test. IN A 10.0.0.1\n        - a.test. IN SOAX x.",
			"f:7:11: dns: \"a.test. IN SOAX x.\" is no record: ",
		},
		"a bad DNS record in a state": {
			"estate: a\nhosts: {h: {}}\nstates:\n  s: {h: {dns: {records: [a]}}}", "f:4:27: dns: \"a\" is no record",
		},
		"no DNS record":   {"estate: a\nhosts: {h: {dns: {records: ['']}}}", "f:2:29: dns: a record is empty"},
		"a DNS directive": {"estate: a\nhosts: {h: {dns: {records: [$INCLUDE /x]}}}", "f:2:29: dns: want a record"},
		"two of one name": {"estate: a\nhosts:\n  h: {services: {a: {}, A: {}}}", "f:3:3: services \"A\" and \"a\""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := estate.Parse("f", []byte(test.file))
			if err == nil || !strings.HasPrefix(err.Error(), test.want) {
				t.Errorf("got  %v\nwant %s…", err, test.want)
			}
			if len(estate.Problems(err)) == 0 {
				t.Error("no Problems in the error")
			}
		})
	}
}

func TestWinRM(t *testing.T) {
	e, err := estate.Parse("f", []byte("estate: a\n"+
		"hosts: {h: {winrm: {reauth: 2, faults: {Pull 2: drop, Pull: timeout}}}}\n"+
		"states: {s: {h: {winrm: {auth: [certificate, kerberos], faults: {Pull: null}}}}}"))
	if err != nil {
		t.Fatal(err)
	}
	before, after := e.Hosts("before")[0].WinRM, e.Hosts("s")[0].WinRM
	for verb, want := range map[string][4]estate.Trouble{
		"Pull":   {"timeout", "drop", "", "drop"},
		"Create": {"", "", "", ""},
	} {
		got := [4]estate.Trouble{before.Of(verb, 1), before.Of(verb, 2), after.Of(verb, 1), after.Of(verb, 2)}
		if got != want {
			t.Errorf("%s: got %v, want %v", verb, got, want)
		}
	}
	if !before.Offers("basic") || before.Offers("certificate") || before.AsksCertificate() {
		t.Error("without auth: want all but certificates")
	}
	if after.Offers("basic") || !after.Offers("kerberos") || !after.AsksCertificate() {
		t.Error("with auth: want what is in the list")
	}
}

func TestAliasesOfOneHostAreItsOwn(t *testing.T) {
	file := "estate: a\nhosts:\n  h: {aliases: [x, x, H, h.a.test], os: {domain: a.test}, dns: {records: [x. A 10.0.0.1]}}"
	if _, err := estate.Parse("f", []byte(file)); err != nil {
		t.Error(err)
	}
	_, err := estate.Parse("f", []byte("estate: a\nhosts:\n  h[1-9]: {aliases: [x]}\nstates: {s: {}}"))
	if n := len(estate.Problems(err)); n != 1 {
		t.Errorf("want one problem for the range, got %v", err)
	}
}

func TestAllProblemsAtOnce(t *testing.T) {
	_, err := estate.Parse("f", []byte("estate: a\nhosts:\n  h: {powr: on}\n  g: {think: x}\n"))
	if n := len(estate.Problems(err)); n != 2 {
		t.Errorf("want both problems, got %v", err)
	}
}

func TestDefaultNetworksDiffer(t *testing.T) {
	seen := map[string]bool{}
	for _, name := range []string{"acme", "beta", "gamma"} {
		e, err := estate.Parse("f", []byte("estate: "+name+"\nhosts: {h: {}}"))
		if err != nil {
			t.Fatal(err)
		}
		b := e.Network.Addr().As4()
		if b[0] != 127 || b[1] < 16 || b[1] > 250 {
			t.Errorf("%s: got %s", name, e.Network)
		}
		seen[e.Network.String()] = true
	}
	if len(seen) != 3 {
		t.Errorf("got %v", seen)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(acme))
	f.Add([]byte("estate: a\nhosts: {\"h[1-3]\": {wmi: {C: [{a: null}]}}}"))
	f.Add([]byte("a: &a [*a]"))
	f.Add([]byte("estate: a\nhosts: {? {a: b} : c}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := estate.Parse("f", data)
		if err != nil {
			return
		}
		for _, state := range e.States() {
			if len(e.Hosts(state)) != len(e.Hosts(estate.Before)) {
				t.Errorf("state %q has other hosts", state)
			}
		}
	})
}
