// Package feature observes which roles and features are installed on a Windows
// host.
package feature

import (
	"context"
	"errors"
	"strings"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/choice"
	"postpatch/probes/internal/gather"
	"postpatch/probes/internal/named"
	"postpatch/probes/internal/note"
)

// Kind is what a suite calls "feature". Names are those of servicing, which are
// the same in every language; Server Manager's own names, such as Web-Server, are
// of another list that no query tells in one language.
var Kind = probes.Define(probes.Kind{
	Name:  "feature",
	Doc:   "The roles and features of Windows that are installed: one that a patch lost, or brought along.",
	Item:  "the feature's name, as dism /online /get-features writes it: IIS-WebServerRole",
	Items: probes.AnyCase,
	Main:  "name",
	Example: "- feature: {}\n" +
		"  why: an update that rolls back half-way may take a role along\n" +
		"- feature: [DNS-Server-Full-Role, DirectoryServices-DomainController]\n" +
		"  id: feature/dc\n",
	Notes: []string{note.WMI},
	Readings: []probes.ReadingSpec{{
		Name: "state", Type: fact.TypeText, Gate: true, Severity: fact.Fail, Expect: installed,
		Values: []string{"installed", "absent"},
		Doc:    "installed; or absent, of one that the suite names and that is not installed or not known to Windows.",
	}},
}, params{}, newProbe)

const installed = "installed"

type params struct {
	Names  []string `param:"name" absent:"all that are installed" doc:"Names of features that have to be installed."`
	Except []string `param:"except" doc:"Features that are left out, by name; * stands for anything."`
}

type probe params

func newProbe(p params) (probes.Probe, error) {
	seen := map[string]bool{}
	for _, name := range p.Names {
		switch fold := strings.ToLower(name); {
		case strings.TrimSpace(name) == "" || strings.TrimSpace(name) != name:
			return nil, probes.Fieldf("name", "want a name like IIS-WebServerRole, got %q", name)
		case seen[fold]:
			return nil, probes.Fieldf("name", "%q is there twice", name)
		default:
			seen[fold] = true
		}
	}
	return probe(p), choice.AllBut(p.Except, "features", "name", p.Names)
}

// question asks for what is installed alone: Windows knows hundreds of features.
// Source: Microsoft's documentation of Win32_OptionalFeature, whose InstallState 1
// is enabled.
func question() host.WQL {
	return host.WQL{
		Class: "Win32_OptionalFeature", Columns: []string{"Name", "InstallState"}, Where: "InstallState=1",
	}
}

// Questions implements probes.Asker.
func (probe) Questions() []host.Question { return []host.Question{question()} }

// Observe implements probes.Probe.
func (p probe) Observe(_ context.Context, t probes.Target) ([]fact.Reading, error) {
	const what = "the installed features"
	r := &gather.Reader{Answers: t.Answers}
	rows, ok := r.Some(what, question())
	if !ok {
		return r.Result()
	}
	var enabled []host.Row
	for _, row := range rows {
		// The answer may be of a query that another check has widened.
		if state, known := gather.Number(row, "InstallState"); known && state == 1 {
			enabled = append(enabled, row)
		}
	}
	found := named.Rows(r, what, enabled, named.Naming{Name: named.Column("Name"), Except: p.Except})
	if len(found) == 0 {
		r.Fail(what, errors.New("none is left of those that the host named"))
	}
	if len(p.Names) == 0 {
		for _, f := range found {
			r.Add(f.Item, "state", fact.Text(installed))
		}
		return r.Result()
	}
	have := map[string]bool{}
	for _, f := range found {
		have[strings.ToLower(f.Name)] = true
	}
	for _, name := range p.Names {
		switch {
		case have[strings.ToLower(name)]:
			r.Add(name, "state", fact.Text(installed))
		case len(found) > 0:
			r.Add(name, "state", fact.Text("absent"))
		}
	}
	return r.Result()
}
