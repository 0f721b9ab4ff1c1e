// Package device observes the devices of a Windows host that have a problem.
package device

import (
	"context"
	"fmt"
	"strings"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/gather"
	"postpatch/probes/internal/named"
	"postpatch/probes/internal/note"
	"postpatch/probes/internal/wildcard"
)

// Kind is what a suite calls "device". What had its problem before is no finding.
var Kind = probes.Define(probes.Kind{
	Name:  "device",
	Doc:   "The devices of a Windows host that do not work, as its device manager knows them.",
	Item:  `the device's path, such as PCI\VEN_15AD&DEV_07B0\FF565000F3F6000000; empty for the host as a whole`,
	Items: probes.AnyCase,
	Main:  "except",
	Example: "- device: {}\n" +
		"  why: a driver of the patch must not lose a device\n",
	Notes: []string{note.WMI},
	Readings: []probes.ReadingSpec{
		{
			Name: "problems", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.Subset}, Severity: fact.Fail,
			Doc: "The devices that do not work, and why; new ones fail.",
		},
		{
			Name: "disabled", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.Subset},
			Doc: "The devices that somebody disabled.",
		},
		{
			Name: "problem", Type: fact.TypeText, Rule: fact.Rule{Gone: true}, Evidence: true,
			Doc: "What is wrong with one, by the number that the device manager shows: failed to start (code 10).",
		},
		{
			Name: "name", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore}, Evidence: true,
			Doc: "What Windows calls the device, in its language.",
		},
		{
			Name: "not_connected", Type: fact.TypeInt, Of: "devices", Rule: fact.Rule{Op: fact.Ignore},
			Doc: "How many devices Windows remembers, and does not find now.",
		},
	},
}, params{}, build)

type params struct {
	Except []string `param:"except" doc:"Paths or names of devices that this check leaves out; * is any characters."`
}

type probe params

func build(p params) (probes.Probe, error) {
	for _, pattern := range p.Except {
		if strings.Trim(pattern, "* ") == "" {
			return nil, probes.Fieldf("except", "want a device's path or name, got %q", pattern)
		}
	}
	return probe(p), nil
}

// question asks for the devices with a problem alone, of some hundreds. PNPClass,
// that would tell more, is not there before Server 2016. Source: the documentation
// of Win32_PnPEntity.
func question() host.WQL {
	return host.WQL{
		Class: "Win32_PnPEntity", Where: "ConfigManagerErrorCode <> 0",
		Columns: []string{"ConfigManagerErrorCode", "DeviceID", "Name"},
	}
}

// Questions implements probes.Asker.
func (probe) Questions() []host.Question { return []host.Question{question()} }

// Numbers of problems that are told otherwise.
const (
	working  = 0
	disabled = 22
	phantom  = 45
)

const mostText = 250 // a path has at most 200

// Observe implements probes.Probe. A device that cannot be read is named in the
// error, and then there is no list, which would look whole.
func (p probe) Observe(_ context.Context, t probes.Target) ([]fact.Reading, error) {
	r := &gather.Reader{Answers: t.Answers}
	rows, ok := r.Rows("the devices", question())
	if !ok {
		return r.Result()
	}
	var problems, off []string
	absent, whole := 0, true
	except, seen := wildcard.Patterns(p.Except), map[string]bool{}
	for _, row := range rows {
		id, name := named.Within(gather.Text(row, "DeviceID"), mostText), named.Within(gather.Text(row, "Name"), mostText)
		code, known := gather.Number(row, "ConfigManagerErrorCode")
		switch {
		case !known && row.Get("ConfigManagerErrorCode").Null || known && code == working || seen[strings.ToLower(id)]:
			continue // of a query that another check has widened
		case !known || code < 0 || id == "":
			r.Failf("the devices", "one without a path, or with a problem that is no number")
			whole = false
			continue
		case except.Match(id) || except.Match(name):
			continue
		case code == phantom:
			absent++
			continue
		}
		seen[strings.ToLower(id)] = true
		what := fmt.Sprintf("%s (code %d)", words(code), code)
		r.Add(id, "problem", fact.Text(what))
		if name != "" {
			r.Add(id, "name", fact.Text(name))
		}
		if code == disabled {
			off = append(off, id)
		} else {
			problems = append(problems, id+": "+what)
		}
	}
	if whole {
		r.Add("", "problems", bounded(r, problems))
		r.Add("", "disabled", bounded(r, off))
		r.Add("", "not_connected", fact.Int(absent))
	}
	return r.Result()
}

// bounded is the set of all, in so far as a reading can hold them.
func bounded(r *gather.Reader, all []string) fact.Set {
	const most = 200
	if len(all) > most {
		r.Failf("the devices", "there are more than %d to compare: leave some out by except", most)
		all = all[:most]
	}
	return fact.SetOf(all...)
}
