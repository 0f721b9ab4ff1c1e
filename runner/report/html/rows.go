package html

import (
	"io"
	"math"
	"time"

	"postpatch/runner/report"
)

// row is a check of a host. Its texts are numbers of the pool.
type row struct {
	check, took, mark, said uint32
	outcome                 uint8
	failing                 bool
}

type rows struct{ chunked[row] }

func (r *rows) write(w io.Writer) error {
	return writeColumns(w, &r.chunked, []column[row]{
		{"check", func(r row) int64 { return int64(r.check) }},
		{"outcome", func(r row) int64 { return int64(r.outcome) }},
		{"took", func(r row) int64 { return int64(r.took) }},
		{"mark", func(r row) int64 { return int64(r.mark) }},
		{"said", func(r row) int64 { return int64(r.said) }},
		{"failing", func(r row) int64 { return bit(r.failing) }},
	}, nil)
}

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// milliseconds keeps what lasted at all from looking as if it had not.
func milliseconds(d time.Duration) uint32 {
	if d <= 0 {
		return 0
	}
	return uint32(min(max(d.Milliseconds(), 1), math.MaxUint32))
}

// isPlain tells a check that passed, and of which nothing is to be told that a count
// does not say. What rules hide is listed by the text report.
func isPlain(c report.Check) bool {
	return c.Outcome == report.Passed && !c.Failing && !c.Partly && c.Mark == "" && c.Error == "" &&
		len(c.Findings) == 0 && len(c.Settled) == 0
}

// checks are the checks as the suites have them, each once however many hosts it is
// asked of.
type checks struct {
	index map[definition]uint32
	list  chunked[definition]
}

// definition is what a suite says of a check.
type definition struct {
	id, kind, suite, owner, why, file uint32
	line                              int32
}

func newChecks() checks { return checks{index: map[definition]uint32{}} }

func (s *checks) of(c report.Check, p *pool) uint32 {
	d := definition{
		id: p.of(c.ID), kind: p.of(c.Kind), suite: p.of(c.Suite), owner: p.of(c.Owner), why: p.of(c.Why),
		file: p.of(c.File), line: int32(min(max(c.Line, 0), math.MaxInt32)),
	}
	i, known := s.index[d]
	if !known {
		i = uint32(s.list.n)
		s.index[d] = i
		s.list.add(d)
	}
	return i
}

func (s *checks) write(w io.Writer) error {
	return writeColumns(w, &s.list, []column[definition]{
		{"id", func(d definition) int64 { return int64(d.id) }},
		{"kind", func(d definition) int64 { return int64(d.kind) }},
		{"suite", func(d definition) int64 { return int64(d.suite) }},
		{"owner", func(d definition) int64 { return int64(d.owner) }},
		{"why", func(d definition) int64 { return int64(d.why) }},
		{"file", func(d definition) int64 { return int64(d.file) }},
		{"line", func(d definition) int64 { return int64(d.line) }},
	}, nil)
}
