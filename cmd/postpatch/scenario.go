package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"gopkg.in/yaml.v3"

	"postpatch/runner/report"
)

// scenario is a story with the outcomes that it has to come to.
type scenario struct {
	Name   string   `yaml:"scenario"`
	About  string   `yaml:"about"`
	Estate string   `yaml:"estate"`
	Suites []string `yaml:"suites"`
	Plan   string   `yaml:"plan"`
	Before string   `yaml:"before"`
	After  string   `yaml:"after"`
	Expect struct {
		Exit     *int                                 `yaml:"exit"`
		Hosts    map[string]string                    `yaml:"hosts"`
		Outcomes map[string]map[string]report.Outcome `yaml:"outcomes"`
	} `yaml:"expect"`
}

const scenarioPage = `scenario: a story with a known end (*.scenario.yaml), run by "postpatch demo FILE"

  scenario: patch-tuesday            its name
  about: one sentence                optional
  estate: acme.estate.yaml           the simulated servers and their states; paths are relative to this file
  suites: [acme.suite.yaml]          what is checked
  plan: acme.plan.yaml               optional: what the patch must and may change
  before: before                     the estate's state for capture (default: before)
  after: after                       the state for verify (default: after)
  expect:
    exit: 1                          the exit code of verify; required
    hosts: {app03: unreachable}      hosts that are not to be reached, or "another machine"
    outcomes:                        by host and check id; a check that is not named has to be passed,
      sql01:                         and on an unreachable host unknown
        service/MSSQLSERVER: regressed

The outcomes: passed, expected, fixed, pre-existing, drifted, regressed, failed, unmet, unknown.
demo exits 1 when anything comes out differently, and names it.
`

func readScenario(file string) (scenario, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return scenario{}, fmt.Errorf("reading a scenario: %w", err)
	}
	s := scenario{Before: "before", After: "after"}
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	decoder.KnownFields(true)
	if err := decoder.Decode(&s); err != nil {
		if errors.Is(err, io.EOF) {
			err = errors.New("it is empty")
		}
		return scenario{}, fmt.Errorf("reading scenario %q: %w; see `postpatch explain scenario`", file, err)
	}
	if s.Name == "" || s.Estate == "" || len(s.Suites) == 0 || s.Expect.Exit == nil {
		return scenario{}, fmt.Errorf("reading scenario %q: scenario, estate, suites and expect.exit are required; "+
			"see `postpatch explain scenario`", file)
	}
	for host, outcomes := range s.Expect.Outcomes {
		for id, o := range outcomes {
			if !slices.Contains(report.Outcomes(), o) {
				return scenario{}, fmt.Errorf("reading scenario %q: expect.outcomes.%s: %s: %q is no outcome: want one of %v",
					file, host, id, o, report.Outcomes())
			}
		}
	}
	s.resolve(filepath.Dir(file))
	return s, nil
}

// resolve makes the paths relative to the scenario's folder.
func (s *scenario) resolve(dir string) {
	at := func(path string) string {
		if path == "" || filepath.IsAbs(path) {
			return path
		}
		return filepath.Join(dir, path)
	}
	s.Estate, s.Plan = at(s.Estate), at(s.Plan)
	for i := range s.Suites {
		s.Suites[i] = at(s.Suites[i])
	}
}

// differences names everything that did not come out as the scenario says.
func (s *scenario) differences(hosts []report.Host, summary report.Summary) []string {
	var all []string
	tell := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	if summary.ExitCode != *s.Expect.Exit {
		tell("exit code: want %d, got %d (%s)", *s.Expect.Exit, summary.ExitCode, summary.Reason)
	}
	seen := map[string]bool{}
	for _, h := range hosts {
		seen[h.Host] = true
		if got, want := hostState(h), s.Expect.Hosts[h.Host]; got != want {
			tell("%s: want %q, got %q", h.Host, want, got)
		}
		all = append(all, s.checkDifferences(h)...)
	}
	for _, host := range union(s.Expect.Hosts, s.Expect.Outcomes) {
		if !seen[host] {
			tell("%s: the suites have no such host", host)
		}
	}
	return all
}

func (s *scenario) checkDifferences(h report.Host) []string {
	var all []string
	wants := maps.Clone(s.Expect.Outcomes[h.Host])
	for _, c := range h.Checks {
		want, named := wants[c.ID]
		delete(wants, c.ID)
		if !named {
			want = report.Passed
			if hostState(h) != "" {
				want = report.Unknown
			}
		}
		if c.Outcome != want {
			all = append(all, fmt.Sprintf("%s: %s: want %s, got %s%s", h.Host, c.ID, want, c.Outcome, because(c)))
		}
	}
	for _, id := range slices.Sorted(maps.Keys(wants)) {
		all = append(all, fmt.Sprintf("%s: the suites have no check %s", h.Host, id))
	}
	return all
}

func because(c report.Check) string {
	switch {
	case c.Error != "":
		return ": " + c.Error
	case len(c.Findings) > 0:
		f := c.Findings[len(c.Findings)-1]
		return fmt.Sprintf(": %s %s: %q -> %q (%s)", f.Item, f.Reading, f.Before, f.Now, f.Wanted)
	default:
		return ""
	}
}

func hostState(h report.Host) string {
	switch {
	case h.Unreachable != "":
		return "unreachable"
	case h.Problem != "":
		return "another machine"
	default:
		return ""
	}
}

func union[A, B any](a map[string]A, b map[string]B) []string {
	keys := slices.Collect(maps.Keys(a))
	keys = slices.AppendSeq(keys, maps.Keys(b))
	slices.Sort(keys)
	return slices.Compact(keys)
}
