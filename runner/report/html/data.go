package html

import (
	"fmt"

	"postpatch/runner/report"
)

// data is what the app shows, gathered host by host.
type data struct {
	run      report.Run
	total    int // checks, of which those that are folded have no row
	folded   bool
	limit    int // of checks, above which it is folded
	pool     *pool
	checks   checks
	hosts    hosts
	rows     rows
	details  details
	outcomes outcomes
}

func newData(r report.Run, l limits) *data {
	return &data{
		run: r, limit: l.checks, pool: newPool(), checks: newChecks(), hosts: hosts{notes: map[int][]uint32{}},
		details: newDetails(l.details), outcomes: outcomes{report.Outcomes()},
	}
}

// limits keep the file to what a browser opens.
type limits struct {
	checks  int // of which those that passed, where there are more, are only counted
	details int // bytes, packed
}

const (
	foldLimit  = 700_000
	detailRoom = 24 << 20
)

// add takes a host in.
func (d *data) add(h report.Host) error {
	before := d.rows.n
	d.total += len(h.Checks)
	d.folded = d.folded || d.run.Checks > d.limit || d.total > d.limit
	unchanged := 0
	for _, c := range h.Checks {
		if d.folded && isPlain(c) {
			unchanged++
			continue
		}
		words := said(c)
		if err := d.details.add(d.rows.n, c, words); err != nil {
			return err
		}
		d.rows.add(row{
			check: d.checks.of(c, d.pool), took: milliseconds(c.Took), mark: d.pool.of(c.Mark),
			said: d.pool.of(words), outcome: d.outcomes.of(c.Outcome), failing: c.Failing,
		})
	}
	d.addHost(h, d.rows.n-before, unchanged)
	return nil
}

// each gives put all blocks, in the order in which the app wants them. Some are packed
// only then.
func (d *data) each(m meta, put func(block) error) error {
	strings, err := d.pool.close()
	if err != nil {
		return err
	}
	details, err := d.details.close()
	if err != nil {
		return err
	}
	m.DetailChunks = d.details.first
	blocks := []struct {
		id   string
		pack func() (packed, error)
	}{
		{"meta", func() (packed, error) { return encoded(m) }},
		{"strings", func() (packed, error) { return strings, nil }},
		{"hosts", func() (packed, error) { return pack(d.writeHosts) }},
		{"checks", func() (packed, error) { return pack(d.checks.write) }},
		{"rows", func() (packed, error) { return pack(d.rows.write) }},
	}
	for _, b := range blocks {
		data, err := b.pack()
		if err == nil {
			err = put(block{b.id, data})
		}
		if err != nil {
			return fmt.Errorf("writing the block %s: %w", b.id, err)
		}
	}
	for i, chunk := range details {
		id := fmt.Sprintf("%s%d", detailsPrefix, i)
		if err := put(block{id, chunk}); err != nil {
			return fmt.Errorf("writing the block %s: %w", id, err)
		}
	}
	return nil
}

// outcomes numbers the outcomes. One that this program does not know comes after those
// that it does, where it is taken for worse.
type outcomes struct{ words []report.Outcome }

func (o *outcomes) of(word report.Outcome) uint8 {
	const most = 64
	word = report.Outcome(limited(string(word), nameLimit))
	for i, known := range o.words {
		if known == word {
			return uint8(i)
		}
	}
	if len(o.words) < most {
		o.words = append(o.words, word)
	}
	return uint8(len(o.words) - 1)
}
