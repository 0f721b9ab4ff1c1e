package main

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"postpatch/baseline"
	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/runner"
	"postpatch/runner/report"
	"postpatch/suites"
)

// anyNames are names that somebody could trip over: shells, file systems, terminals,
// XML, our own formats.
func anyNames() []string {
	return []string{
		"a\x00b", "\x1b[2J\x1b]0;x\a", "\xff", "\xfe", "a\xc3", "../../escape", `..\..\escape`, "/etc/passwd", `C:\x`, `\\s\x`,
		"CON", "nul.txt", "com1", "LPT9.corp", "a/b", "a\nb", "a\r\nb", "a\tb", "\v", "\x7f", "\u0085", "\u2028", "\u202eabc",
		"<x a='1'>&amp;\"", "]]>", "<![CDATA[", "&#0;", `{"lines":1}`, `{"learned":`, `"}`, `\`, `\u0000`, " ", "  ", "trailing.",
		"trailing ", "%41", "a%2fb", "__0x41__", "~", "a~b", "-", "--name", "*", "?", "[", "$(x)", "`x`", "é", "e\u0301", "\ufffe",
		"\ufffd", "\U0001f600", "K", "\u212a2", "manifest.json", ".tmp", ".x.18a2f.tmp", "hosts",
		strings.Repeat("x", 5000), strings.Repeat("ä", 300), strings.Repeat("\x01", 300),
	}
}

// odd is a probe that reports readings of such items, with such values.
type odd struct {
	items []string
	now   string
}

func (o odd) Observe(context.Context, probes.Target) ([]fact.Reading, error) {
	var readings []fact.Reading
	for _, name := range o.items {
		readings = append(readings,
			probes.Read(name, "text", fact.Text(name+o.now)), probes.Read(name, "set", fact.SetOf(name, name+o.now)))
	}
	return readings, nil
}

var odds = probes.Define(probes.Kind{
	Name: "odd", Doc: "Anything.", Readings: []probes.ReadingSpec{
		{Name: "text", Type: fact.TypeText, Severity: fact.Fail, Doc: "A text."},
		{Name: "set", Type: fact.TypeSet, Doc: "A set."},
	},
}, struct{}{}, func(struct{}) (probes.Probe, error) { return nil, nil })

func oddRun(store *baseline.Store, command, now string) performance {
	check := func(suite, id string, items ...string) *suites.Check {
		c := &suites.Check{
			Suite: suite, ID: id, Kind: new(odds), Probe: odd{items, now}, Asked: id, Why: id, Owner: id, File: id, Line: 1,
		}
		c.Compare = suites.Compare(odds, c.Items, nil, nil)
		return c
	}
	g := gauged{store: store}
	p := g.performance(command, command)
	p.job.set.Hosts = nil
	for _, name := range anyNames() {
		if !utf8.ValidString(name) { // no suite can say so, and none is stored
			continue
		}
		h := suites.Host{Name: name, Address: name, Checks: []*suites.Check{check("s", name, name)}}
		p.job.set.Hosts = append(p.job.set.Hosts, h)
	}
	all := suites.Host{Name: "all", Address: "all", Checks: []*suites.Check{check("s", "all", anyNames()...)}}
	for i, name := range anyNames() {
		all.Checks = append(all.Checks, check("s"+fmt.Sprint(i), name, "x"), check(name, fmt.Sprint(i), "x"))
	}
	p.job.set.Hosts = append(p.job.set.Hosts, all)
	p.job.known = map[string]map[string]bool{}
	for _, h := range p.job.set.Hosts {
		p.job.known[h.Name] = map[string]bool{}
		for _, c := range h.Checks {
			p.job.known[h.Name][c.Key()] = true
		}
	}
	p.run = newRun(command, command, p.job)
	return p
}

// Names of any bytes go through the store as they are, through no file name, and
// through every report harmless: a change of each is told.
func TestNamesOfAnyBytes(t *testing.T) {
	t.Chdir(t.TempDir())
	store, err := openStore("evidence", "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	var text bytes.Buffer
	drifted := map[string]int{}
	perform := func(p performance) report.Summary {
		text.Reset()
		p.collect = func(h report.Host) {
			for _, c := range h.Checks {
				for _, f := range c.Findings {
					drifted[f.Item]++
				}
			}
		}
		a := app{stdout: &text, stderr: io.Discard, getenv: func(string) string { return "" }}
		o := outputs{color: "never", progress: "never", verbose: 2, ignored: true, junit: "out.xml", json: "out.jsonl"}
		summary, err := runWithViews(t.Context(), a, o, p)
		if err != nil {
			t.Fatal(err)
		}
		harmless(t, "the text", text.String())
		readByOthers(t)
		return summary
	}
	if s := perform(oddRun(store, "capture", "")); s.ExitCode != runner.ExitOK {
		t.Errorf("capture exits %d: %s", s.ExitCode, s.Reason)
	}
	onlyPlainNames(t)
	verify := func(name, now string) report.Summary {
		clear(drifted)
		against, err := store.Read(t.Context(), "capture")
		if err != nil {
			t.Fatal(err)
		}
		p := oddRun(store, "verify", now)
		p.name, p.against = name, against
		p.run.Name, p.run.Baseline = name, &report.Baseline{Name: "capture", Taken: against.Manifest().Finished}
		return perform(p)
	}
	if s := verify("same", ""); s.ExitCode != runner.ExitOK || len(drifted) != 0 {
		t.Errorf("nothing has changed, and verify exits %d: %s, %v", s.ExitCode, s.Reason, drifted)
	}
	if s := verify("other", "\x00now"); s.ExitCode != runner.ExitBroken {
		t.Errorf("all has changed, and verify exits %d", s.ExitCode)
	}
	for _, name := range anyNames() {
		want := 2 // text and set of the check that has all; of a host that is called so, too
		if utf8.ValidString(name) {
			want = 4
		}
		if drifted[name] != want {
			t.Errorf("%d of %d changes of %.40q are told", drifted[name], want, name)
		}
	}
	if want := 4 * len(anyNames()); drifted["x"] != want { // of checks and suites that are called so
		t.Errorf("%d of %d changes are told", drifted["x"], want)
	}
	for _, args := range [][]string{
		{"verify"}, {"show", "capture"}, {"show", "capture", "CON"}, {"show", "capture", "a\nb"}, {"ls"},
	} {
		code, out, said := inProcess(append([]string{"baselines"}, args...)...)
		if code != 0 {
			t.Errorf("baselines %q exits %d: %s", args, code, said)
		}
		harmless(t, fmt.Sprintf("baselines %q", args), out)
	}
}

// harmless says what a terminal should not be sent.
func harmless(t *testing.T, what, text string) {
	t.Helper()
	for i, r := range text {
		noText := r == utf8.RuneError && !strings.HasPrefix(text[i:], "\ufffd")
		if noText || unicode.IsControl(r) && r != '\n' || r == '\u202e' || r == '\u2028' {
			t.Errorf("%s has %q: %q", what, r, text[max(0, i-60):min(len(text), i+20)])
			return
		}
	}
}

// readByOthers makes sure that other programs can read the reports.
func readByOthers(t *testing.T) {
	t.Helper()
	document, err := os.ReadFile("out.xml")
	if err != nil {
		t.Fatal(err)
	}
	decoder := xml.NewDecoder(bytes.NewReader(document))
	for err == nil {
		_, err = decoder.Token()
	}
	if !errors.Is(err, io.EOF) {
		t.Errorf("JUnit: %v", err)
	}
	lines, err := os.ReadFile("out.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(lines) {
		if !json.Valid(line) || !utf8.Valid(line) {
			t.Errorf("JSON: %.200q", line)
		}
	}
}

// onlyPlainNames makes sure that the store's files can stand in any file system.
func onlyPlainNames(t *testing.T) {
	t.Helper()
	plain := regexp.MustCompile(`^[A-Za-z0-9._~%-]+$`)
	device := regexp.MustCompile(`(?i)^(con|prn|aux|nul|com\d|lpt\d)(\.|$)`)
	folded := map[string]string{}
	err := filepath.WalkDir("evidence", func(path string, d fs.DirEntry, err error) error {
		name := d.Name()
		if !plain.MatchString(name) || device.MatchString(name) || len(name) > 200 || strings.HasSuffix(name, ".") {
			t.Errorf("no file should be called %q", name)
		}
		if other := folded[strings.ToLower(path)]; other != "" {
			t.Errorf("%q and %q are one file on Windows", path, other)
		}
		folded[strings.ToLower(path)] = path
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if escaped, err := filepath.Glob("../../escape*"); err != nil || len(escaped) > 0 {
		t.Error(escaped, err)
	}
}
