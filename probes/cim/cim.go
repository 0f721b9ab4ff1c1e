// Package cim observes what any WQL query answers, for what no other kind looks
// at.
package cim

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/cells"
	"postpatch/probes/internal/note"
)

// Kind is what a suite calls "cim".
var Kind = probes.Define(probes.Kind{
	Name:  "cim",
	Doc:   "The instances of any WMI class that a WQL query finds, for what no other kind looks at.",
	Item:  `what the key column says of an instance; for a column, / and its name behind it`,
	Items: probes.AnyCase,
	Main:  "class",
	Example: "- cim: {class: Win32_Share, key: Name, columns: [Path, Type, Description], where: Type = 0}\n" +
		"  why: users find their files through these\n",
	Notes: []string{
		note.WMI,
		"Each namespace has its own permissions; one that the account may not read is unknown.",
	},
	Readings: append([]probes.ReadingSpec{
		{
			Name: "count", Type: fact.TypeInt, Of: "instances", Rule: fact.Rule{Op: fact.Ignore},
			Doc: "How many instances the query finds; of the whole.",
		},
		{Name: "present", Type: fact.TypeBool, Doc: "true of every instance that the query finds."},
	}, cells.Specs("What a column holds, lists with commas between; null when it has no value.", fact.Rule{})...),
}, params{Namespace: "root/cimv2"}, build)

type params struct {
	Class     string   `param:"class,required" doc:"The class, such as Win32_Share."`
	Key       string   `param:"key,required" doc:"The column by which an instance is told from the others."`
	Columns   []string `param:"columns" doc:"Columns that hold one value; an expectation binds all of them."`
	Lists     []string `param:"lists" doc:"Columns that hold lists, which are compared as sets."`
	Where     string   `param:"where" absent:"every instance" doc:"A WQL condition, which only reads but may be slow."`
	Namespace string   `param:"namespace" doc:"The namespace, from root on."`
}

type probe params

func build(p params) (probes.Probe, error) {
	if err := check(p); err != nil {
		return nil, err
	}
	p.Where = strings.TrimSpace(p.Where)
	return probe(p), nil
}

// question has the key first. The limit makes it one that is asked by itself.
func (p probe) question() host.WQL {
	return host.WQL{
		Namespace: p.Namespace, Class: p.Class, Columns: slices.Concat([]string{p.Key}, p.Columns, p.Lists),
		Where: p.Where, Most: cells.MostRows,
	}
}

// Questions implements probes.Asker.
func (p probe) Questions() []host.Question { return []host.Question{p.question()} }

// Observe implements probes.Probe.
func (p probe) Observe(_ context.Context, t probes.Target) ([]fact.Reading, error) {
	rows, err := t.Answers.To(p.question())
	if err != nil {
		return nil, err
	}
	if len(rows) > cells.MostRows {
		return nil, fmt.Errorf("reading %s: more than %d instances: narrow it by where", p.Class, cells.MostRows)
	}
	if n := len(rows) * (len(p.Columns) + len(p.Lists)); n > cells.MostValues {
		return nil, fmt.Errorf("reading %s: %d values, more than %d: ask for fewer columns, or narrow it by where",
			p.Class, n, cells.MostValues)
	}
	instances, err := cells.ByKey(rows, p.Key, cells.Words{
		One: "an instance", Many: "instances", Or: ", or leave it out by where",
	})
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", p.Class, err)
	}
	readings := []fact.Reading{probes.Read("", "count", fact.Int(len(instances)))}
	for _, i := range instances {
		readings = append(readings, probes.Read(i.Key, "present", fact.Bool(true)))
		readings = append(readings, cells.Fields(i.Key+"/", i.Row, p.Columns, p.Lists)...)
	}
	return readings, nil
}
