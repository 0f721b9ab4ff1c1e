// Package pendingreboot observes what on a Windows host still waits for a
// reboot.
package pendingreboot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
)

// Kind is what a suite calls "pending_reboot". Before the patch a reboot may be
// pending, which the baseline then knows; still pending after it is pre-existing,
// newly pending is regressed. Only what servicing and Windows Update say is
// expected: the other signs are written by many programs, at any time.
//
// The Configuration Manager client is not asked: it tells by a method of
// CCM_ClientUtilities, and a query cannot call one.
var Kind = probes.Define(probes.Kind{
	Name: "pending_reboot",
	Doc:  "What still waits for a reboot: servicing, Windows Update, file renames, a new computer name.",
	Item: "always empty: each sign is a reading",
	Main: "except",
	Example: "- pending_reboot: {}\n" +
		"  why: a reboot that is still pending means that the patch is not whole\n",
	Readings: specs(),
}, params{}, newProbe)

type params struct {
	Except []string `param:"except" doc:"Readings that this check leaves out, such as server_manager."`
}

type probe struct{ signs []sign }

func newProbe(p params) (probes.Probe, error) {
	all := signs()
	for _, name := range p.Except {
		i := slices.IndexFunc(all, func(s sign) bool { return s.spec.Name == name })
		if i < 0 {
			return nil, probes.Fieldf("except", "%q is not one of %s", name, strings.Join(names(signs()), ", "))
		}
		all = slices.Delete(all, i, i+1)
	}
	if len(all) == 0 {
		return nil, probes.Fieldf("except", "nothing is left to look at")
	}
	return probe{all}, nil
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
		for _, k := range s.keys {
			all = append(all, k.question())
		}
	}
	return all
}

// Observe implements probes.Probe. A sign that cannot be read is named in the
// error, and the others stay beside it: not knowing is not the same as not
// pending.
func (p probe) Observe(_ context.Context, t probes.Target) ([]fact.Reading, error) {
	var readings []fact.Reading
	var first error
	var unread []string
	for _, s := range p.signs {
		value, err := s.observe(t.Answers)
		if err == nil {
			readings = append(readings, probes.Read("", s.spec.Name, value))
			continue
		}
		unread = append(unread, s.spec.Name)
		if first == nil {
			first = err
		}
	}
	switch {
	case first == nil:
		return readings, nil
	case len(readings) == 0:
		return nil, fmt.Errorf("reading what waits for a reboot: %w", first)
	default:
		return readings, fmt.Errorf("reading %s: %w", strings.Join(unread, ", "), first)
	}
}

func (s sign) observe(answers host.Answers) (fact.Value, error) {
	found := make([]row, len(s.keys))
	for i, k := range s.keys {
		rows, err := answers.To(k.question())
		switch {
		case err != nil:
			return nil, err
		case len(rows) > 1:
			return nil, fmt.Errorf("asking the host %s: %w", k.question(), errors.New("it answered with several rows"))
		case len(rows) == 1:
			found[i] = row{there: true, cells: rows[0]}
		}
	}
	return s.read(found)
}
