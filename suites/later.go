package suites

import (
	"context"
	"fmt"

	"postpatch/probes"
	"postpatch/probes/fact"
)

// builtAtOnce is on how many hosts a check that asks otherwise of each has its probe while
// the suites are read. On the others it is built to see whether it can be, and then once more
// when its host's turn comes: the probes of fifty thousand hosts that name their own host were
// half of what they took of memory.
const builtAtOnce = 64

// later is the probe of a check on one host, built whenever it is asked.
type later struct {
	check *checkEntry
	host  *hostEntry
}

// laterAimer is one that says whom it contacts.
type laterAimer struct{ later }

// laterChooser is one that says which readings it looks at, too.
type laterChooser struct{ laterAimer }

// laterOf is a probe in the place of one that was built; nil for those of which more is asked
// than what they see: they have to be there.
func laterOf(built probes.Probe, check *checkEntry, host *hostEntry) probes.Probe {
	_, aims := built.(probes.Aimer)
	_, chooses := built.(probes.Chooser)
	in := later{check, host}
	switch built.(type) {
	case probes.Asker, probes.Entrant, probes.EntrantAt:
		return nil
	}
	switch {
	case aims && chooses:
		return laterChooser{laterAimer{in}}
	case chooses:
		return nil
	case aims:
		return laterAimer{in}
	default:
		return in
	}
}

// Now implements probes.Later.
func (l later) Now() probes.Probe {
	texts, _ := l.check.fill(l.host)
	built, err := l.check.probe(texts)
	if err != nil {
		return unbuilt{fmt.Errorf("building the check anew: %w", err)} // it was built before
	}
	return built
}

// Observe implements probes.Probe.
func (l later) Observe(ctx context.Context, t probes.Target) ([]fact.Reading, error) {
	return l.Now().Observe(ctx, t)
}

// Aims implements probes.Aimer.
func (l laterAimer) Aims() []string {
	if aimer, aims := l.Now().(probes.Aimer); aims {
		return aimer.Aims()
	}
	return nil
}

// Reports implements probes.Chooser.
func (l laterChooser) Reports(reading string) bool {
	chooser, chooses := l.Now().(probes.Chooser)
	return !chooses || chooser.Reports(reading)
}

type unbuilt struct{ err error }

func (u unbuilt) Observe(context.Context, probes.Target) ([]fact.Reading, error) { return nil, u.err }

// Ready returns the host with all of its probes built, as whoever visits it wants it.
func (h Host) Ready() Host {
	var ready []*Check
	for i, c := range h.Checks {
		l, is := c.Probe.(probes.Later)
		if !is {
			continue
		}
		if ready == nil {
			ready = append(make([]*Check, 0, len(h.Checks)), h.Checks...)
		}
		own := *c
		own.Probe = l.Now()
		ready[i] = &own
	}
	if ready != nil {
		h.Checks = ready
	}
	return h
}
