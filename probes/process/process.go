// Package process observes how much memory programs of a Windows host take.
package process

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/gather"
	"postpatch/probes/internal/note"
)

// Kind is what a suite calls "process". A leak shows late: right after a reboot a
// program has less memory than before, so that only more is a finding.
var Kind = probes.Define(probes.Kind{
	Name:  "process",
	Doc:   "Programs that run on a Windows host, and the memory that they take: a leak shows at a late pass.",
	Item:  "the program's name, as the suite writes it",
	Items: probes.AnyCase,
	Main:  "name",
	Example: "- process: [lsass, sqlservr]\n" +
		"  compare: {memory: {rule: at most +50%, severity: fail}}\n" +
		"  why: an update of March 2024 let lsass grow until the domain controllers fell\n" +
		"- process: w3wp\n" +
		"  expect: {count: \">= 0\", memory: \"< 8 GB\"}\n",
	Notes: []string{note.WMI},
	Readings: []probes.ReadingSpec{
		{
			Name: "count", Type: fact.TypeInt, Of: "processes", Gate: true, Rule: fact.Rule{Op: fact.AtLeast}, Expect: ">= 1",
			Doc: "How many processes run the program.",
		},
		{
			Name: "memory", Type: fact.TypeInt, Unit: "bytes",
			Rule: fact.Rule{Op: fact.AtMost, Percent: 100, Gone: true}, Trend: 20,
			Doc: "The memory that they have for themselves, of all together.",
		},
		{
			Name: "largest", Type: fact.TypeInt, Unit: "bytes", Rule: fact.Rule{Op: fact.Ignore}, Evidence: true,
			Doc: "The same of the largest one.",
		},
		{
			Name: "handles", Type: fact.TypeInt, Of: "handles", Rule: fact.Rule{Op: fact.Ignore}, Trend: 50,
			Doc: "How many handles they have open, of all together.",
		},
		{
			Name: "started", Type: fact.TypeTime, Rule: fact.Rule{Op: fact.Ignore}, Evidence: true,
			Doc: "When the oldest of them was started.",
		},
	},
}, params{}, build)

type params struct {
	Names []string `param:"name,required" doc:"Names of programs, such as lsass or w3wp.exe."`
}

type probe struct{ names []string }

func build(p params) (probes.Probe, error) {
	if len(p.Names) == 0 {
		return nil, probes.Fieldf("name", "the list is empty")
	}
	for i, name := range p.Names {
		twice := func(other string) bool { return file(other) == file(name) }
		switch {
		case strings.TrimSpace(name) != name || name == "" || strings.ContainsAny(name, `'"\/*?%`):
			return nil, probes.Fieldf("name",
				"want a program's name such as lsass or w3wp.exe, without quotes, slashes, *, ?, %% and spaces around it, got %q",
				name)
		case slices.ContainsFunc(p.Names[:i], twice):
			return nil, probes.Fieldf("name", "%q is there twice", name)
		}
	}
	return probe{p.Names}, nil
}

// file is a program's name without .exe: Windows' own, System and Registry, have
// none.
func file(name string) string { return strings.TrimSuffix(strings.ToLower(name), ".exe") }

// question asks for the programs of the suite. PrivatePageCount is in bytes,
// whatever its name says. Source: the documentation of Win32_Process, and of the
// scripts that read it.
func (p probe) question() host.WQL {
	terms := make([]string, 0, 2*len(p.names))
	for _, name := range p.names {
		terms = append(terms, "Name='"+file(name)+"'", "Name='"+file(name)+".exe'")
	}
	return host.WQL{
		Class: "Win32_Process", Where: strings.Join(terms, " OR "),
		Columns: []string{"CreationDate", "HandleCount", "Name", "PrivatePageCount", "ProcessId"},
	}
}

// Questions implements probes.Asker.
func (p probe) Questions() []host.Question { return []host.Question{p.question()} }

// Observe implements probes.Probe. A number that cannot be read is named in the
// error, and what was added up without it is left out.
func (p probe) Observe(_ context.Context, t probes.Target) ([]fact.Reading, error) {
	r := &gather.Reader{Answers: t.Answers}
	rows, ok := r.Rows("the processes", p.question())
	if !ok {
		return r.Result()
	}
	for _, name := range p.names {
		read(r, name, slices.Collect(func(yield func(host.Row) bool) {
			for _, row := range rows {
				if file(gather.Text(row, "Name")) == file(name) && !yield(row) {
					return
				}
			}
		}))
	}
	return r.Result()
}

func read(r *gather.Reader, name string, rows []host.Row) {
	r.Add(name, "count", fact.Int(len(rows)))
	if len(rows) == 0 {
		return
	}
	if sizes, err := numbers(rows, "PrivatePageCount"); err != nil {
		r.Fail("memory of "+name, err)
	} else {
		r.Add(name, "memory", sum(sizes))
		r.Add(name, "largest", fact.Int(slices.Max(sizes)))
	}
	if handles, err := numbers(rows, "HandleCount"); err != nil {
		r.Fail("handles of "+name, err)
	} else {
		r.Add(name, "handles", sum(handles))
	}
	var oldest time.Time
	for _, row := range rows {
		if at, err := row.Get("CreationDate").Time(); err == nil && (oldest.IsZero() || at.Before(oldest)) {
			oldest = at
		}
	}
	if !oldest.IsZero() {
		r.Add(name, "started", fact.Time(oldest))
	}
}

func numbers(rows []host.Row, column string) ([]int64, error) {
	all := make([]int64, len(rows))
	for i, row := range rows {
		n, err := row.Get(column).Int()
		switch {
		case err != nil:
			return nil, err
		case n < 0:
			return nil, fmt.Errorf("want a number, got %d", n)
		}
		all[i] = n
	}
	return all, nil
}

// sum stays at the largest number there is: more memory than that nobody has.
func sum(all []int64) fact.Int {
	total := int64(0)
	for _, n := range all {
		if total > math.MaxInt64-n {
			return math.MaxInt64
		}
		total += n
	}
	return fact.Int(total)
}
