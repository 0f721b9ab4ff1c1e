package eventlog

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"postpatch/probes/fact"
)

// logged is what a log comes to.
type logged struct {
	name                        string
	serious, errors, startTypes []string // names of events, and of services
	failedStarts, newServices   []string // names of events that each boot may write, and of services
	newest                      []event  // of the serious ones
	part                        bool     // it was not read from the boot on
}

// tell makes the readings of all events, and of each log that was read.
func (r *reader) tell() {
	for _, key := range slices.Sorted(maps.Keys(r.events)) {
		e := r.events[key]
		log := r.logs[strings.ToLower(e.log)]
		if log == nil { // it was not read to its end
			log = &logged{}
		}
		item := e.item()
		reading, value := "count", fact.Value(fact.Int(e.peak))
		switch {
		case r.probe.isNoise(e):
			r.Add(item, "noise", fact.Int(e.count))
			continue
		case r.probe.isSerious(e):
			reading, value = log.takeSerious(e, r.probe.watches(e))
		case strings.EqualFold(e.provider, scm) && e.id == startTypeChanged:
			log.startTypes = append(log.startTypes, cmp.Or(e.subject(), "(no name)"))
			continue
		case strings.EqualFold(e.provider, scm) && e.id == installed:
			log.newServices = append(log.newServices, cmp.Or(e.stable(), "(no name)"))
			continue
		default:
			log.errors = append(log.errors, e.name())
		}
		r.Add(item, reading, value)
		r.Add(item, "level", fact.Text(levelNames()[e.level]))
		if !e.last.IsZero() {
			r.Add(item, "last", fact.Time(e.last))
		}
		r.Add(item, "sample", fact.Text(e.sample()))
	}
	for _, key := range slices.Sorted(maps.Keys(r.logs)) {
		log := r.logs[key]
		r.Add(log.name, "serious", r.set(log, log.serious))
		if strings.EqualFold(log.name, "System") { // where the service control manager writes
			r.Add(log.name, "failed_starts", r.failedStarts(log))
			r.Add(log.name, "new_services", r.set(log, log.newServices))
		}
		r.Add(log.name, "errors", r.set(log, log.errors))
		r.Add(log.name, "start_types", r.set(log, log.startTypes))
		r.Add(log.name, "newest", fact.Text(newest(log.newest)))
	}
}

// takeSerious takes in a serious event, and returns the reading that tells of it. What
// the suite watches is serious whatever it is.
func (l *logged) takeSerious(e event, watched bool) (reading string, value fact.Value) {
	l.newest = append(l.newest, e)
	if isOf(failedStarts(), e) && !watched {
		l.failedStarts = append(l.failedStarts, e.name()[len(e.provider)+1:])
		return "start_count", fact.Int(e.peak)
	}
	l.serious = append(l.serious, e.name())
	if isOf(starts(), e) && !e.last.IsZero() {
		return "unclean_start", fact.Time(e.last)
	}
	return "serious_count", fact.Int(e.peak)
}

// failedStarts is not known where the log has lost its boot: what each boot writes would
// look new after the next one.
func (r *reader) failedStarts(l *logged) fact.Set {
	if l.part {
		return notKnown()
	}
	return r.set(l, l.failedStarts)
}

func notKnown() fact.Set {
	return fact.SetOf("not known, since the log does not reach back far enough")
}

// set is bounded, since a reading is.
func (r *reader) set(log *logged, all []string) fact.Set {
	const most = 64 << 10
	size := 0
	for i, s := range all {
		if size += len(s); size > most {
			r.Failf(log.name, "there are too many sorts of events to compare them")
			return fact.SetOf(all[:i]...)
		}
	}
	return fact.SetOf(all...)
}
