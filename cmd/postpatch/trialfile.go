package main

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"gopkg.in/yaml.v3"

	"postpatch/probes/lab/estate"
)

// trial is a test of one suite or pack: an estate, and what the suite has to make of it in
// each of the cases.
type trial struct {
	Name   string      `yaml:"test"`
	About  string      `yaml:"about"`
	Suite  string      `yaml:"suite"`
	Estate part        `yaml:"estate"`
	Hosts  yaml.Node   `yaml:"hosts"`
	Vars   yaml.Node   `yaml:"vars"`
	Plan   part        `yaml:"plan"`
	Expect ending      `yaml:"expect"` // of each case that does not say otherwise
	Cases  []trialCase `yaml:"cases"`

	file string // that it was read from; empty where there is none
}

// trialCase is what a scenario is, of the trial's estate and suite.
type trialCase struct {
	Name   string    `yaml:"case"`
	About  string    `yaml:"about"`
	Before string    `yaml:"before"`
	After  string    `yaml:"after"`
	Window []act     `yaml:"window"`
	Set    yaml.Node `yaml:"set"`
	Plan   part      `yaml:"plan"`
	Expect ending    `yaml:"expect"`
	whole  ending    // with what is expected of each case
}

const trialPage = `test: what a suite or pack has to make of an estate (*.test.yaml), run by "postpatch test SUITE"

  test: web                          its name
  about: one sentence                optional
  suite: web.suite.yaml              what is tested; the suite beside this file that is called like it unless given
  estate: web.estate.yaml            the simulated servers (postpatch explain estate): a path, or the file's content
  hosts: [web01]                     the hosts of a pack, which has none itself, as a suite writes them
  vars: {page: /health}              variables of a pack
  plan: web.plan.yaml                optional, for all cases: a path, or the file's content
  expect: {exit: 0, outcomes: {web01: {tcp: pre-existing}}}    what each case comes to that does not say otherwise
  cases:
    - case: healthy                  nothing changes: each check has to pass, and verify to exit with 0
    - case: the web service stops
      set:                           what becomes of the hosts after the capture, laid over what the estate says of them
        web01: {services: {W3SVC: {state: Stopped}}}
      expect:
        exit: 1                      the exit code of verify; required where anything else is expected
        outcomes:                    by host and check id; a check that is not named has to be passed,
          web01:                     and on an unreachable host unknown
            service/W3SVC: regressed by state      also by which readings; "reading" or "item reading"
    - case: patched as planned
      after: patched                 a state of the estate; set is laid over it where both are there
      plan: {plan: web, must_change: {os.build: '20348.4405'}}
      expect: {exit: 0, outcomes: {web01: {os: expected}}}

A case can also have before (the estate's state for capture, from which after and set start unless they say
otherwise), window, about, and in expect hosts: all as a scenario has them (postpatch explain scenario).

The file is found by its name: web.test.yaml tests web.suite.yaml. Each case has a lab of its own, and nothing leaves
this machine. test exits 0 when all cases come out as they say, 1 when one does not, and 2 when a file is faulty.
It names the checks that no case has seen fail: nobody knows whether they can; --coverage lists readings, too.
Without a test file, --estate runs the suite against an estate in which nothing changes, and shows every check.
`

const trialEnding = ".test.yaml"

// trialOf is the test file of a suite, by its name.
func trialOf(suite string) string { return strings.TrimSuffix(suite, suiteEnding) + trialEnding }

func readTrial(file string) (*trial, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading a test: %w", err)
	}
	t := &trial{file: file}
	if err = decodeWhole(content, t); err == nil {
		err = t.problem()
	}
	if err != nil {
		return nil, fmt.Errorf("reading test %q: %w; see `postpatch explain test`", file, err)
	}
	switch {
	case t.Suite == "":
		t.Suite = strings.TrimSuffix(file, trialEnding) + suiteEnding
	case !filepath.IsAbs(t.Suite):
		t.Suite = filepath.Join(filepath.Dir(file), t.Suite)
	}
	t.Estate.resolve(file, content)
	t.Plan.resolve(file, content)
	for i := range t.Cases {
		t.Cases[i].Plan.resolve(file, content)
	}
	return t, nil
}

// problem says what a test that could be read lacks, and makes its cases whole.
func (t *trial) problem() error {
	if t.Name == "" || len(t.Cases) == 0 {
		return errors.New("test and cases are required")
	}
	seen := map[string]bool{}
	for i := range t.Cases {
		c := &t.Cases[i]
		if c.Name == "" {
			return fmt.Errorf("cases[%d]: case, its name, is missing", i)
		}
		if seen[c.Name] {
			return fmt.Errorf("case %q is there twice", c.Name)
		}
		seen[c.Name] = true
		if err := c.complete(t.Expect); err != nil {
			return fmt.Errorf("case %q: %w", c.Name, err)
		}
	}
	return nil
}

// complete fills in what a case leaves out.
func (c *trialCase) complete(each ending) error {
	if len(c.Window) > 0 && (c.After != "" || c.Set.Kind != 0) {
		return errors.New("a window has its own states: leave out after and set")
	}
	c.Before = cmp.Or(c.Before, estate.Before)
	c.After = cmp.Or(c.After, c.Before)
	if c.Expect.Exit == nil && len(c.Expect.Hosts)+len(c.Expect.Outcomes) > 0 {
		return errors.New("expect.exit is missing: what verify has to exit with")
	}
	c.whole = ending{
		Exit:  cmp.Or(c.Expect.Exit, each.Exit, new(int)),
		Hosts: map[string]string{}, Outcomes: map[string]map[string]wantedOutcome{},
	}
	for _, e := range []ending{each, c.Expect} {
		maps.Copy(c.whole.Hosts, e.Hosts)
		for host, outcomes := range e.Outcomes {
			if c.whole.Outcomes[host] == nil {
				c.whole.Outcomes[host] = map[string]wantedOutcome{}
			}
			maps.Copy(c.whole.Outcomes[host], outcomes)
		}
	}
	return c.whole.problem()
}

// scenario is a case as a story of its own.
func (t *trial) scenario(c trialCase, read suiteReader) scenario {
	s := scenario{
		Name: c.Name, Estate: t.Estate, Suites: []part{{path: t.Suite}}, Plan: t.Plan, read: read,
		Before: c.Before, After: c.After, Window: c.Window, Expect: c.whole, file: t.file,
	}
	if !c.Plan.empty() {
		s.Plan = c.Plan
	}
	if c.Set.Kind != 0 {
		s.After = "as case " + c.Name + " sets"
		s.further = []estate.Further{{File: t.file, Name: s.After, From: c.After, Set: &c.Set}}
	}
	return s
}
