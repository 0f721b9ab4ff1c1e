package suites

import (
	"fmt"
	"path/filepath"
	"slices"

	"gopkg.in/yaml.v3"

	"postpatch/probes"
)

// LoadPlan reads a plan. There is a Plan only where there is no problem.
func LoadPlan(file string, kinds []probes.Kind) (*Plan, []Problem) {
	r := reader{file: file, found: &problems{}}
	plan := newPlan(file)
	if data, ok := r.bytes(); ok {
		plan.Digest = digest(data)
		r.plan(plan, data, kinds)
	}
	if list := r.found.sorted(); len(list) > 0 {
		return nil, list
	}
	return plan, nil
}

// LoadPlanBytes reads a plan from memory; file is its name in problems, and what
// its suites are relative to.
func LoadPlanBytes(file string, data []byte, kinds []probes.Kind) (*Plan, []Problem) {
	r := reader{file: file, found: &problems{}}
	plan := newPlan(file)
	plan.Digest = digest(data)
	r.plan(plan, data, kinds)
	if list := r.found.sorted(); len(list) > 0 {
		return nil, list
	}
	return plan, nil
}

// newPlan is what a plan says that says nothing.
func newPlan(file string) *Plan {
	return &Plan{File: file, Reboot: RebootAllowed, Gate: DefaultGate(), Settle: DefaultSettle()}
}

// planSaid is where a plan says what is held against the suites later on.
type planSaid struct {
	hosts []*yaml.Node
	roles map[string]*yaml.Node // of settle, by the role
}

func (r reader) plan(plan *Plan, data []byte, kinds []probes.Kind) {
	root := r.document(data)
	if root == nil {
		return
	}
	top, ok := r.object(root, "the plan")
	if !ok {
		return
	}
	if r.another(top, "a plan", "must_change", "may_change") {
		return
	}
	fields := r.planFields(plan, kinds)
	var names []string
	for _, f := range fields {
		names = append(names, f.key)
	}
	r.known(top, "the plan", names...)
	for _, f := range fields {
		if e, found := top.get(f.key); found {
			f.read(e.value)
		}
	}
	if _, found := top.get("plan"); !found {
		r.hintf(root, "begin the file with: plan: its-name", "the plan has no name")
	}
}

// planField is a key of a plan, and how its value is read.
type planField struct {
	key  string
	read func(*yaml.Node)
}

// planFields are all of them, in the order in which they are read: a wave takes from
// the plan's gate what it does not say itself.
func (r reader) planFields(plan *Plan, kinds []probes.Kind) []planField {
	return []planField{
		{"plan", func(n *yaml.Node) { plan.Name, _ = r.text(n, "plan") }},
		{"suites", func(n *yaml.Node) { plan.Suites = r.files(n) }},
		{"hosts", func(n *yaml.Node) {
			plan.said.hosts = r.selectors(n, "hosts")
			plan.Hosts = values(plan.said.hosts)
		}},
		{"reboot", func(n *yaml.Node) { plan.Reboot = r.reboot(n, "reboot") }},
		{"must_change", func(n *yaml.Node) { plan.Must = r.mustChange(n, kinds) }},
		{"may_change", func(n *yaml.Node) { plan.May = r.mayChange(n, kinds) }},
		{"drift", func(n *yaml.Node) { plan.Drift = r.drifts(n, kinds) }},
		{"gate", func(n *yaml.Node) { plan.Gate = r.planGate(n) }},
		{"waves", func(n *yaml.Node) { plan.Waves = r.waves(n, plan.Gate) }},
		{"settle", func(n *yaml.Node) { plan.Settle, plan.said.roles = r.settle(n, kinds) }},
		{"passes", func(n *yaml.Node) { plan.Passes = r.passes(n) }},
		{"budget", func(n *yaml.Node) { plan.Budgets = r.budgets(n) }},
		{"store", func(n *yaml.Node) { plan.Store = r.store(n) }},
		{"precheck", func(n *yaml.Node) { plan.Precheck = r.precheck(n) }},
		{"waivers", func(n *yaml.Node) { plan.Waivers = r.waivers(n, kinds) }},
	}
}

func (r reader) reboot(n *yaml.Node, what string) Reboot {
	text, ok := r.text(n, what)
	word := Reboot(text)
	words := []string{string(RebootRequired), string(RebootAllowed), string(RebootForbidden)}
	if ok && !slices.Contains(words, text) {
		hint := ""
		if near := closest(text, words); near != "" {
			hint = fmt.Sprintf("did you mean %q?", near)
		}
		r.hintf(n, hint, "%s: want required, allowed or forbidden, got %s", what, r.describe(n))
	}
	return word
}

// files resolves globs relative to the file's folder; each file comes once.
func (r reader) files(n *yaml.Node) []string {
	var all []string
	for _, pattern := range r.texts(n, "suites") {
		path := filepath.FromSlash(pattern.Value)
		if !filepath.IsAbs(path) {
			path = filepath.Join(filepath.Dir(r.file), path)
		}
		found, err := filepath.Glob(path)
		switch {
		case err != nil:
			r.errorf(pattern, "suites: %q is no file pattern", pattern.Value)
		case len(found) == 0:
			r.hintf(pattern, "files are looked for relative to the plan's folder", "suites: no file matches %q", pattern.Value)
		}
		for _, file := range found {
			if !slices.Contains(all, file) {
				all = append(all, file)
			}
		}
	}
	return all
}
