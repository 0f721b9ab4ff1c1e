package suites

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes"
	"postpatch/probes/fact"
)

// load reads suites that have no problem, each from a file of its own.
func load(t *testing.T, texts ...string) *Set {
	t.Helper()
	var files []string
	for i, text := range texts {
		file := filepath.Join(t.TempDir(), string(rune('a'+i))+".suite.yaml")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	set, problems := Load(files, testKinds())
	if len(problems) > 0 {
		t.Fatal(Format(problems, os.ReadFile))
	}
	return set
}

const shop = `# a comment
suite: shop
owner: web@example.org
vars: {domain: example.org, port: 8080}
timeout: 20s
hosts:
  - srv01
  - {name: srv02, address: "{{ host.name }}.{{ domain }}", tags: [pilot, dns], vars: {port: 9090}}
checks:
  - service: [W3SVC, WAS]
    expect: {start_mode: [auto, manual], depends_on: [RPCSS]}
    compare: {start_mode: {rule: ignore, severity: fail}, depends_on: superset}
    why: the shop
    owner: shop@example.org
    timeout: 5s
  - ping: "{{ host.address }}"
    compare: ignore
    expect: {loss: any}
    hosts: tag:dns
  - web:
      url: "http://{{ host.name }}:{{port}}/"
      status: 200
      follow: true
      headers: {Host: "www.{{ domain }}"}
    hosts: ["SRV0?"]
  - ping: {every: 1s, count: "{{ port }}"}
    id: slow ping
`

func TestLoadBuildsEachCheckForItsHosts(t *testing.T) {
	set := load(t, shop)
	type row struct {
		Host, Address, Key string
		Params             any
		Timeout            time.Duration
		Owner              string
		Line               int
	}
	var got []row
	for _, h := range set.Hosts {
		for _, c := range h.Checks {
			got = append(got, row{h.Name, h.Address, c.Key(), c.Probe.(probe).params, c.Timeout, c.Owner, c.Line})
		}
	}
	all := serviceParams{Name: []string{"W3SVC", "WAS"}}
	headers := map[string]string{"Host": "www.example.org"}
	web := func(url string) webParams {
		return webParams{URL: url, Status: []int{200}, Follow: true, Headers: headers}
	}
	const owner, d = "web@example.org", 20 * time.Second
	ping := func(count int) pingParams { return pingParams{Count: count, Every: time.Second} }
	echo := pingParams{Address: "srv02.example.org", Count: 3, Every: 200 * time.Millisecond}
	want := []row{
		{"srv01", "srv01", "shop/service/W3SVC", all, 5 * time.Second, "shop@example.org", 10},
		{"srv01", "srv01", "shop/web", web("http://srv01:8080/"), d, owner, 20},
		{"srv01", "srv01", "shop/slow ping", ping(8080), d, owner, 26},
		{"srv02", "srv02.example.org", "shop/service/W3SVC", all, 5 * time.Second, "shop@example.org", 10},
		{"srv02", "srv02.example.org", "shop/ping", echo, d, owner, 16},
		{"srv02", "srv02.example.org", "shop/web", web("http://srv02:9090/"), d, owner, 20},
		{"srv02", "srv02.example.org", "shop/slow ping", ping(9090), d, owner, 26},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(set.Suites) != 1 || set.Suites[0].Name != "shop" || len(set.Suites[0].Digest) != 64 {
		t.Errorf("suites: %+v", set.Suites)
	}
}

func TestExpectationsKeepTheKindsDefaults(t *testing.T) {
	checks := load(t, shop).Hosts[1].Checks
	type row struct {
		Reading, Source string
		Default         bool
	}
	rows := func(c Check) (all []row) {
		for _, e := range c.Expect {
			all = append(all, row{e.Reading, e.Predicate.String(), e.Default})
		}
		return all
	}
	want := []row{
		{"depends_on", "= RPCSS", false}, {"start_mode", "one of auto, manual", false}, {"state", "running", true},
	}
	if diff := cmp.Diff(want, rows(*checks[0])); diff != "" {
		t.Errorf("service (-want +got):\n%s", diff)
	}
	// "any" switches a default off.
	if got := rows(*checks[1]); len(got) != 0 {
		t.Errorf("ping: got %v, want no expectation", got)
	}
}

func TestAKeptExpectationIsADefaultThatBindsWhatHeldBefore(t *testing.T) {
	kind := probes.Define(probes.Kind{Name: "role", Readings: []probes.ReadingSpec{
		{Name: "state", Type: fact.TypeText, Expect: "!= paused", Keep: "running"},
	}}, struct{}{}, build[struct{}])
	for text, want := range map[string][]Expectation{
		"{role: {}}":                           {{Default: true}, {Default: true, Keep: true}},
		"{role: {}, expect: {state: running}}": {{}},
		"{role: {}, expect: {state: any}}":     {},
	} {
		set, problems := LoadBytes("x", []byte("suite: x\nhosts: [a]\nchecks: ["+text+"]\n"), []probes.Kind{kind})
		if len(problems) > 0 {
			t.Fatal(Format(problems, nil))
		}
		c := set.Hosts[0].Checks[0]
		same := slices.EqualFunc(c.Expect, want, func(a, b Expectation) bool {
			return a.Default == b.Default && a.Keep == b.Keep
		})
		if !same || c.Timeout != 0 {
			t.Errorf("%s: got %+v, timeout %v", text, c.Expect, c.Timeout)
		}
	}
}

func TestOneCheckWrongOnManyHostsDoesNotCrowdOutOthers(t *testing.T) {
	text := "suite: a\nhosts: [" + hostNames(2000) + "]\nchecks:\n  - web: {url: \"{{ host.name }}\"}\n  - pnig: {}\n"
	_, problems := LoadBytes("a", []byte(text), testKinds())
	if len(problems) != maxRefused+1 || problems[maxRefused].Line != 5 {
		t.Errorf("%d problems:\n%s", len(problems), Format(problems, nil))
	}
}

func TestAHostOfTwoSuitesIsOneHost(t *testing.T) {
	set := load(t,
		"suite: one\nhosts: [srv01, {name: srv02, tags: [b]}]\nchecks: [{ping: \"{{ host.address }}\"}]\n",
		"suite: two\nhosts: [{name: SRV02, address: 10.0.0.2, tags: [a, b], vars: {x: y}}]\nchecks: [{os: {}}]\n")
	if len(set.Hosts) != 2 {
		t.Fatalf("hosts: %+v", set.Hosts)
	}
	h := set.Hosts[1]
	if h.Name != "srv02" || h.Address != "10.0.0.2" || !slices.Equal(h.Tags, []string{"a", "b"}) || h.Vars["x"] != "y" {
		t.Errorf("merged: %+v", h)
	}
	if len(h.Checks) != 2 || h.Checks[0].Key() != "one/ping" || h.Checks[1].Key() != "two/os" {
		t.Errorf("checks: %+v", h.Checks)
	}
	if got := h.Checks[0].Probe.(probe).params.(pingParams).Address; got != "10.0.0.2" {
		t.Errorf("the first suite's check goes to %q, not to the address that the second gives", got)
	}
}

func TestWhatIsPlainYAMLIsRead(t *testing.T) {
	for name, text := range map[string]string{
		"byte order mark": "\uFEFFsuite: a\nhosts: [b]\nchecks: [{os: {}}]\n",
		"one host":        "suite: a\nhosts: b\nchecks: [{os: {}}]\n",
		"CRLF":            "suite: a\r\nhosts: [b]\r\nchecks:\r\n  - os: {}\r\n",
		"document marks":  "---\nsuite: a\nhosts: [b]\nchecks: [{os: }]\n...\n",
		"an alias": "suite: a\nhosts: [b]\nchecks:\n" +
			"  - ping: {}\n    expect: &e {loss: 0%}\n  - ping: c\n    expect: *e\n",
		"JSON":         `{"suite": "a", "hosts": ["b"], "checks": [{"os": null}]}`,
		"a block text": "suite: a\nhosts: [b]\nchecks:\n  - os: {}\n    why: |\n      two\n      lines\n",
	} {
		if _, problems := LoadBytes(name, []byte(text), testKinds()); len(problems) > 0 {
			t.Errorf("%s: %s", name, Format(problems, nil))
		}
	}
}

// A ten times larger file may not take a hundred times the memory: what is
// allocated is counted, since time on a shared machine proves nothing.
func TestLoadIsLinear(t *testing.T) {
	allocs := func(hosts int) float64 {
		var b strings.Builder
		b.WriteString("suite: big\nchecks:\n  - ping: {}\n  - service: [a, b]\nhosts:\n")
		for i := range hosts {
			b.WriteString("  - {name: srv" + strings.Repeat("x", i%7) + strconv.Itoa(i) + ", tags: [a]}\n")
		}
		data := []byte(b.String())
		return testing.AllocsPerRun(1, func() {
			if _, problems := LoadBytes("big", data, testKinds()); len(problems) > 0 {
				t.Fatal(Format(problems, nil))
			}
		})
	}
	if small, large := allocs(300), allocs(3000); large > 12*small {
		t.Errorf("10 times the hosts take %.1f times the allocations", large/small)
	}
}

func TestAHostileSuiteIsRefusedBeforeTheWorkIsDone(t *testing.T) {
	text := "suite: a\nhosts: [" + hostNames(4000) + "]\nchecks:\n"
	for i := range 4000 {
		text += fmt.Sprintf("  - {os: {}, id: c%d}\n", i)
	}
	_, problems := LoadBytes("a", []byte(text), testKinds())
	isOfTheSize := func(p Problem) bool { return strings.Contains(p.Msg, "more than 2000000 checks") }
	if !slices.ContainsFunc(problems, isOfTheSize) {
		t.Errorf("got %d problems, none of them of the size", len(problems))
	}
	_, problems = LoadBytes("a", make([]byte, maxFile+1), testKinds())
	if len(problems) != 1 || !strings.Contains(problems[0].Msg, "larger than 5 MiB") {
		t.Errorf("a file that is too large: %v", problems)
	}
}

func hostNames(n int) string {
	var names []string
	for i := range n {
		names = append(names, "srv"+strconv.Itoa(i))
	}
	return strings.Join(names, ",")
}

func FuzzLoadBytes(f *testing.F) {
	f.Add([]byte(shop))
	f.Add([]byte(shop + "waivers:\n  - {waive: service/W*.state, hosts: tag:dns, check: s*, until: 2026-12-31, " +
		"reason: x}\n"))
	f.Add([]byte("suite: a\nhosts: &h [b, *h]\nchecks: [{os: {}}]\n"))
	f.Add([]byte("suite: \"a\nhosts: [b\n\t- c: d: e"))
	f.Add([]byte("a: &a [x]\nb: [*a, *a]\n---\n"))
	f.Add([]byte("suite: a\nhosts: [b]\ncompare: {service/W*.state: ignore, service.*: same}\nchecks:\n  - service: c\n" +
		"    compare: {items: exact, '=a*.state': {rule: within 3 days, severity: fail}, 'W?.*': ignore, 'W*.*': same}\n"))
	f.Add([]byte(""))
	const begin = "suite: a\nhosts: b\nchecks:\n  - ping: {}\n    assert: "
	f.Add([]byte(begin + "[\"a\\\"b\", 'x = ''', {that: \"after.loss == \\u0041\"}]\n"))
	f.Add([]byte(begin + "&x >-\n      after.loss\n\n      == host.vars.y\n    why: *x\n"))
	kinds := testKinds()
	f.Fuzz(func(t *testing.T, data []byte) {
		set, problems := LoadBytes("fuzz", data, kinds)
		if (set == nil) != (len(problems) > 0) {
			t.Fatalf("set %v beside %d problems", set, len(problems))
		}
		lines := strings.Count(string(data), "\n") + 1
		for _, p := range problems {
			if p.Msg == "" || p.Line > lines || p.Line < 0 || p.Column < 0 {
				t.Fatalf("%#v in a file of %d lines", p, lines)
			}
		}
		text := Format(problems, func(string) ([]byte, error) { return data, nil })
		if strings.ContainsAny(text, "\x1b\x00\r\t") {
			t.Fatalf("control characters in %q", text)
		}
	})
}

// Hosts on which the same is asked share one list of checks, so that a fleet costs what
// one of its hosts does. What differs from host to host, or comes of another suite, is
// a host's own.
func TestHostsShareTheirChecks(t *testing.T) {
	texts := []string{
		"suite: a\nvars: {name: W3SVC}\nhosts: [h1, h2, {name: h3, vars: {name: DNS}}, h4]\nchecks:\n" +
			"  - service: '{{ name }}'\n  - ping: {}\n",
		"suite: b\nhosts: [h2, h4]\nchecks:\n  - ping: '{{ host.name }}'\n    id: ping\n",
	}
	set := load(t, texts...)
	var told []string
	for _, h := range set.Hosts {
		line := h.Name
		for _, c := range h.Checks {
			line += " " + c.Key() + " " + c.Asked[:4]
		}
		told = append(told, line)
	}
	one, two, three, four := set.Hosts[0].Checks, set.Hosts[1].Checks, set.Hosts[2].Checks, set.Hosts[3].Checks
	if len(one) != 2 || len(two) != 3 || len(three) != 2 || len(four) != 3 {
		t.Fatalf("got %s", strings.Join(told, "\n"))
	}
	if one[0].Asked == three[0].Asked || one[1].Asked != three[1].Asked || two[2].Key() != "b/ping" ||
		two[2].Asked == four[2].Asked {
		t.Errorf("got %s", strings.Join(told, "\n"))
	}
	h := load(t, texts[0]).Hosts
	if &h[0].Checks[0] != &h[1].Checks[0] || &h[0].Checks[0] != &h[3].Checks[0] || &h[0].Checks[0] == &h[2].Checks[0] {
		t.Error("the lists are not shared as what is asked")
	}
}

// Several kinds in one entry are checks of their own, with what stands beside them.
func TestSeveralKindsInOneEntry(t *testing.T) {
	set := load(t, `suite: shop
hosts: [sql01]
checks:
  - {ping: {}, service: [Orders, msdb], hosts: "sql*", why: the shop is on it, timeout: 7s}
`)
	var got []string
	for _, h := range set.Hosts {
		for _, c := range h.Checks {
			got = append(got, fmt.Sprint(h.Name, " ", c.ID, " ", c.Kind.Name, " ", c.Why, " ", c.Timeout, " ", c.Line))
		}
	}
	want := []string{"sql01 ping ping the shop is on it 7s 4", "sql01 service/Orders service the shop is on it 7s 4"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
