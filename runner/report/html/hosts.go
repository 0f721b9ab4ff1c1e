package html

import (
	"bufio"
	"encoding/json"
	"io"
	"maps"
	"slices"
	"time"

	"postpatch/runner/report"
)

// hostRow is a host. Its texts are numbers of the pool.
type hostRow struct {
	name, unreachable, problem, session uint32
	rebootState, reboot                 uint32
	rebooted, started                   int64 // unix ms; 0 where there is none
	settled, took                       uint32
	rows, unchanged                     uint32
	outcome                             uint8
	counts                              [counted]uint32
}

// counted is the number of outcomes that are counted by host; there are eleven.
const counted = 12

// hosts are the hosts in the order of the stream.
type hosts struct {
	chunked[hostRow]
	notes map[int][]uint32
}

func (d *data) addHost(h report.Host, rows, unchanged int) {
	r := hostRow{
		name: d.pool.of(h.Host), unreachable: d.pool.of(h.Unreachable), problem: d.pool.of(h.Problem),
		session: d.pool.of(h.Session), rebootState: d.pool.of(string(h.Reboot.State)),
		reboot: d.pool.of(h.Reboot.Words), started: moment(h.Started),
		settled: milliseconds(h.Settled), took: milliseconds(h.Took), rows: uint32(rows), unchanged: uint32(unchanged),
		outcome: d.outcomes.of(h.Outcome),
	}
	if h.Rebooted != nil {
		r.rebooted = moment(*h.Rebooted)
	}
	for _, outcome := range slices.Sorted(maps.Keys(h.Counts)) {
		// All that this program does not know share the last place.
		r.counts[min(d.outcomes.of(outcome), counted-1)] += uint32(max(h.Counts[outcome], 0))
	}
	for _, note := range h.Notes {
		d.hosts.notes[d.hosts.n] = append(d.hosts.notes[d.hosts.n], d.pool.of(note))
	}
	d.hosts.add(r)
}

func moment(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func (d *data) writeHosts(w io.Writer) error {
	return writeColumns(w, &d.hosts.chunked, []column[hostRow]{
		{"name", func(h hostRow) int64 { return int64(h.name) }},
		{"outcome", func(h hostRow) int64 { return int64(h.outcome) }},
		{"unreachable", func(h hostRow) int64 { return int64(h.unreachable) }},
		{"problem", func(h hostRow) int64 { return int64(h.problem) }},
		{"session", func(h hostRow) int64 { return int64(h.session) }},
		{"rebooted", func(h hostRow) int64 { return h.rebooted }},
		{"rebootState", func(h hostRow) int64 { return int64(h.rebootState) }},
		{"reboot", func(h hostRow) int64 { return int64(h.reboot) }},
		{"settled", func(h hostRow) int64 { return int64(h.settled) }},
		{"started", func(h hostRow) int64 { return h.started }},
		{"took", func(h hostRow) int64 { return int64(h.took) }},
		{"rows", func(h hostRow) int64 { return int64(h.rows) }},
		{"unchanged", func(h hostRow) int64 { return int64(h.unchanged) }},
	}, func(b *bufio.Writer) error {
		_, _ = b.WriteString(`,"notes":`)
		if err := json.NewEncoder(b).Encode(d.hosts.notes); err != nil {
			return err
		}
		_, _ = b.WriteString(`,"counts":`)
		return d.writeCounts(b)
	})
}

// writeCounts writes the hosts' counts, a column for each outcome that occurs.
func (d *data) writeCounts(b *bufio.Writer) error {
	var total [counted]uint64
	for h := range d.hosts.all {
		for i, n := range h.counts {
			total[i] += uint64(n)
		}
	}
	var columns []column[hostRow]
	for i, word := range d.outcomes.words[:min(counted, len(d.outcomes.words))] {
		if total[i] > 0 {
			columns = append(columns, column[hostRow]{string(word), func(h hostRow) int64 { return int64(h.counts[i]) }})
		}
	}
	if len(columns) == 0 {
		_, err := b.WriteString("{}")
		return err
	}
	return writeColumns(b, &d.hosts.chunked, columns, nil)
}
