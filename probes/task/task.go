// Package task observes the scheduled tasks of a Windows host.
package task

import (
	"context"
	"slices"
	"strings"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/gather"
	"postpatch/probes/internal/note"
)

// Kind is what a suite calls "task". The account has to be an administrator's: to
// any other the scheduler shows its own tasks alone, and says nothing of the rest. A
// task that is not due may go, as those that run but once do: that is no more than a
// warning. While it is there it has to do as well as any other.
var Kind = probes.Define(probes.Kind{
	Name:  "task",
	Doc:   "The scheduled tasks of a Windows host: are they there, enabled, and did their last run go well.",
	Item:  `the task's path, such as \Backup\Nightly, with # for versions and long numbers; empty for the host as a whole`,
	Items: probes.AnyCase,
	Main:  "name",
	Example: "- task: {}\n" +
		"- task: ['\\Backup\\Nightly', '\\Shop\\*']\n" +
		"  why: the shop's prices are imported by a task\n",
	Notes: []string{
		note.PowerShell,
		"The scheduler shows an account the tasks that it may read; an administrator sees all.",
	},
	Readings: []probes.ReadingSpec{
		{
			Name: "present", Type: fact.TypeBool, Gate: true, Severity: fact.Fail, Expect: "true",
			Doc: "Whether there is one; of those that the suite names.",
		},
		{
			Name: "enabled", Type: fact.TypeBool,
			Doc: "Whether Windows may run it.",
		},
		{
			Name: "broken", Type: fact.TypeBool, Rule: fact.Rule{Op: fact.Ignore},
			Doc: "Whether Windows could not run it the last time, or its program crashed.",
		},
		{
			Name: "health", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore},
			Keep: string(well), Pending: []fact.Value{wellYet},
			Doc: "well, broken or disabled; well, but not due where it has no next run or is deleted after it.",
		},
		{
			Name: "exit_code", Type: fact.TypeInt, Of: "exit code", Rule: fact.Rule{Op: fact.AtMost},
			Doc: "What its program returned the last time; 0 too while it runs, before it ever ran, and when it is broken.",
		},
		{
			Name: "state", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore},
			Values: []string{"ready", "running", "queued", "disabled", "unknown"},
			Doc:    "ready, running, queued, disabled or unknown.",
		},
		{
			Name: "result", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore}, Evidence: true,
			Doc: "The last run's result: ok, running, or its number and what it means.",
		},
		{
			Name: "last_run", Type: fact.TypeTime, Rule: fact.Rule{Op: fact.Ignore}, Evidence: true,
			Doc: "When it ran last.",
		},
		{
			Name: "next_run", Type: fact.TypeTime, Rule: fact.Rule{Op: fact.Ignore}, Evidence: true,
			Doc: "When it will run.",
		},
		{
			Name: "missed", Type: fact.TypeInt, Of: "runs", Rule: fact.Rule{Op: fact.Ignore},
			Doc: "How many runs it missed, as the scheduler counts them.",
		},
		{
			Name: "left_out", Type: fact.TypeInt, Of: "tasks", Rule: fact.Rule{Op: fact.Ignore},
			Doc: "How many tasks are left out since they belong to one user, or bear a number made up for them.",
		},
	},
}, params{}, build)

type params struct {
	Names  []string `param:"name" absent:"all outside of \\Microsoft" doc:"Paths of tasks, * is any characters."`
	Except []string `param:"except" doc:"Paths of tasks that this check leaves out; * is any characters."`
}

type probe params

func build(p params) (probes.Probe, error) {
	for field, paths := range map[string][]string{"name": p.Names, "except": p.Except} {
		for i, path := range paths {
			same := func(other string) bool { return strings.EqualFold(path, other) }
			switch {
			case len(path) < 2 || path[0] != '\\' && path[0] != '*' || strings.TrimSpace(path) != path:
				return nil, probes.Fieldf(field, `want a task's path such as \Backup\Nightly, got %q`, path)
			case slices.ContainsFunc(paths[:i], same):
				return nil, probes.Fieldf(field, "%q is there twice", path)
			}
		}
	}
	return probe(p), nil
}

// question asks for what the suite names, or for all but Windows' own.
func (p probe) question() host.Collector {
	names, except := p.Names, p.Except
	if len(names) == 0 {
		names, except = []string{"*"}, slices.Concat([]string{`\Microsoft\*`}, except)
	}
	return host.Collector{Name: "tasks", Args: map[string][]string{"name": names, "except": except}}
}

// Questions implements probes.Asker.
func (p probe) Questions() []host.Question { return []host.Question{p.question()} }

// Observe implements probes.Probe. A folder or a task that cannot be read is named
// in the error, and the others stay beside it.
func (p probe) Observe(_ context.Context, t probes.Target) ([]fact.Reading, error) {
	r := &reader{Reader: gather.Reader{Answers: t.Answers}, probe: p}
	r.read()
	return r.Result()
}
