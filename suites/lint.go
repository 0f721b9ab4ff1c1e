package suites

import "postpatch/probes"

// Counts says how much suites come to.
type Counts struct{ Suites, Hosts, Checks int }

// Lint finds the problems that Load finds, and keeps nothing of what it has built to
// find them: a fleet's checks take much more memory than what people have written.
func Lint(files []string, kinds []probes.Kind) (Counts, []Problem) {
	l := newLoader(kinds)
	l.dry = true
	l.readAll(files)
	_, found := l.finish()
	c := Counts{Suites: len(l.set.Suites), Hosts: len(l.order)}
	for _, s := range l.entries {
		for _, h := range s.hosts {
			c.Checks += len(h.built)
		}
	}
	return c, found
}
