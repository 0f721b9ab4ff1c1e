package html

import (
	"bytes"
	"encoding/json"

	"postpatch/runner/report"
)

// detail is what a row has to tell beyond its line.
type detail struct {
	Row      int               `json:"row"`
	Error    string            `json:"error,omitempty"`
	Partly   bool              `json:"partly,omitempty"`
	Findings []report.Finding  `json:"findings,omitempty"`
	Evidence []report.Evidence `json:"evidence,omitempty"`
	Settled  []report.Settled  `json:"settled,omitempty"`
	Hidden   []report.Hidden   `json:"hidden,omitempty"`
}

// details are lists of about chunkSize, which the app unpacks when it needs them.
type details struct {
	first   []int // rows with which the chunks begin
	chunks  []packed
	size    int // of the chunks
	room    int // what is beyond it is left out, and beyond its half what makes no run fail
	without int // rows for which there was no room

	open bytes.Buffer
	zip  *packing
}

const chunkSize = 256 << 10 // of JSON

func newDetails(room int) details { return details{first: []int{}, room: room, zip: newPacking()} }

// add takes in what a check has to tell beyond the words of its row.
func (d *details) add(row int, c report.Check, words string) error {
	found := len(c.Findings) > 0 || len(c.Settled) > 0
	if !found && !c.Partly && len(c.Evidence) == 0 && len(c.Hidden) == 0 && (c.Error == "" || line(c.Error) == words) {
		return nil
	}
	if d.size >= d.room || d.size >= d.room/2 && !c.Failing {
		d.without++
		return nil
	}
	before := byte(',')
	if d.open.Len() == 0 {
		before = '['
		d.first = append(d.first, row)
	}
	d.open.WriteByte(before)
	enc := json.NewEncoder(&d.open)
	enc.SetEscapeHTML(false)
	err := enc.Encode(detail{
		Row: row, Error: value(c.Error), Partly: c.Partly, Findings: cleanFindings(c.Findings),
		Evidence: cleanEvidence(c.Evidence), Settled: cleanSettled(c.Settled), Hidden: cleanHidden(c.Hidden),
	})
	if err == nil && d.open.Len() > chunkSize {
		err = d.pack()
	}
	return err
}

// pack ends a chunk.
func (d *details) pack() error {
	d.open.WriteByte(']')
	d.zip.reset()
	_, d.zip.err = d.open.WriteTo(d.zip.zip)
	chunk, err := d.zip.close()
	d.chunks, d.size = append(d.chunks, chunk), d.size+chunk.size
	return err
}

// close returns the chunks.
func (d *details) close() ([]packed, error) {
	if d.open.Len() == 0 {
		return d.chunks, nil
	}
	err := d.pack()
	return d.chunks, err
}
