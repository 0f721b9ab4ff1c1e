package runner

import (
	"errors"
	"fmt"

	"postpatch/probes"
	"postpatch/suites"
)

// outsides are the runner's own views of the checks that have one beside the host's, as
// checks that go out from the runner.
func outsides(asking []*suites.Check) []*suites.Check {
	var views []*suites.Check
	for _, c := range asking {
		if pair, is := c.Probe.(probes.Pair); is {
			view := *c
			view.Probe = pair.Outside()
			views = append(views, &view)
		}
	}
	return views
}

// paired joins what the session has brought with the runner's own views, which are in the
// order of their checks.
func paired(asked, views []sighting) []sighting {
	for i, s := range asked {
		pair, is := s.check.Probe.(probes.Pair)
		if !is || len(views) == 0 {
			continue
		}
		asked[i] = join(pair, s, views[0])
		views = views[1:]
	}
	return asked
}

// join makes one sighting of both views. Where one of them could not be seen, the other's
// readings are what is known; something that was answered at one has answered.
func join(pair probes.Pair, inside, outside sighting) sighting {
	s := inside
	s.readings = inOrder(pair.Join(outside.readings, inside.readings))
	s.took = max(inside.took, outside.took)
	s.err = errors.Join(inside.err, outside.err)
	switch {
	case inside.err != nil && outside.err == nil && outside.answered(),
		outside.err != nil && inside.err == nil:
		s.err = errors.New(s.err.Error())
	case inside.err != nil && outside.err != nil:
		s.err = neither(inside.err, outside.err)
	case inside.err != nil: // without the host's own view there are no two
		s.err = inside.err
	case s.err == nil:
		s.err = declared(s.check, s.readings)
	}
	return s
}

// neither is the error of two views that both failed. That the host does not answer, or was
// not tried, is said only where that goes for both.
func neither(inside, outside error) error {
	idle := func(err error) bool { return errors.Is(err, probes.ErrNoAnswer) || errors.Is(err, probes.ErrNotTried) }
	switch {
	case inside.Error() == outside.Error() && idle(inside) == idle(outside):
		return inside
	case idle(inside) == idle(outside):
		return fmt.Errorf("%w; %w", inside, outside)
	case idle(inside):
		return fmt.Errorf("%s; %w", inside.Error(), outside)
	default:
		return fmt.Errorf("%w; %s", inside, outside.Error())
	}
}
