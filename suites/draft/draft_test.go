package draft

import (
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"postpatch/probes/fact"
)

func reading(item, name, value string) fact.Reading {
	return fact.Reading{Key: fact.Key{Item: item, Name: name}, Value: fact.Text(value)}
}

// windows is a host with a service of somebody's.
func windows(host, service string) Seen {
	return Seen{Host: host, Facts: map[string][]fact.Reading{
		"os":       {reading("", "product", "Windows Server 2022"), reading("", "build", "20348.1")},
		"services": {reading(service, "start_mode", "auto"), reading(service, "state", "running"), reading(service, "path", `D:\x.exe`)},
		"tcp":      {reading("443", "state", "open"), reading("22", "state", "refused")},
	}}
}

func TestText(t *testing.T) {
	d := Draft{
		Suite: "two", Owner: "me@example.org", On: "2026-11-27",
		Left:  map[string]string{"own-page/web01": "status is 404", "disk": "no: way"},
		Packs: map[string][]string{"windows-server": nil, "dns-server": nil, "linux-services": nil},
	}
	dns := windows("dns01", "DNS")
	unix := Seen{Host: "unix01", Away: "no WinRM"}
	unix.Facts = map[string][]fact.Reading{"tcp": {reading("22", "state", "open")}}
	d.Seen = []Seen{windows("web01", "Shop"), dns, unix}
	d.Waived = []Waiver{{"disk/C:.free", "disk", "web01", "2026-12-27", "it's full"}}
	want := `suite: two
owner: me@example.org
hosts:
  - {name: web01, tags: [windows-server]} # Windows Server 2022 20348.1
  - {name: dns01, tags: [windows-server, dns-server]} # Windows Server 2022 20348.1
  - {name: unix01, tags: [linux-services]} # not asked as a Windows host: no WinRM
use:
  - {suite: windows-server, hosts: tag:windows-server} # what every Windows server has to do
  - {suite: linux-services, hosts: tag:linux-services} # what is seen of them from here
  - {suite: dns-server, hosts: tag:dns-server} # the service DNS starts by itself
disable: # could not be looked at when this was written; take out what can
  disk: 'no: way'
checks:
  - service: [Shop]
    expect: {state: running, start_mode: auto}
    id: own-services/web01
    hosts: [web01]
    why: no part of Windows, installed for something, and running by itself when this was written
  - tcp: [443]
    id: own-ports/web01
    hosts: [web01, dns01]
    why: they took connections from here when this was written
  # not now: status is 404
  # - http: 'https://web01/'
  #   id: own-page/web01
  #   hosts: [web01]
  - service: [DNS]
    expect: {state: running, start_mode: auto}
    id: own-services/dns01
    hosts: [dns01]
    why: no part of Windows, installed for something, and running by itself when this was written
  - http: 'https://dns01/'
    id: own-page/dns01
    hosts: [dns01]
    why: a port that is open is not yet a page
  - tcp: [22]
    id: own-ports/unix01
    hosts: [unix01]
    why: they took connections from here when this was written
waivers: # wrong when this was written, and taken as it was; mend it until then
  - {waive: 'disk/C:.free', check: disk, hosts: web01, until: 2026-12-27,
     reason: 'it''s full'}
`
	if _, got, _ := strings.Cut(d.Text(), "for.\n"); got != want {
		t.Errorf("got\n%s", got)
	}
}

// A host's own words never get out of their place.
func FuzzText(f *testing.F) {
	for _, s := range []string{"a\n- b", "'", "x' # y", "{{ host.name }}", "\u202e\x1b[31m", "yes", "1e3", "- a", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, word string) {
		d := Draft{Suite: "s", Owner: word, On: "today", Packs: map[string][]string{"windows-server": nil}}
		d.Left = map[string]string{"x" + word: word}
		d.Seen = []Seen{windows("web01", "S"+word)}
		d.Seen[0].Facts["os"] = []fact.Reading{reading("", "product", word)}
		var top map[string]any
		if err := yaml.Unmarshal([]byte(d.Text()), &top); err != nil {
			t.Fatalf("%v\n%s", err, d.Text())
		}
		for name := range top {
			switch name {
			case "suite", "owner", "hosts", "use", "disable", "checks":
			default:
				t.Errorf("%q stands in the suite\n%s", name, d.Text())
			}
		}
		if strings.ContainsAny(d.Text(), "\x1b\u202e") {
			t.Errorf("a control character in\n%s", d.Text())
		}
	})
}
