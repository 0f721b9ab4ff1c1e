package main

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"postpatch/runner/report"
)

// part is an estate, a suite or a plan of a scenario: the path of its file, or its
// content in the scenario's own.
type part struct {
	path    string
	node    *yaml.Node
	content []byte
}

// UnmarshalYAML implements yaml.Unmarshaler.
func (p *part) UnmarshalYAML(n *yaml.Node) error {
	switch n.Kind {
	case yaml.ScalarNode:
		p.path = n.Value
		return nil
	case yaml.MappingNode:
		p.node = n
		return nil
	default:
		return fmt.Errorf("line %d: want a path, or what its file would hold", n.Line)
	}
}

func (p *part) empty() bool { return p.path == "" && p.node == nil }

// resolve makes the paths relative to the scenario's folder, and takes out of the
// scenario's text what stands in it.
func (s *scenario) resolve(file string, text []byte) {
	all := []*part{&s.Estate, &s.Plan}
	for i := range s.Suites {
		all = append(all, &s.Suites[i])
	}
	for _, p := range all {
		p.resolve(file, text)
	}
}

func (p *part) resolve(file string, text []byte) {
	switch {
	case p.node != nil:
		p.content = cutOut(text, p.node)
	case p.path != "" && !filepath.IsAbs(p.path):
		p.path = filepath.Join(filepath.Dir(file), p.path)
	}
}

// cutOut is a mapping of a YAML text as a text of its own, in which everything
// keeps its line and column, for what is said of it.
func cutOut(text []byte, n *yaml.Node) []byte {
	lines := strings.SplitAfter(string(text), "\n")
	var b strings.Builder
	b.WriteString(strings.Repeat("\n", n.Line-1))
	for i := n.Line - 1; i < len(lines); i++ {
		line := lines[i]
		indent := len(line) - len(strings.TrimLeft(line, " "))
		isFirst := i == n.Line-1
		switch trimmed := strings.TrimSpace(line); {
		case isFirst:
			b.WriteString(strings.Repeat(" ", n.Column-1) + line[min(n.Column-1, len(line)):])
		case trimmed == "" || strings.HasPrefix(trimmed, "#"):
			b.WriteString("\n")
		case indent < n.Column-1:
			return []byte(b.String())
		default:
			b.WriteString(line)
		}
	}
	return []byte(b.String())
}

// unfold writes what stood in the scenario into files of a folder.
func (s *scenario) unfold(folder string) error {
	name := strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\\:*?"<>|`, r) || r < ' ' {
			return '-'
		}
		return r
	}, s.Name)
	write := func(p *part, ending string) error {
		if p.node == nil {
			return nil
		}
		p.path = filepath.Join(folder, name+ending)
		return os.WriteFile(p.path, bytes.TrimRight(p.content, " "), 0o644)
	}
	if err := write(&s.Estate, ".estate.yaml"); err != nil {
		return err
	}
	if err := write(&s.Plan, ".plan.yaml"); err != nil {
		return err
	}
	for i := range s.Suites {
		ending := ".suite.yaml"
		if i > 0 {
			ending = fmt.Sprintf("-%d.suite.yaml", i+1)
		}
		if err := write(&s.Suites[i], ending); err != nil {
			return err
		}
	}
	return nil
}

// comesTo is what the scenario shows in a line: which checks of which hosts come to
// something.
func (s *scenario) comesTo() string { return s.Expect.words() }

// words are what it says of single hosts and checks.
func (e *ending) words() string {
	const most = 4
	var all []string
	for _, host := range union(e.Hosts, e.Outcomes) {
		if state := e.Hosts[host]; state != "" {
			all = append(all, host+" "+state)
		}
		outcomes := e.Outcomes[host]
		for _, id := range slices.Sorted(maps.Keys(outcomes)) {
			if outcomes[id].outcome != report.Expected { // of which a plan has told already
				all = append(all, host+" "+id+" "+string(outcomes[id].outcome))
			}
		}
	}
	switch {
	case len(all) == 0:
		return "nothing to tell"
	case len(all) > most:
		return strings.Join(all[:most], ", ") + fmt.Sprintf(" and %d more", len(all)-most)
	default:
		return strings.Join(all, ", ")
	}
}

// placeAt lets what stands in the scenario be told by its place there: the lines are
// the same.
func (s *scenario) placeAt(j job) {
	own := map[string]bool{}
	for _, p := range s.Suites {
		own[p.path] = p.node != nil
	}
	for _, h := range j.set.Hosts {
		for i := range h.Checks {
			if own[h.Checks[i].File] {
				h.Checks[i].File = s.file
			}
		}
	}
	for i, w := range j.set.Waivers {
		if own[w.File] {
			j.set.Waivers[i].File = s.file
		}
	}
	if j.plan != nil && s.Plan.node != nil {
		for i := range j.plan.Waivers {
			j.plan.Waivers[i].File = s.file
		}
		j.plan.File = s.file
	}
}

// isWhole says whether the scenario holds a suite or a plan itself.
func (s *scenario) isWhole() bool {
	return s.Plan.node != nil || slices.ContainsFunc(s.Suites, func(p part) bool { return p.node != nil })
}

// shown are the files that a reader has of the suites.
func (s *scenario) shown() []string {
	if s.isWhole() {
		return []string{s.file}
	}
	return s.files()
}

// files are the paths of the suites.
func (s *scenario) files() []string {
	var all []string
	for _, p := range s.Suites {
		all = append(all, p.path)
	}
	return all
}

// wantedOutcome is what a check has to come to, and by which readings.
type wantedOutcome struct {
	outcome report.Outcome
	by      []string // "reading" or "item reading"
}

// UnmarshalYAML implements yaml.Unmarshaler.
func (w *wantedOutcome) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.ScalarNode {
		return fmt.Errorf("line %d: want an outcome, such as regressed, or regressed by state", n.Line)
	}
	outcome, by, found := strings.Cut(n.Value, " by ")
	w.outcome = report.Outcome(strings.TrimSpace(outcome))
	if found {
		for reading := range strings.SplitSeq(by, ", ") {
			w.by = append(w.by, strings.TrimSpace(reading))
		}
	}
	return nil
}

// shows says whether a check has a finding of a reading that is more than a note.
func shows(c report.Check, wanted string) bool {
	return slices.ContainsFunc(c.Findings, func(f report.Finding) bool {
		note := f.Outcome == report.Drifted && f.Severity == "note"
		return !note && (f.Reading == wanted || strings.TrimSpace(f.Item+" "+f.Reading) == wanted)
	})
}
