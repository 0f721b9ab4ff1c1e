package suites

// Counts says how much suites come to.
type Counts struct {
	Suites, Hosts, Checks int
	Unasked               []HostList // whose hosts are not among them
}

// Lint finds the problems that Load finds, and keeps nothing of what it has built to
// find them: a fleet's checks take much more memory than what people have written.
func (lib Library) Lint(files []string) (Counts, []Problem) {
	l := newLoader(lib)
	defer l.close()
	l.dry = true
	l.readAll(files)
	_, found := l.finish()
	c := Counts{Suites: len(l.set.Suites), Hosts: len(l.order), Unasked: l.set.Unasked()}
	for _, s := range l.entries {
		for _, h := range s.hosts {
			c.Checks += len(h.built)
		}
	}
	return c, found
}
