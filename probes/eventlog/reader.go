package eventlog

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/gather"
)

type reader struct {
	gather.Reader
	probe  probe
	events map[string]event   // by lower-case item
	logs   map[string]*logged // by lower-case name; those that were read to their end, or until there was too much
}

func (r *reader) read() {
	rows, ok := r.Some("the event logs", r.probe.question())
	if !ok {
		return
	}
	r.events, r.logs = map[string]event{}, map[string]*logged{}
	seen := map[string]bool{}
	for _, row := range rows {
		at := slices.IndexFunc(r.probe.logs, func(s string) bool { return strings.EqualFold(s, gather.Text(row, "log")) })
		if at < 0 {
			r.Failf("the event logs", "the host told of a log that was not asked for")
			continue
		}
		log := r.probe.logs[at]
		switch kind := gather.Text(row, "kind"); {
		case kind == "event":
			r.take(log, row)
		case kind != "log":
			r.Failf(log, "the host told something that is neither a log nor an event")
		case !seen[strings.ToLower(log)]:
			seen[strings.ToLower(log)] = true
			r.readLog(log, row)
		}
	}
	for _, log := range r.probe.logs {
		if !seen[strings.ToLower(log)] {
			r.Failf(log, "the host told nothing of this log")
		}
	}
	r.tell()
}

// readLog reads how a log was read. Of the logs that the kind chooses itself all
// but System and Application are there on some servers only.
func (r *reader) readLog(log string, row host.Row) {
	code, problem := gather.Text(row, "code"), gather.Text(row, "error")
	choice := r.probe.optional && log != "System" && log != "Application"
	switch {
	case code == "missing" && choice:
		return
	case code == "missing":
		r.Failf(log, "the host has no such log")
		return
	case code == "denied":
		r.Fail(log, host.ErrDenied)
		return
	case code != "" || problem != "":
		r.Failf(log, "%s", clean(cmp.Or(problem, code), mostText))
		return
	}
	read, known := gather.Number(row, "read")
	if !known || read < 0 {
		r.Failf(log, "the host did not tell how many events it read")
		return
	}
	l := &logged{name: log}
	r.logs[strings.ToLower(log)] = l
	r.Add(log, "read", fact.Int(read))
	if gather.True(row, "cut") {
		l.part = true
		r.Failf(log, "only the newest %d events were counted, because there are more; a shorter since reads all", read)
	}
	if more, known := gather.Number(row, "more"); known && more > 0 {
		l.part = true
		r.Failf(log, "%d events of further sorts were not counted", more)
	}
	r.readReach(l, row)
}

// readReach reads how far back a log goes. Of one that has rolled over for weeks that is
// usual. Where it begins after what was to be read from the last day on, it was cleared
// or flooded, and a crash at the boot would look as if there were none. Windows itself
// writes to System and Application at each start; other logs may be empty, and Setup may
// begin with the update.
func (r *reader) readReach(l *logged, row host.Row) {
	log := l.name
	from, err := row.Get("from").Time()
	if err != nil {
		return
	}
	now, err := row.Get("now").Time()
	isRecent := err == nil && now.Sub(from) <= 24*time.Hour+time.Minute // as long as "since: 24h" with its reading
	oldest, err := row.Get("oldest").Time()
	switch {
	case err != nil && isRecent && (strings.EqualFold(log, "System") || strings.EqualFold(log, "Application")):
		r.Failf(log, "it is empty: what was written since %s was cleared, and is not known", fact.Time(from))
	case err != nil || strings.EqualFold(log, setup):
	case isRecent && oldest.After(from):
		r.Failf(log, "it begins at %s: what was written since %s was cleared or has rolled over, and is not known",
			fact.Time(oldest), fact.Time(from))
	}
	if err == nil {
		l.part = l.part || oldest.After(from)
		r.Add(log, "whole", fact.Bool(!oldest.After(from)))
	}
}

// take reads one group of events, and adds it to what comes to the same item.
func (r *reader) take(log string, row host.Row) {
	e := event{
		log:      log,
		provider: clean(gather.Text(row, "provider"), mostName),
		detail:   clean(gather.Text(row, "detail"), mostName),
		service:  clean(gather.Text(row, "service"), mostName),
		text:     clean(gather.Text(row, "text"), mostText),
	}
	id, known := gather.Number(row, "id")
	count, counted := gather.Number(row, "count")
	level, leveled := gather.Number(row, "level")
	last, err := row.Get("last").Time()
	const most = 1 << 31
	sane := known && counted && id >= 0 && id < most && count > 0 && count < most && e.provider != ""
	if !sane {
		r.Failf(log, "an event without a provider, an id or a number")
		return
	}
	e.id, e.count, e.level, e.last = int(id), int(count), int(level), last
	e.peak = e.count
	if peak, told := gather.Number(row, "peak"); told && peak > 0 && peak < count {
		e.peak = int(peak)
	}
	if !leveled || level < 0 || int(level) >= len(levelNames()) {
		e.level = 0
	}
	if err != nil {
		e.last = time.Time{}
	}
	key := strings.ToLower(e.item())
	if other, twice := r.events[key]; twice {
		e = e.with(other)
	}
	r.events[key] = e
}

func (p probe) isNoise(e event) bool {
	switch {
	case isOf(p.except, e):
		return true
	case p.watches(e):
		return false
	}
	return idles(e) || slices.ContainsFunc(hums(), func(h hum) bool { return h.covers(e) })
}

func (p probe) isSerious(e event) bool { return grave(e) || p.watches(e) }

func (p probe) watches(e event) bool { return isOf(p.watch, e) }
