package history

import (
	"strings"

	"postpatch/runner/report"
)

// Options say what is told of the windows.
type Options struct {
	Store string // as the operator gave it
	// Choice says in words what Host and Check leave.
	Choice []string
	// Host and Check choose; nil takes all.
	Host  func(host string) bool
	Check func(c report.Check) bool
}

func (o Options) host(name string) bool { return o.Host == nil || o.Host(name) }

func (o Options) check(c report.Check) bool { return o.Check == nil || o.Check(c) }

// Collector keeps what there is to tell of many runs. Of each it keeps little: what was
// not well, and how long it took. It is for one goroutine.
type Collector struct {
	options Options
	tables  *tables
	facts   map[string]*facts // by the run's name
	gaps    []string
}

// New returns a Collector of nothing.
func New(o Options) *Collector {
	return &Collector{options: o, tables: newTables(), facts: map[string]*facts{}}
}

// Take has a run told to a handler, and keeps what it tells once that has gone well: half a
// run is none. A run that is taken already is not told again.
func (c *Collector) Take(r Run, tell func(report.Handler) error) error {
	if c.facts[r.Name] != nil {
		return nil
	}
	t := &taking{facts: facts{of: r}, tables: c.tables, options: c.options}
	if err := tell(t); err != nil {
		return err
	}
	t.of.Plan, t.of.Wave, t.of.Part = named(r.Plan), named(r.Wave), named(r.Part)
	t.of.Baseline, t.of.Pass = named(r.Baseline), named(r.Pass)
	t.of.Hosts = nil
	c.facts[strings.Clone(r.Name)] = &t.facts
	return nil
}

// CannotTell adds a sentence on what the windows do not tell.
func (c *Collector) CannotTell(sentence string) {
	c.gaps = append(c.gaps, report.CleanLine(sentence))
}

// Taken is how many runs were taken.
func (c *Collector) Taken() int { return len(c.facts) }
