package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"postpatch/probes/all"
	"postpatch/runner/report"
	"postpatch/suites"
)

// compose writes the plan that allows the changes, and reads it again as everybody
// will.
func (c acceptJob) compose(changes []*acceptedChange, old *suites.Plan) ([]byte, *suites.Plan, error) {
	var entries []string
	for _, e := range changes {
		entries = append(entries, e.lines()...)
	}
	text := c.fresh(entries)
	if old != nil {
		content, err := os.ReadFile(c.plan)
		if err != nil {
			return nil, nil, fmt.Errorf("reading --plan: %w", err)
		}
		if text, err = addTo(content, "may_change", entries, rebase(c.plan, c.planFile())); err != nil {
			return nil, nil, fmt.Errorf("adding to plan %q: %w", c.plan, err)
		}
	}
	plan, problems := suites.LoadPlanBytes(c.planFile(), text, all.Kinds())
	if len(problems) > 0 {
		return nil, nil, fmt.Errorf("the plan that came of it cannot be read, and is not written; accept a part of it "+
			"with --hosts or --only:\n%s", suites.Format(problems[:1], nil))
	}
	if old != nil && (keptOf(old) != keptOf(plan) || len(plan.May) != len(old.May)+len(changes)) {
		return nil, nil, fmt.Errorf("adding to plan %q would change more than its may_change: "+
			"leave out --plan, and take over by hand what is written", c.plan)
	}
	return text, plan, nil
}

// fresh is a plan of its own.
func (c acceptJob) fresh(entries []string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "# What run %s shows, as `postpatch accept` wrote it: whatever stands here is no\n",
		report.CleanLine(c.name))
	b.WriteString("# drift any more. Read it, and take out what nobody meant.\n")
	fmt.Fprintf(&b, "plan: %s\nsuites:\n", yamlScalar(c.name))
	for _, file := range c.suites {
		fmt.Fprintf(&b, "  - %s\n", yamlScalar(relativeTo(filepath.Dir(c.planFile()), file)))
	}
	b.WriteString("may_change:\n")
	for _, line := range entries {
		b.WriteString("  " + line + "\n")
	}
	return []byte(b.String())
}

// addTo puts entries into a list of a plan, its may_change or must_change. What stands
// in the plan stays as it is, to the byte where it can: only a list that is written in
// one line or is none yet, and paths that become others, need the file to be written
// anew.
func addTo(content []byte, list string, entries []string, moved func(path string) string) ([]byte, error) {
	content = suites.Decoded(content)
	doc, err := parsePlan(content)
	if err != nil {
		return nil, err
	}
	ends := regexp.MustCompile(`(?m)^\.\.\.`).Match(content) // the document, and nothing can be added behind it
	if anew(doc, list, moved) || ends {
		var b bytes.Buffer
		enc := yaml.NewEncoder(&b)
		enc.SetIndent(2)
		if err := enc.Encode(doc); err != nil {
			return nil, err
		}
		content = b.Bytes()
		if doc, err = parsePlan(content); err != nil {
			return nil, err
		}
	}
	key, value := entryOf(doc.Content[0], list)
	end := "\n"
	if bytes.Contains(content, []byte("\r\n")) {
		end = "\r\n"
	}
	text := string(content)
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += end
	}
	lines := strings.SplitAfter(text, "\n")
	at, indent := len(lines), doc.Content[0].Column+1
	var added []string
	if key == nil {
		added = []string{strings.Repeat(" ", indent-2) + list + ":"}
	} else {
		at, indent = key.Line, value.Column-1
	}
	for _, line := range entries {
		added = append(added, strings.Repeat(" ", indent)+line)
	}
	lines = slices.Insert(lines, at, strings.Join(added, end)+end)
	return []byte(strings.Join(lines, "")), nil
}

func parsePlan(content []byte) (*yaml.Node, error) {
	doc := new(yaml.Node)
	if err := yaml.Unmarshal(content, doc); err != nil {
		return nil, err
	}
	if len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
		return nil, errors.New("it is no mapping")
	}
	return doc, nil
}

// anew makes a plan's nodes such that lines can be added, and says whether it had
// to change any.
func anew(doc *yaml.Node, list string, moved func(string) string) (changed bool) {
	top := doc.Content[0]
	if _, files := entryOf(top, "suites"); files != nil {
		all := []*yaml.Node{files}
		if files.Kind == yaml.SequenceNode {
			all = files.Content
		}
		for _, n := range all {
			if n.Kind == yaml.AliasNode {
				n = n.Alias
			}
			if path := moved(n.Value); path != n.Value {
				n.Value, changed = path, true
			}
		}
	}
	if _, store := entryOf(top, "store"); store != nil {
		if store.Kind == yaml.AliasNode {
			store = store.Alias
		}
		if path := moved(store.Value); path != store.Value {
			store.Value, changed = path, true
		}
	}
	key, value := entryOf(top, list)
	if key == nil {
		changed = changed || top.Style&yaml.FlowStyle != 0
		top.Style &^= yaml.FlowStyle
		return changed
	}
	if value.Kind == yaml.SequenceNode && value.Style&yaml.FlowStyle == 0 && value.Line > key.Line {
		return changed
	}
	for value.Kind == yaml.AliasNode {
		*value = *value.Alias
		value.Anchor = ""
	}
	if value.Kind != yaml.SequenceNode {
		one := *value
		*value = yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{&one}}
	}
	value.Style &^= yaml.FlowStyle
	top.Style &^= yaml.FlowStyle
	if value.LineComment != "" { // a list of several lines has none
		key.HeadComment = strings.TrimSpace(key.HeadComment + "\n" + value.LineComment)
		value.LineComment = ""
	}
	return true
}

func entryOf(top *yaml.Node, name string) (key, value *yaml.Node) {
	for i := 0; i+1 < len(top.Content); i += 2 {
		if top.Content[i].Value == name {
			return top.Content[i], top.Content[i+1]
		}
	}
	return nil, nil
}

// rebase lets a path that is relative to one plan lead to the same file from
// another.
func rebase(from, to string) func(string) string {
	return func(path string) string {
		folders := absolute([]string{filepath.Dir(from), filepath.Dir(to)})
		if filepath.IsAbs(path) || strings.Contains(path, "://") || folders[0] == folders[1] {
			return path
		}
		return relativeTo(filepath.Dir(to), filepath.Join(filepath.Dir(from), filepath.FromSlash(path)))
	}
}

// relativeTo is how a plan in a folder names a file.
func relativeTo(folder, file string) string {
	both := absolute([]string{folder, file})
	path, err := filepath.Rel(both[0], both[1])
	if err != nil {
		path = both[1] // on another drive
	}
	return filepath.ToSlash(path)
}

// absolute makes paths comparable, where it can.
func absolute(paths []string) []string {
	all := slices.Clone(paths)
	for i, path := range all {
		if full, err := filepath.Abs(path); err == nil {
			all[i] = full
		}
	}
	return all
}
