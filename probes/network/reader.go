package network

import (
	"slices"

	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/gather"
)

// reader makes readings of answers; it knows classes by their names, and that old
// servers lack all of standardSpace at once.
type reader struct {
	gather.Reader
	asked  int // of the classes in standardSpace
	silent []silence
}

// silence is a class that told nothing at all, and why.
type silence struct {
	class    string
	standard bool // it is one of standardSpace
	err      error
}

// rows returns the answer to q. Rows beside an error are no whole list, and
// would make what is missing look gone.
func (r *reader) rows(q host.WQL) (rows []host.Row, ok bool) {
	standard := q.Namespace == standardSpace
	if standard {
		r.asked++
	}
	rows, err := r.Answers.To(q)
	if err != nil {
		r.silent = append(r.silent, silence{q.Class, standard, gather.Cause(err)})
		return nil, false
	}
	return rows, true
}

// some is rows of a class that has instances on every host which answers: an
// empty list is an answer cut off.
func (r *reader) some(q host.WQL) (rows []host.Row, ok bool) {
	rows, ok = r.rows(q)
	if ok && len(rows) == 0 {
		r.fail(q, "the host named none")
		return nil, false
	}
	return rows, ok
}

func (r *reader) fail(q host.WQL, format string, args ...any) { r.Failf(q.Class, format, args...) }

// result is what Observe returns. Where every class of standardSpace failed alike,
// it is the namespace that is missing.
func (r *reader) result() ([]fact.Reading, error) {
	causes := map[string]int{}
	for _, s := range r.silent {
		if s.standard {
			causes[s.err.Error()]++
		}
	}
	for _, s := range r.silent {
		if r.asked > 1 && causes[s.err.Error()] == r.asked && s.standard {
			s.class = standardSpace + ", which servers before 2012 lack"
		}
		r.Fail(s.class, s.err)
	}
	return r.Result()
}

// active leaves out what is only kept for the next boot (Store 0), where the
// class tells it apart from what is in force (Store 1).
func active(rows []host.Row) []host.Row {
	kept := func(row host.Row) bool { store, known := gather.Number(row, "Store"); return known && store == 0 }
	inForce := slices.DeleteFunc(slices.Clone(rows), kept)
	if len(inForce) == 0 {
		return rows
	}
	return inForce
}

// byInterface sorts rows under their adapters: the index is the same in all
// classes, and another one after each boot. Whole says that each has its own.
func (r *reader) byInterface(q host.WQL, rows []host.Row) (sorted map[int64][]host.Row, whole bool) {
	sorted, whole = map[int64][]host.Row{}, true
	for _, row := range rows {
		index, known := gather.Number(row, "InterfaceIndex")
		if !known {
			r.fail(q, "a row without the number of its interface")
			whole = false
			continue
		}
		sorted[index] = append(sorted[index], row)
	}
	return sorted, whole
}
