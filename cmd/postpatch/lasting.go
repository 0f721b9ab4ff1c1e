package main

import "postpatch/runner/report"

// lasting is a view on stdout that ends no run: whoever reads it may have gone, and the disk
// that it goes to may be full, but the hosts have to be asked and judged all the same. It
// is told no more then, and says why when the run is over.
type lasting struct {
	view report.Handler
	err  error
}

// lastingly makes views lasting.
func lastingly(views []report.Handler) []report.Handler {
	all := make([]report.Handler, len(views))
	for i, v := range views {
		all[i] = &lasting{view: v}
	}
	return all
}

// Start implements report.Handler.
func (s *lasting) Start(r report.Run) error {
	s.err = s.view.Start(r)
	return nil
}

// Host implements report.Handler.
func (s *lasting) Host(h report.Host) error {
	if s.err == nil {
		s.err = s.view.Host(h)
	}
	return nil
}

// Finish implements report.Handler.
func (s *lasting) Finish(sum report.Summary) error {
	if s.err == nil {
		s.err = s.view.Finish(sum)
	}
	return s.err
}
