package junit

import (
	"encoding/xml"
	"fmt"
	"io"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/jstemmer/go-junit-report/v2/junit"

	"postpatch/runner/report"
)

// fleet is a run of very many checks, of which one in fifty fails.
type fleet struct{ hosts, checks int }

func (f fleet) host(i int) report.Host {
	h := report.Host{
		Host: fmt.Sprintf("srv-%05d.corp.example.org", i), Started: time.Unix(1.7e9, 0), Took: time.Second,
		Checks: make([]report.Check, f.checks),
	}
	for k := range h.Checks {
		c := report.Check{
			ID: fmt.Sprintf("service/App%02d", k), Suite: "base", Kind: "service", Outcome: report.Passed,
			Took: time.Duration(k) * time.Millisecond, File: "base.suite.yaml", Line: k,
		}
		if k%50 == 7 {
			c.Outcome, c.Failing = report.Regressed, true
			c.Findings = []report.Finding{{
				Item: c.ID[8:], Reading: "state", Outcome: report.Regressed, Before: "running", Now: "stopped",
				HasBefore: true, HasNow: true, Wanted: "expected running",
			}}
		}
		h.Checks[k] = c
	}
	return h
}

// play gives a view a run that costs nothing to make: one host again and again, under new
// names.
func (f fleet) play(tb testing.TB, v report.Handler) {
	tb.Helper()
	template := f.host(0)
	if err := v.Start(report.Run{Command: "verify", Name: "march", Checks: f.hosts * f.checks}); err != nil {
		tb.Fatal(err)
	}
	for i := range f.hosts {
		template.Host = fmt.Sprintf("srv-%05d.corp.example.org", i)
		if err := v.Host(template); err != nil {
			tb.Fatal(err)
		}
	}
	if err := v.Finish(report.Summary{Took: time.Minute}); err != nil {
		tb.Fatal(err)
	}
}

// rewritable is a file.
type rewritable struct{ *os.File }

func (r rewritable) FillIn(begin []byte) error {
	_, err := r.WriteAt(begin, 0)
	return err
}

// models is a view that makes the same cases, and has somebody else write them.
type models struct {
	writer
	add   func(junit.Testsuite, []testcase)
	close func() error
}

func (m *models) Start(r report.Run) error {
	m.run = r
	return nil
}

func (m *models) Host(h report.Host) error {
	m.names.enter(h.Host)
	s := junit.Testsuite{Name: h.Host, Hostname: h.Host, Time: seconds(h.Took), Timestamp: timestamp(h.Started)}
	var all []testcase
	for _, e := range m.sort(&h) {
		var tc testcase
		m.fill(&tc, &h, e)
		all = append(all, tc)
	}
	m.properties(&s, &h, nil)
	m.add(s, all)
	return nil
}

func (m *models) Finish(report.Summary) error { return m.close() }

// theTree is what the package of the types does with them.
func theTree(w io.Writer) report.Handler {
	var tree junit.Testsuites
	return &models{
		add: func(s junit.Testsuite, all []testcase) {
			for _, tc := range all {
				s.AddTestcase(tc.Testcase)
			}
			tree.AddSuite(s)
		},
		close: func() error { return tree.WriteXML(w) },
	}
}

// byCase is package encoding/xml, a case at a time.
func byCase(w io.Writer) report.Handler {
	enc := xml.NewEncoder(w)
	return &models{
		add: func(_ junit.Testsuite, all []testcase) {
			for i := range all {
				if err := enc.EncodeElement(&all[i], xml.StartElement{Name: xml.Name{Local: "testcase"}}); err != nil {
					panic(err)
				}
			}
		},
		close: enc.Flush,
	}
}

// peak is the largest heap while f runs.
func peak(f func()) (bytes uint64) {
	runtime.GC()
	stop, done := make(chan struct{}), make(chan uint64)
	go func() {
		var most uint64
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapInuse)
			select {
			case <-stop:
				done <- most
				return
			case <-tick.C:
			}
		}
	}()
	f()
	close(stop)
	return <-done
}

// BenchmarkHalfAMillionCases writes them to a file in three ways: ours, the tree of the
// types' own package, and encoding/xml case by case.
func BenchmarkHalfAMillionCases(b *testing.B) {
	f := fleet{10_000, 50}
	measure := func(view func(io.Writer) report.Handler) (s, mb float64) {
		file, err := os.CreateTemp(b.TempDir(), "")
		if err != nil {
			b.Fatal(err)
		}
		defer func() { _ = file.Close() }()
		heap := peak(func() {
			begin := time.Now()
			f.play(b, view(rewritable{file}))
			s = time.Since(begin).Seconds()
		})
		return s, float64(heap) / 1e6
	}
	for b.Loop() {
		ours, oursMB := measure(func(w io.Writer) report.Handler { return New(w, Options{}) })
		tree, treeMB := measure(theTree)
		xmls, xmlsMB := measure(byCase)
		b.ReportMetric(ours, "s")
		b.ReportMetric(oursMB, "MB")
		b.ReportMetric(tree/ours, "tree/ours-s")
		b.ReportMetric(treeMB/oursMB, "tree/ours-MB")
		b.ReportMetric(xmls/ours, "xml/ours-s")
		b.ReportMetric(xmlsMB/oursMB, "xml/ours-MB")
	}
}

// TestMemoryIsThatOfAHost: what is kept does not grow with the run.
func TestMemoryIsThatOfAHost(t *testing.T) {
	kept := func(hosts int) int {
		to := &sink{at: hosts * 4000} // of its nearly 6000 bytes a host
		(fleet{hosts, 50}).play(t, New(to, Options{}))
		if to.heap == 0 {
			t.Fatal("nothing was measured")
		}
		return to.heap
	}
	few := kept(100)
	if many := kept(3000); many > few+1<<20 {
		t.Errorf("%d bytes are kept of 3000 hosts, and %d of 100", many, few)
	}
}

// sink measures what is kept when so many bytes are written.
type sink struct{ written, at, heap int }

func (s *sink) Write(p []byte) (int, error) {
	if s.written += len(p); s.heap == 0 && s.written > s.at {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		s.heap = int(m.HeapAlloc)
	}
	return len(p), nil
}

func (s *sink) FillIn([]byte) error { return nil }
