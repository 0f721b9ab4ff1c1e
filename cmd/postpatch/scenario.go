package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"postpatch/probes/lab/estate"
	"postpatch/runner"
	"postpatch/runner/report"
)

// scenario is a story with the outcomes that it has to come to.
type scenario struct {
	Name   string `yaml:"scenario"`
	About  string `yaml:"about"`
	Estate part   `yaml:"estate"`
	Suites []part `yaml:"suites"`
	Plan   part   `yaml:"plan"`
	Before string `yaml:"before"`
	After  string `yaml:"after"`
	// Window are the states that a verify meets which waits, in place of After.
	Window []act  `yaml:"window"`
	Expect ending `yaml:"expect"`

	file    string           // that it was read from
	further []estate.Further // states beside the estate's own
	read    suiteReader      // nil reads the suites as they are
}

// ending is what a scenario has to come to.
type ending struct {
	Exit     *int                                `yaml:"exit"`
	Hosts    map[string]string                   `yaml:"hosts"`
	Outcomes map[string]map[string]wantedOutcome `yaml:"outcomes"`
}

const scenarioPage = `scenario: a story with a known end (*.scenario.yaml), run by "postpatch demo FILE"

  scenario: patch-tuesday            its name
  about: one sentence                optional
  estate: acme.estate.yaml           the simulated servers and their states; paths are relative to this file,
                                     and in place of a path the file's own content may stand here
  suites: [acme.suite.yaml]          what is checked
  plan: acme.plan.yaml               optional: what the patch must and may change
  before: before                     the estate's state for capture (default: before)
  after: after                       the state for verify (default: after)
  window: [off, {state: starting, asked: 5}, after]
                                     in place of after: verify waits, and meets one state after the other, each until
                                     a host has been waited for 3 times, or as often as it says
  expect:
    exit: 1                          the exit code of verify; required
    hosts: {app03: unreachable}      hosts that are not to be reached, or "another machine"
    outcomes:                        by host and check id; a check that is not named has to be passed,
      sql01:                         and on an unreachable host unknown
        service/MSSQLSERVER: regressed
        eventlog: drifted by System/disk/7 serious_count    also by which readings; "reading" or "item reading"

The outcomes: passed, expected, fixed, pre-existing, waived, drifted, regressed, failed, unmet, unknown.
demo exits 1 when anything comes out differently, and names it.
`

func readScenario(file string) (scenario, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return scenario{}, fmt.Errorf("reading a scenario: %w", err)
	}
	s := scenario{Before: "before", After: "after"}
	if err = decodeWhole(content, &s); err == nil {
		err = s.problem()
	}
	if err != nil {
		return scenario{}, fmt.Errorf("reading scenario %q: %w; see `postpatch explain scenario`", file, err)
	}
	s.file = file
	s.resolve(file, content)
	return s, nil
}

// decodeWhole decodes the one document of a file, all of whose keys have to be known.
func decodeWhole(content []byte, into any) error {
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	decoder.KnownFields(true)
	err := decoder.Decode(into)
	switch {
	case errors.Is(err, io.EOF):
		return errors.New("it is empty")
	case err != nil:
		return plainYAML(err)
	case decoder.Decode(new(yaml.Node)) == nil:
		return errors.New("it holds a second document")
	default:
		return nil
	}
}

// plainYAML says in words of the file what the YAML library says in words of Go.
func plainYAML(err error) error {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	for _, pair := range [][2]string{
		{`unmarshal errors:\s*`, ""},
		{`field (\S+) not found in type \S+`, `unknown key "$1"`},
		{`cannot unmarshal (\S+) (?:\x60(.*)\x60 )?into \S+`, `"$2" ($1) is of the wrong type`},
		{`"" \(!!seq\)`, "a list"},
		{`"" \(!!map\)`, "a mapping"},
		{`\s*\n\s*`, "; "},
	} {
		text = regexp.MustCompile(pair[0]).ReplaceAllString(text, pair[1])
	}
	return errors.New(text)
}

// problem says what a scenario that could be read lacks.
func (s *scenario) problem() error {
	if s.Name == "" || s.Estate.empty() || len(s.Suites) == 0 || s.Expect.Exit == nil {
		return errors.New("scenario, estate, suites and expect.exit are required")
	}
	return s.Expect.problem()
}

// problem says what no run can come to.
func (e *ending) problem() error {
	if exit := *e.Exit; exit < runner.ExitOK || exit > runner.ExitIncomplete {
		return fmt.Errorf("expect.exit: %d is no exit code of verify: want 0 to 3", exit)
	}
	for host, state := range e.Hosts {
		if state != stateUnreachable && state != stateOther {
			return fmt.Errorf("expect.hosts: %s: %q: want %s or %s", host, state, stateUnreachable, stateOther)
		}
	}
	for host, outcomes := range e.Outcomes {
		for id, o := range outcomes {
			if !slices.Contains(report.Outcomes(), o.outcome) {
				return fmt.Errorf("expect.outcomes: %s: %s: %q is no outcome: want one of %v", host, id, o.outcome,
					report.Outcomes())
			}
		}
	}
	return nil
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
			want.outcome = report.Passed
			if hostState(h) != "" {
				want.outcome = report.Unknown
			}
		}
		if c.Outcome != want.outcome {
			all = append(all, fmt.Sprintf("%s: %s: want %s, got %s%s", h.Host, c.ID, want.outcome, c.Outcome, because(c)))
		}
		for _, reading := range want.by {
			if !shows(c, reading) {
				all = append(all, fmt.Sprintf("%s: %s: want a finding of %s%s", h.Host, c.ID, reading, because(c)))
			}
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

// The states of hosts that have no verdict.
const (
	stateUnreachable = "unreachable"
	stateOther       = "another machine"
)

func hostState(h report.Host) string {
	switch {
	case h.Unreachable != "":
		return stateUnreachable
	case h.Problem != "":
		return stateOther
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
