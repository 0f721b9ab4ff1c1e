package suites

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Where a text is wanted, it is the one that stands there, whatever YAML's readers
// make of it elsewhere.
func TestTextsAreTakenAsWritten(t *testing.T) {
	set, problems := LoadBytes("x", []byte(`suite: on
owner: 1e3
vars: {no: yes, y: on, a: 012, b: 1e3, c: 0o14, d: 22:22, e: .5, f: 2026-01-01, g: 1_000, h: NO, i: =, j: 0x1F, k: 1.10}
hosts: [no, yes, 012, 1e3, 1.10, 2026-01-01, {name: off, tags: [on, 010]}]
checks:
  - service: [no, 007, 1e3, 22:22]
    hosts: [no, tag:010]
    expect: {state: no}
    why: no
  - web: {url: 'http://x/{{ no }}/{{ y }}/{{ a }}/{{ k }}', headers: {on: off, 1e3: 012, ~: null-ish, no: 0b1}}
`), testKinds())
	if len(problems) > 0 {
		t.Fatal(Format(problems, nil))
	}
	var names []string
	for _, h := range set.Hosts {
		names = append(names, h.Name)
	}
	first := set.Hosts[0]
	service, web := first.Checks[0], first.Checks[1]
	for what, diff := range map[string]string{
		"suite": cmp.Diff([]string{"on", "1e3"}, []string{set.Suites[0].Name, set.Suites[0].Owner}),
		"hosts": cmp.Diff([]string{"no", "yes", "012", "1e3", "1.10", "2026-01-01", "off"}, names),
		"tags":  cmp.Diff([]string{"010", "on"}, set.Hosts[6].Tags),
		"names": cmp.Diff([]string{"no", "007", "1e3", "22:22"}, service.Probe.(probe).params.(serviceParams).Name),
		"why":   cmp.Diff("no", service.Why),
		"url":   cmp.Diff("http://x/yes/on/012/1.10", web.Probe.(probe).params.(webParams).URL),
		"headers": cmp.Diff(map[string]string{"on": "off", "1e3": "012", "~": "null-ish", "no": "0b1"},
			web.Probe.(probe).params.(webParams).Headers),
		"checks": cmp.Diff(2, len(set.Hosts[6].Checks)),
	} {
		if diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	const vars = "suite: a\nvars: {no: yes, d: 22:22, k: 1_000}\nhosts: b\n"
	set, problems = LoadBytes("y", []byte(vars+"checks: [{service: '{{ no }} {{ d }} {{ k }}'}]\n"), testKinds())
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if got := set.Hosts[0].Checks[0].Probe.(probe).params.(serviceParams).Name; got[0] != "yes 22:22 1_000" {
		t.Errorf("got %q", got)
	}
}

// Where a number, a time or true or false is wanted, what readers of YAML take for
// different ones is none; the hint has what was probably meant.
func TestNumbersThatReadersTakeForDifferentOnes(t *testing.T) {
	for text, hint := range map[string]string{
		"count: 012":   "write 12, or 10 where it is octal",
		"count: 08":    "write 8",
		"count: 00":    "write 0",
		"count: 0o14":  "write 12",
		"count: 0x1F":  "write 31",
		"count: 1_000": "write 1000",
		"count: 1e3":   "write 1000",
		"count: 5.0":   "write 5",
		"count: '1,5'": "",
		"count: 2.5":   "",
		"count: 1.000": "write it without a dot",
		"count: 1'000": "write 1000",
		"count: 22:22": "",
		"count: yes":   "",
		"every: 5":     "write 5s for seconds, or 5m for minutes",
		"every: 1:30":  "write 1m30s, or 1h30m",
		"every: 5 min": "write 5m",
		"every: 1e3":   "",
		"every: 2 Sec": "write 2s",
		"every: ~":     "write '~' in quotes where the text is meant",
		"every: null":  "write 'null' in quotes where the text is meant",
		"every: ":      "",
	} {
		_, problems := LoadBytes("x", []byte("suite: a\nhosts: b\nchecks:\n  - ping:\n      "+text+"\n"), testKinds())
		if len(problems) != 1 || problems[0].Hint != hint || problems[0].Line != 5 {
			t.Errorf("%s: got %+v, want the hint %q", text, problems, hint)
		}
	}
	for text, hint := range map[string]string{
		"yes": "write true", "On": "write true", "NO": "write false", "off": "write false", "1": "write true", "perhaps": "",
	} {
		const begin = "suite: a\nhosts: b\nchecks:\n  - web: {url: 'http://x', follow: "
		_, problems := LoadBytes("x", []byte(begin+text+"}\n"), testKinds())
		if len(problems) != 1 || problems[0].Hint != hint {
			t.Errorf("%s: got %+v, want the hint %q", text, problems, hint)
		}
	}
}

// A backslash in double quotes has made something else of a path. Texts of several
// words, and those that have their lines in the file, may have what they like.
func TestPathsInDoubleQuotes(t *testing.T) {
	for text, column := range map[string]int{
		`"C:\new"`: 17, `"C:\Users\x"`: 17, `"\\server\share"`: 23, `"\\server\nas"`: 23, `"\\server\nas box"`: 23,
		`"CORP\new"`: 19, `"CORP\admin"`: 19, `"CORP\bob"`: 19, `"CORP\Net"`: 19, `"CORP\Peter"`: 19, `"CORP\Lars"`: 19,
		`"CORP\_svc"`: 19, `"CORP\0815"`: 19, `"CORP\vera"`: 19, `"CORP\eva"`: 19, `"%ProgramFiles%\new dir"`: 29,
		`"HKLM\\SOFTWARE\\My Shop\top"`: 38, `"{{ host.name }}\new"`: 30, `"D:\\a b\tc"`: 22, `"HKLM\Software"`: 19,
		`"ä\new"`: 16, `&x "C:\new"`: 20,
	} {
		_, problems := LoadBytes("x", []byte("suite: a\nhosts: b\nchecks:\n  - service: "+text+"\n"), testKinds())
		if len(problems) != 1 || problems[0].Hint != windowsHint || problems[0].Column != column || problems[0].Line != 4 {
			t.Errorf("%s: got %+v, want column %d", text, problems, column)
		}
	}
	for _, text := range []string{
		`"one line\nand another"`, `'C:\new'`, `C:\new`, `"C:\\new"`, `"\\\\server\\nas"`, "\"a\n\n      b\"", "\"a\u00a0b\"",
		"|\n      C:\\new\n      x", `"a \"b\" c"`, `"\u00e4"`,
	} {
		_, problems := LoadBytes("x", []byte("suite: a\nhosts: b\nchecks:\n  - service: "+text+"\n"), testKinds())
		if len(problems) > 0 {
			t.Errorf("%s: got %+v", text, problems)
		}
	}
}
