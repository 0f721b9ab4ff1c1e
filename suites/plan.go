package suites

import (
	"path/filepath"
	"slices"

	"gopkg.in/yaml.v3"

	"postpatch/probes"
)

// LoadPlan reads a plan. There is a Plan only where there is no problem.
func LoadPlan(file string, kinds []probes.Kind) (*Plan, []Problem) {
	r := reader{file: file, found: &problems{}}
	plan := &Plan{File: file, Reboot: RebootAllowed}
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
	plan := &Plan{File: file, Digest: digest(data), Reboot: RebootAllowed}
	r.plan(plan, data, kinds)
	if list := r.found.sorted(); len(list) > 0 {
		return nil, list
	}
	return plan, nil
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
	r.known(top, "the plan", "plan", "suites", "reboot", "must_change", "may_change", "waivers", "waves", "settle",
		"store")
	for _, later := range []string{"waves", "settle", "store"} {
		if e, found := top.get(later); found {
			r.hintf(e.key, "leave it out", "%s: not supported yet", later)
		}
	}
	if e, found := top.get("plan"); found {
		plan.Name, _ = r.text(e.value, "plan")
	} else {
		r.hintf(root, "begin the file with: plan: its-name", "the plan has no name")
	}
	if e, found := top.get("suites"); found {
		plan.Suites = r.files(e.value)
	}
	if e, found := top.get("reboot"); found {
		plan.Reboot = r.reboot(e.value)
	}
	if e, found := top.get("must_change"); found {
		plan.Must = r.mustChange(e.value, kinds)
	}
	if e, found := top.get("may_change"); found {
		plan.May = r.mayChange(e.value, kinds)
	}
	if e, found := top.get("waivers"); found {
		plan.Waivers = r.waivers(e.value, kinds)
	}
}

func (r reader) reboot(n *yaml.Node) Reboot {
	text, ok := r.text(n, "reboot")
	word := Reboot(text)
	if ok && !slices.Contains([]Reboot{RebootAllowed, RebootRequired, RebootForbidden}, word) {
		r.errorf(n, "reboot: want required, allowed or forbidden, got %s", r.describe(n))
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
