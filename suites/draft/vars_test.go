package draft

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"postpatch/probes/fact"
)

// withFacts is a host that starts a service, with more that was seen of it.
func withFacts(host, service string, facts map[string][]fact.Reading) Seen {
	s := windows(host, service)
	maps.Copy(s.Facts, facts)
	return s
}

func TestVars(t *testing.T) {
	member := []fact.Reading{reading("", "domain", "CORP.test"), reading("", "member", "true")}
	zones := []fact.Reading{
		reading("10.in-addr.arpa", "type", "primary"), reading("_msdcs.corp.test", "type", "primary"),
		reading("a.test", "type", "primary"), reading("a.test", "shutdown", "true"),
		reading("b.test", "type", "secondary"), reading("c.test", "type", "forwarder"),
	}
	shop := []fact.Reading{reading("My/x", "names", "ex01.corp.test, autodiscover.shop.test, mail.shop.test")}
	for name, c := range map[string]struct {
		seen Seen
		vars func(Seen) told
		want string
	}{
		"a domain as it says":     {withFacts("dc01", "NTDS", map[string][]fact.Reading{"domain": member}), directoryVars, "domain=corp.test"},
		"a domain by the name":    {windows("dc01.Corp.test", "NTDS"), directoryVars, "domain=corp.test"},
		"no domain is known":      {windows("dc01", "NTDS"), directoryVars, ""},
		"a zone that is served":   {withFacts("ns01", "DNS", map[string][]fact.Reading{"dnsserver": zones}), zoneVars, "zone=b.test"},
		"a zone that is supposed": {windows("ns01.corp.test", "DNS"), zoneVars, "zone=corp.test? dns/zone"},
		"mail by a certificate": {
			withFacts("ex01.corp.test", "MSExchangeIS", map[string][]fact.Reading{"certificate": shop}), exchangeVars,
			"mail_domain=shop.test public_name=mail.shop.test test_mailbox=postpatch@shop.test? exchange/addresses exchange/mailflow",
		},
		"nothing is known of mail": {windows("ex01", "MSExchangeIS"), exchangeVars, ""},
	} {
		got := c.vars(c.seen)
		var words []string
		for _, name := range []string{"domain", "zone", "mail_domain", "public_name", "test_mailbox"} {
			if value := got.vars[name]; value != "" {
				mark := map[bool]string{true: "?"}[slices.Contains(got.supposed, name)]
				words = append(words, name+"="+value+mark)
			}
		}
		for _, id := range got.guesses {
			if id != "dns/elsewhere" && (id != "exchange/names" || len(got.vars) > 0) {
				words = append(words, id)
			}
		}
		if d := cmp.Diff(c.want, strings.Join(words, " ")); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

// What a pack has to be told, and nobody saw, is asked in a comment; what hosts have each
// for itself stands at the host.
func TestVarsInText(t *testing.T) {
	d := Draft{Suite: "two", Packs: map[string][]string{"domain-controller": {"domain"}}}
	d.Seen = []Seen{windows("dc01", "NTDS")}
	if got := d.Text(); strings.Contains(got, "use:") ||
		!strings.Contains(got, "\n# which domain? say it there") || !strings.Contains(got, "vars: {domain: '…'}") {
		t.Errorf("no domain is known, got\n%s", got)
	}
	d.Seen = []Seen{windows("dc01.a.test", "NTDS"), windows("dc02.b.test", "NTDS")}
	var got struct {
		Hosts []any
		Use   []any
	}
	if err := yaml.Unmarshal([]byte(d.Text()), &got); err != nil {
		t.Fatal(err)
	}
	want := []any{
		"dc01.a.test",
		map[string]any{"name": "dc02.b.test", "vars": map[string]any{"domain": "b.test"}},
		map[string]any{"suite": "domain-controller", "vars": map[string]any{"domain": "a.test"}},
	}
	if d := cmp.Diff(want, append(got.Hosts, got.Use...)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// What one host has not, the others are asked all the same.
func TestLeftOfSome(t *testing.T) {
	d := Draft{Suite: "two", Packs: map[string][]string{"windows-server": nil}}
	d.Seen = []Seen{windows("a", "x"), windows("b", "x")}
	d.Leave("disk", "no rights", []string{"b"})
	d.Leave("own-ports", "closed", []string{"a"})
	d.Leave("task", "no rights", nil)
	for _, want := range []string{
		"override: # not of the hosts that could not be asked when this was written\n  disk: {hosts: [b]} # no rights\n",
		"\n  task: 'no rights'\n", "    id: own-ports\n    hosts: [a] # closed\n",
	} {
		if !strings.Contains(d.Text(), want) {
			t.Errorf("want %q in\n%s", want, d.Text())
		}
	}
	if d.Leave("disk", "no rights", []string{"b"}) || !d.Leave("disk", "no rights", nil) {
		t.Error("want a change to be told, and nothing else")
	}
}
