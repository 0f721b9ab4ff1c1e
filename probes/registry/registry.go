// Package registry observes values of a Windows host's registry.
package registry

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

// Kind is what a suite calls "registry".
var Kind = probes.Define(probes.Kind{
	Name:  "registry",
	Doc:   "Values of registry keys, in the 64-bit view; variables such as %SystemRoot% stay as they are.",
	Item:  `the key, which begins with HKLM, HKU, HKCU or HKCR; for a value, ": " and its name behind it`,
	Items: probes.AnyCase,
	Main:  "key",
	Example: "- registry:\n" +
		"    key: HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\n" +
		"    values: [DisplayVersion, EditionID]\n" +
		"  why: no monthly patch makes another edition of a server\n",
	Notes: []string{note.PowerShell},
	Readings: append([]probes.ReadingSpec{
		{Name: "exists", Type: fact.TypeBool, Doc: "Whether the key is there; of keys."},
	}, cells.Specs(
		"What it holds, lists and bytes with commas between; absent when it or its key is not there.",
		fact.Rule{Op: fact.Ignore},
	)...),
}, params{}, build)

type params struct {
	Keys   []string `param:"key,required" doc:"The keys, from HKLM, HKU, HKCU (of the account that asks) or HKCR on."`
	Values []string `param:"values" doc:"Names of values, looked for in every key; (default) is the key's own value."`
}

// absent is what a value reads as that is not there.
const absent = "absent"

type probe params

func build(p params) (probes.Probe, error) {
	var built probe
	for _, key := range p.Keys {
		key, err := checkKey(key)
		if err != nil {
			return nil, err
		}
		if double(built.Keys, key) {
			return nil, probes.Fieldf("key", "%q is there twice", key)
		}
		built.Keys = append(built.Keys, key)
	}
	for _, name := range p.Values {
		if err := checkValue(name); err != nil {
			return nil, err
		}
		if double(built.Values, name) {
			return nil, probes.Fieldf("values", "%q is there twice", name)
		}
		built.Values = append(built.Values, name)
	}
	if len(built.Keys) > mostKeys {
		return nil, probes.Fieldf("key", "want at most %d keys, got %d: make two checks of them", mostKeys, len(p.Keys))
	}
	if len(built.Values) > mostValues {
		return nil, probes.Fieldf("values", "want at most %d names, got %d: make two checks of them",
			mostValues, len(p.Values))
	}
	return built, nil
}

// double says whether a name is there already: the registry takes any case.
func double(names []string, name string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
}

func question(key string, values []string) host.Question {
	names := make([]string, len(values))
	for i, name := range values {
		if !strings.EqualFold(name, ownValue) {
			names[i] = name
		}
	}
	return host.Collector{Name: "registry", Args: map[string][]string{"key": {key}, "values": names}}
}

// Questions implements probes.Asker.
func (p probe) Questions() []host.Question {
	questions := make([]host.Question, len(p.Keys))
	for i, key := range p.Keys {
		questions[i] = question(key, p.Values)
	}
	return questions
}

// Observe implements probes.Probe. A key that may not be read leaves the readings
// of the others as evidence.
func (p probe) Observe(_ context.Context, t probes.Target) ([]fact.Reading, error) {
	var readings []fact.Reading
	var first error
	for _, key := range p.Keys {
		rows, err := t.Answers.To(question(key, p.Values))
		if err == nil && len(rows) > 1 {
			err = fmt.Errorf("reading the registry key %q: %d answers to one question", key, len(rows))
		}
		if err != nil {
			if first == nil {
				first = err
			}
			continue
		}
		readings = append(readings, p.read(key, rows)...)
	}
	return readings, first
}

// read makes readings of one key; a key that is not there has no row.
func (p probe) read(key string, rows []host.Row) []fact.Reading {
	readings := []fact.Reading{probes.Read(key, "exists", fact.Bool(len(rows) > 0))}
	for _, name := range p.Values {
		item, column := key+": "+name, name
		if strings.EqualFold(name, ownValue) {
			column = ""
		}
		cell := host.Cell{Null: true}
		if len(rows) > 0 {
			cell = rows[0].Get(column)
		}
		readings = append(readings, cells.Value(item, cell, absent)...)
		if cell.List != nil {
			readings = append(readings, cells.Elements(item, cell))
		}
	}
	return readings
}
