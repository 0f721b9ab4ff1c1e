package main

import (
	"postpatch/baseline"
	"postpatch/runner/report"
	"postpatch/runner/report/jsonl"
)

// record keeps what a run tells beside what it saw, so that every report can be made
// again as it was. That it cannot be kept is no reason to end a run.
type record struct {
	lines report.Handler
	to    *baseline.Results
	err   error
}

// keep has the views' run recorded. A run that was finished before has its record.
func (v *views) keep(w *baseline.Writer) error {
	if _, finished := w.Finished(); finished {
		return nil
	}
	to, err := w.Results()
	if err != nil {
		return err
	}
	v.record = &record{lines: jsonl.New(to), to: to}
	return nil
}

func (r *record) take(tell func(report.Handler) error) {
	if r != nil && r.err == nil {
		r.err = tell(r.lines)
	}
}

// kept ends the record with the summary; from then on the run can be finished. It is false
// where there will be no record.
func (v *views) kept(s report.Summary) bool {
	r := v.record
	if r == nil {
		return true
	}
	r.take(func(h report.Handler) error { return h.Finish(s) })
	if r.err == nil {
		r.err = r.to.Close()
	}
	if r.err != nil {
		v.talk("warning: what the run comes to is not kept, and no report can be made again: %s\n", r.err)
	}
	return r.err == nil
}
