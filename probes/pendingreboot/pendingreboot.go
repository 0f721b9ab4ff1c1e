// Package pendingreboot observes what on a host still waits for a reboot.
package pendingreboot

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/gather"
	"postpatch/probes/internal/note"
)

// Kind is what a suite calls "pending_reboot". Before the patch a reboot may be
// pending, which the baseline then knows; still pending after it is pre-existing,
// newly pending is regressed. Only what servicing, Windows Update and the client of
// Configuration Manager insist on is expected: the other signs are written by many
// programs, at any time.
var Kind = probes.Define(probes.Kind{
	Name:  "pending_reboot",
	Doc:   "What still waits for a reboot: servicing, Windows Update, Configuration Manager, file renames, a new name.",
	Item:  "always empty: each sign is a reading",
	Items: probes.NoItems,
	Main:  "except",
	Example: "- pending_reboot: {}\n" +
		"  why: a reboot that is still pending means that the patch is not whole\n",
	Notes: []string{
		note.PowerShell,
		"Of Linux the distribution's own word counts, and a kernel that is newer than the one that runs.",
	},
	Readings: append(specs(), linuxSpecs()...),
}, params{}, newProbe)

type params struct {
	Except []string `param:"except" doc:"Readings that this check leaves out, such as server_manager."`
}

type probe struct {
	signs  []sign
	except []string // readings of Linux
}

func newProbe(p params) (probes.Probe, error) {
	all := signs()
	var except []string
	for _, name := range p.Except {
		if slices.ContainsFunc(linuxSpecs(), func(s probes.ReadingSpec) bool { return s.Name == name }) {
			except = append(except, name)
			continue
		}
		i := slices.IndexFunc(all, func(s sign) bool { return s.spec.Name == name })
		if i < 0 {
			return nil, probes.Fieldf("except", "%q is not one of %s", name, strings.Join(names(signs()), ", "))
		}
		all = slices.Delete(all, i, i+1)
	}
	if len(all) == 0 {
		return nil, probes.Fieldf("except", "nothing is left to look at")
	}
	return probe{all, except}, nil
}

func specs() []probes.ReadingSpec {
	var all []probes.ReadingSpec
	for _, s := range signs() {
		all = append(all, s.spec)
	}
	return all
}

func names(signs []sign) []string {
	all := make([]string, len(signs))
	for i, s := range signs {
		all[i] = s.spec.Name
	}
	return all
}

// Questions implements probes.Asker.
func (p probe) Questions() []host.Question {
	var all []host.Question
	for _, s := range p.signs {
		all = append(all, s.questions()...)
	}
	return all
}

// Observe implements probes.Probe. A sign that cannot be read is named in the
// error, and the others stay beside it: not knowing is not the same as not
// pending.
func (p probe) Observe(_ context.Context, t probes.Target) ([]fact.Reading, error) {
	r := &gather.Reader{Answers: t.Answers}
	if row, is := ofLinux(t.Answers); is {
		p.readLinux(r, row)
		return r.Result()
	}
	for _, s := range p.signs {
		if value, err := s.observe(r.Answers); err != nil {
			r.Fail(s.spec.Name, err)
		} else {
			r.Add("", s.spec.Name, value)
		}
	}
	return r.Result()
}

func (s sign) observe(answers host.Answers) (fact.Value, error) {
	if s.part != "" {
		rows, err := answers.To(elsewhere())
		if err != nil {
			return nil, gather.Cause(err)
		}
		cells, err := told(rows, s.part)
		if err != nil {
			return nil, err
		}
		return s.read([]row{{there: true, cells: cells}})
	}
	found := make([]row, len(s.keys))
	for i, k := range s.keys {
		rows, err := answers.To(k.question())
		switch {
		case err != nil:
			return nil, gather.Cause(err)
		case len(rows) > 1:
			return nil, fmt.Errorf("the host answered with several rows for %s", k.path)
		case len(rows) == 1:
			found[i] = row{there: true, cells: rows[0]}
		}
	}
	return s.read(found)
}
