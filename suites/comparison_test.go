package suites

import (
	"strconv"
	"strings"
	"testing"

	"postpatch/probes"
	"postpatch/probes/fact"
)

// comparedBy is how a suite compares a reading of an item: the rule, the severity, and
// where the rule stands.
func comparedBy(c Check, item, reading string) string {
	got := c.Compare.For(item, reading)
	text := got.Rule.String() + " " + got.Severity.String() + " " + string(got.From.Level)
	if got.From.Line > 0 {
		text += ":" + strconv.Itoa(got.From.Line)
	}
	return text
}

// The kind's own word, over it the suite's, over both the check's; of each the rule and
// the severity by themselves, and of each level an item pattern over a plain one.
func TestTheMoreSpecificSaysHowAReadingIsCompared(t *testing.T) {
	const head = "suite: a\nhosts: [srv01]\n"
	check := func(compare string) string { return "checks: [{service: W3SVC, compare: " + compare + "}]\n" }
	for name, tt := range map[string]struct {
		suite, item, reading, want string
	}{
		"the kind": {check("{state: same}"), "W3SVC", "start_mode", "same warn kind"},
		"the suite": {
			"compare: {service.start_mode: ignore}\n" + check("{state: same}"), "W3SVC", "start_mode", "ignore warn suite:3",
		},
		"a severity alone keeps the rule": {
			"compare: {service.depends_on: {severity: fail}}\n" + check("{state: same}"),
			"W3SVC", "depends_on", "same set fail kind",
		},
		"a rule alone keeps the severity": {check("{state: ignore}"), "W3SVC", "state", "ignore fail check:3"},
		"the check over the suite, each by itself": {
			"compare: {service.state: {rule: same text, severity: note}}\n" + check("{state: ignore}"),
			"W3SVC", "state", "ignore note check:4",
		},
		"the check over the suite, severity": {
			"compare: {service.state: {rule: same text, severity: note}}\n" + check("{state: {severity: warn}}"),
			"W3SVC", "state", "same text warn suite:3",
		},
		"a plain one of the check over the suite's item": {
			"compare: {service/W3SVC.state: ignore}\n" + check("{state: same text}"),
			"W3SVC", "state", "same text fail check:4",
		},
		"an item over a plain one, wherever it stands": {
			check("{W3SVC.state: ignore, state: same text}"), "W3SVC", "state", "ignore fail check:3",
		},
		"another item": {check("{WSUS*.state: ignore, state: same text}"), "W3SVC", "state", "same text fail check:3"},
		"the last of several items": {
			check("{'W3*.state': ignore, '*VC.state': same text}"), "W3SVC", "state", "same text fail check:3",
		},
		"one item says the rule, another the severity": {
			check("{'W3*.state': ignore, '*VC.state': {severity: note}}"), "W3SVC", "state", "ignore note check:3",
		},
		"a reading over all": {check("{state: same text, '*': ignore}"), "W3SVC", "state", "same text fail check:3"},
		"all":                {check("{state: same text, '*': ignore}"), "W3SVC", "start_mode", "ignore warn check:3"},
		"all of a kind":      {"compare: {service.*: ignore}\n" + check("{state: same}"), "x", "depends_on", "ignore warn suite:3"},
		"all of an item":     {check("{W3SVC.*: ignore}"), "w3svc", "depends_on", "ignore warn check:3"},
		"one word for the whole check": {
			"compare: {service/W3SVC.state: same text}\n" + check("ignore"), "W3SVC", "state", "ignore fail check:4",
		},
		"every item is a plain one": {
			check("{'*.state': ignore, W*.state: same text}"), "W3SVC", "state", "same text fail check:3",
		},
		"an item with dots":          {check(`{'C:\a.b\c.exe.state': ignore}`), `c:\A.b\c.exe`, "state", "ignore fail check:3"},
		"an item with slashes":       {check(`{'a/b.c/d.state': ignore}`), "a/b.c/d", "state", "ignore fail check:3"},
		"an item with a star":        {check(`{'=http *:80:.state': ignore}`), "http *:80:", "state", "ignore fail check:3"},
		"a star that is none":        {check(`{'=http *:80:.state': ignore}`), "http 1:80:", "state", "same fail kind"},
		"a star that is one":         {check(`{'http *:80:.state': ignore}`), "http 1:80:", "state", "ignore fail check:3"},
		"what begins with =":         {check(`{'= =x.state': ignore}`), "=x", "state", "ignore fail check:3"},
		"the check as a whole":       {check(`{'=.state': ignore}`), "", "state", "ignore fail check:3"},
		"and none of its items":      {check(`{'=.state': ignore}`), "a", "state", "same fail kind"},
		"of several bytes":           {check(`{'GR?SSE.state': ignore}`), "größse", "state", "same fail kind"},
		"one character":              {check(`{'GR?SSE.state': ignore}`), "grösse", "state", "ignore fail check:3"},
		"names by the suite's word":  {check(`{items: exact, W3SVC.state: ignore}`), "w3svc", "state", "same fail kind"},
		"names by the suite's word,": {check(`{items: exact, W3SVC.state: ignore}`), "W3SVC", "state", "ignore fail check:3"},
	} {
		c := load(t, head+tt.suite).Hosts[0].Checks[0]
		if got := comparedBy(*c, tt.item, tt.reading); got != tt.want {
			t.Errorf("%s: %s of %q is compared by %q, want %q", name, tt.reading, tt.item, got, tt.want)
		}
	}
}

func TestARuleIsInTheUnitOfItsReading(t *testing.T) {
	c := load(t, "suite: a\nhosts: [srv01]\ncompare: {web.cert_left: at least -3 days}\nchecks:\n"+
		"  - web: {url: 'http://a'}\n    compare: {size: within 2 MiB}\n").Hosts[0].Checks[0]
	if got := c.Compare.For("http://a", "size").Rule; got.Number != 2<<20 || got.String() != "within 2 MiB" {
		t.Errorf("size: %+v", got)
	}
	if got := c.Compare.For("http://a", "cert_left").Rule; got.Number != 3 || got.String() != "at least -3 days" {
		t.Errorf("cert_left: %+v", got)
	}
}

func TestNamesOfItemsAreTheKindsUnlessTheSuiteSaysOtherwise(t *testing.T) {
	const text = "suite: a\nhosts: [srv01]\nchecks:\n  - dns: a\n  - dns: b\n    compare: {items: exact}\n"
	c := load(t, text).Hosts[0].Checks
	if c[0].Items != probes.HostNames || c[1].Items != probes.Exact {
		t.Errorf("%q and %q", c[0].Items, c[1].Items)
	}
	if (Comparisons{}).For("a", "b").Rule != (fact.Rule{}) {
		t.Error("a check without comparisons does not compare all")
	}
}

// A pattern is taken for idle only where another says all that it says.
func TestCovers(t *testing.T) {
	for _, tt := range []struct {
		wide, narrow string
		want         bool
	}{
		{"*", "a*", true},
		{"a*", "*", false},
		{"a*", "A*b", true},
		{"*a*", "xa?", true},
		{"?", "*", false},
		{"?*", "*", false},
		{"?*", "*x", true},
		{"a?", "a*", false},
		{"a?", "ab", true},
		{"a?", "a?", true},
		{"ab", "a?", false},
		{"a*", "=a*", true},
		{"=a*", "a*", false},
		{"=a*", "=A*", true},
		{"x*x", "x*x", true},
		{"*x*y*", "x*y", true},
		{"*x*y*", "x*", false},
		{"*??*", "*?*", false},
	} {
		if got := (Pattern{Item: tt.wide}).covers(Pattern{Item: tt.narrow}, probes.AnyCase); got != tt.want {
			t.Errorf("%q covers %q: %v", tt.wide, tt.narrow, got)
		}
	}
}

// What a pattern covers it chooses too.
func FuzzCovers(f *testing.F) {
	for _, seed := range [][3]string{
		{"a*", "a?c", "abc"}, {"*b*", "=a*b", "a*b"}, {"=.", "", "."}, {"?*?", "x*x", "xÉx"}, {"*.", "a*.:", "a.:"},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	f.Fuzz(func(t *testing.T, wide, narrow, item string) {
		if len(wide)+len(narrow)+len(item) > 200 || wide == "" || narrow == "" {
			return
		}
		for _, naming := range probes.Namings() {
			w, n, key := Pattern{Item: wide}, Pattern{Item: narrow}, naming.Key(item)
			if w.covers(n, naming) && n.matchesKey(naming, key) && !w.matchesKey(naming, key) {
				t.Errorf("%s: %q covers %q, and does not choose %q", naming, wide, narrow, item)
			}
			if exact := (Pattern{Item: exactly + item}); strings.TrimSpace(item) == item && !exact.matchesKey(naming, key) {
				t.Errorf("%s: %q does not choose itself", naming, item)
			}
		}
	})
}
