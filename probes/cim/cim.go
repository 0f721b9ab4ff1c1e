// Package cim observes what any WQL query answers, for what no other kind looks
// at.
package cim

import (
	"cmp"
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
			Name: "count", Type: fact.TypeInt, Rule: fact.Rule{Op: fact.Ignore},
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
	Where     string   `param:"where" doc:"A WQL condition, which only reads but may be slow; every instance when empty."`
	Namespace string   `param:"namespace" doc:"The namespace, from root on."`
}

const (
	// null is what a value reads as that is not there.
	null = "null"
	// mostInstances is more than people compare, and keeps a snapshot small.
	mostInstances = 2000
	mostValues    = 20_000 // instances times columns
	// longestKey is in bytes; no key that tells instances apart comes near it.
	longestKey = 1024
)

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
		Where: p.Where, Most: mostInstances,
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
	if len(rows) > mostInstances {
		return nil, fmt.Errorf("reading %s: more than %d instances: narrow it by where", p.Class, mostInstances)
	}
	if n := len(rows) * (len(p.Columns) + len(p.Lists)); n > mostValues {
		return nil, fmt.Errorf("reading %s: %d values, more than %d: ask for fewer columns, or narrow it by where",
			p.Class, n, mostValues)
	}
	instances, err := p.sorted(rows)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", p.Class, err)
	}
	readings := []fact.Reading{probes.Read("", "count", fact.Int(len(instances)))}
	for _, i := range instances {
		readings = append(readings, probes.Read(i.key, "present", fact.Bool(true)))
		for _, column := range p.Columns {
			readings = append(readings, cells.Value(i.key+"/"+column, i.row.Get(column), null)...)
		}
		for _, column := range p.Lists {
			readings = append(readings, cells.Elements(i.key+"/"+column, i.row.Get(column)))
		}
	}
	return readings, nil
}

type instance struct {
	key string
	row host.Row
}

// sorted finds the key of every row: WMI promises no order, and two rows of one
// key could not be compared with their own past.
func (p probe) sorted(rows []host.Row) ([]instance, error) {
	instances := make([]instance, 0, len(rows))
	for _, row := range rows {
		cell := row.Get(p.Key)
		switch {
		case cell.List != nil:
			return nil, fmt.Errorf("the key %s holds a list: choose a column that holds one value", p.Key)
		case cell.Null, strings.TrimSpace(cell.Text) == "":
			return nil, fmt.Errorf("an instance has no %s: choose a key that each one has, or leave it out by where", p.Key)
		case len(cell.Text) > longestKey:
			return nil, fmt.Errorf("the key %s %.80q has %d bytes, more than %d", p.Key, cell.Text, len(cell.Text), longestKey)
		}
		instances = append(instances, instance{cells.Steady(cell.Text), row})
	}
	slices.SortFunc(instances, func(a, b instance) int { return cmp.Compare(a.key, b.key) })
	for i := 1; i < len(instances); i++ {
		if key := instances[i].key; key == instances[i-1].key {
			return nil, fmt.Errorf("two instances have the %s %.200q: choose a key that tells them apart", p.Key, key)
		}
	}
	return instances, nil
}
