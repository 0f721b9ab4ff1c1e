// Package powershell observes what a suite owner's own script returns on the
// host.
package powershell

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/cells"
	"postpatch/probes/internal/note"
)

// Kind is what a suite calls "powershell".
var Kind = probes.Define(probes.Kind{
	Name:  "powershell",
	Doc:   "The objects that the owner's own PowerShell script returns on the host; only with --allow-scripts.",
	Item:  "what the key property says of an object; for a property, / and its name behind it",
	Items: probes.AnyCase,
	Main:  "script",
	Example: "- powershell: {script: queues.ps1, key: Name, args: {Server: ex01}}\n" +
		"  why: mail that waits is mail that nobody gets\n",
	Notes: []string{note.PowerShell},
	Readings: append([]probes.ReadingSpec{
		{
			Name: "count", Type: fact.TypeInt, Of: "objects", Rule: fact.Rule{Op: fact.Ignore},
			Doc: "How many objects the script returned; of the whole.",
		},
		{
			Name: "present", Type: fact.TypeBool, Severity: fact.Fail,
			Doc: "true of every object that the script returned; one that is gone fails, a value that changed is a warning.",
		},
	}, cells.Specs("What a property holds, lists with commas between; null when it has no value.", fact.Rule{})...),
	RunsCode: true,
}, params{Limit: 30 * time.Second}, build)

type params struct {
	Script  probes.File       `param:"script,required" doc:"The script, a file of the suite's folder; it may only look."`
	Key     string            `param:"key" doc:"The property that tells objects apart; without it one object is due."`
	Columns []string          `param:"columns" absent:"all" doc:"The properties that are kept."`
	Lists   []string          `param:"lists" doc:"Properties that hold lists, which are compared as sets."`
	Args    map[string]string `param:"args" doc:"The script's parameters."`
	Limit   time.Duration     `param:"limit" doc:"How long it may run."`
}

const longest = 10 * time.Minute

func build(p params) (probes.Probe, error) {
	name := regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	switch {
	case !strings.HasSuffix(strings.ToLower(p.Script.Name), ".ps1"):
		return nil, probes.Fieldf("script", "want a file that ends with .ps1, got %q", p.Script.Name)
	case strings.TrimSpace(p.Script.Text) == "":
		return nil, probes.Fieldf("script", "%q is empty", p.Script.Name)
	case p.Limit < time.Second || p.Limit > longest:
		return nil, probes.Fieldf("limit", "must be 1s to %s, got %s", longest, p.Limit)
	}
	for arg := range p.Args {
		if !name.MatchString(arg) {
			return nil, probes.Fieldf("args", "%q is no name of a parameter", arg)
		}
	}
	seen := map[string]bool{strings.ToLower(p.Key): true}
	for _, column := range slices.Concat(p.Columns, p.Lists) {
		folded := strings.ToLower(column)
		if column == "" || seen[folded] {
			return nil, probes.Fieldf("columns", "%q is there twice, or empty", column)
		}
		seen[folded] = true
	}
	return probe(p), nil
}

type probe params

func (p probe) question() host.Script {
	args := map[string][]string{}
	for name, value := range p.Args {
		args[name] = []string{value}
	}
	return host.Script{Name: p.Script.Name, Text: p.Script.Text, Args: args, Most: cells.MostRows, Limit: p.Limit}
}

// Questions implements probes.Asker.
func (p probe) Questions() []host.Question { return []host.Question{p.question()} }

// Observe implements probes.Probe.
func (p probe) Observe(_ context.Context, t probes.Target) ([]fact.Reading, error) {
	rows, err := t.Answers.To(p.question())
	if err != nil {
		return nil, err
	}
	objects, err := p.keyed(rows)
	if err != nil {
		return nil, fmt.Errorf("reading what %s returned: %w", p.Script.Name, err)
	}
	readings := []fact.Reading{probes.Read("", "count", fact.Int(len(objects)))}
	for _, o := range objects {
		prefix := ""
		if p.Key != "" {
			readings, prefix = append(readings, probes.Read(o.Key, "present", fact.Bool(true))), o.Key+"/"
		}
		readings = append(readings, cells.Fields(prefix, o.Row, p.columns(o.Row), p.Lists)...)
		if len(readings) > cells.MostValues {
			return nil, fmt.Errorf("reading what %s returned: more than %d values: return less, or name columns",
				p.Script.Name, cells.MostValues)
		}
	}
	return readings, nil
}

// columns are the properties of an object that are compared as values.
func (p probe) columns(row host.Row) []string {
	if len(p.Columns) > 0 {
		return p.Columns
	}
	isList := func(name string) bool {
		return slices.ContainsFunc(p.Lists, func(list string) bool { return strings.EqualFold(list, name) })
	}
	var all []string
	for _, name := range slices.Sorted(maps.Keys(row)) {
		if !strings.EqualFold(name, p.Key) && !isList(name) {
			all = append(all, name)
		}
	}
	return slices.CompactFunc(all, strings.EqualFold)
}

// keyed finds the key of every object.
func (p probe) keyed(rows []host.Row) ([]cells.Keyed, error) {
	if p.Key != "" {
		return cells.ByKey(rows, p.Key, cells.Words{One: "an object", Many: "objects"})
	}
	if len(rows) != 1 {
		return nil, fmt.Errorf("%d objects: return one, or name the key that tells them apart", len(rows))
	}
	return []cells.Keyed{{Row: rows[0]}}, nil
}
