package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/baseline"
	"postpatch/baseline/bucket"
	"postpatch/suites"
)

// lookedBack is a store of this test.
type lookedBack struct {
	*testing.T
	store *baseline.Store
	at    time.Time // the next run is begun then
}

// run stores a run that takes ten minutes, begun an hour after the one before.
func (l *lookedBack) run(name, command, of, pass string, finish bool) {
	l.Helper()
	w, err := l.store.Create(l.Context(), baseline.Head{
		Run: name, Command: command, Baseline: of, Pass: pass, Started: l.at,
		Suites: []baseline.SuiteInfo{{Name: "s", Digest: "1"}},
	})
	if err != nil {
		l.Fatal(err)
	}
	h := baseline.Host{Host: "srv01", Identity: name, Checks: []baseline.Check{{Check: "s/os", Kind: "os"}}}
	if err := w.Put(l.Context(), h); err != nil {
		l.Fatal(err)
	}
	if finish {
		if err := w.Finish(l.Context(), l.at.Add(10*time.Minute), nil); err != nil {
			l.Fatal(err)
		}
	}
	l.at = l.at.Add(time.Hour)
}

// A pass is held against the passes of its own baseline that were finished before it, in
// their order, and against the settled pass of the window before: nothing else.
func TestLookBack(t *testing.T) {
	place, err := bucket.At("mem://")
	if err != nil {
		t.Fatal(err)
	}
	l := &lookedBack{T: t, store: baseline.Open(place), at: time.Date(2026, 9, 8, 20, 0, 0, 0, time.UTC)}
	t.Cleanup(func() { _ = l.store.Close() })
	l.run("sep", "capture", "", "", true)
	l.run("sep-settled", "verify", "sep", "settled", true)
	l.run("oct", "capture", "", "", true)
	l.run("oct-settled", "verify", "oct", "settled", true)
	l.run("oct-late", "verify", "oct", "late", true) // has no times of its own window to tell
	l.run("nov", "capture", "", "", true)
	l.run("nov-plain", "verify", "nov", "", true)          // no pass
	l.run("nov-cut", "verify", "nov", "settled", false)    // not finished
	l.run("nov-settled", "verify", "nov", "settled", true) // before the early one, by mistake
	l.run("nov-early", "verify", "nov", "early", true)
	now := l.at
	l.run("nov-late", "verify", "nov", "late", true)
	l.run("nov-later", "verify", "nov", "settled", true)
	settle := suites.DefaultSettle()
	for _, c := range []struct {
		name, baseline string
		pass           suites.Pass
		at             time.Time
		earlier        []string
		window         string
	}{
		{"late", "nov", suites.PassLate, now, []string{"nov-early", "nov-settled"}, "oct-settled"},
		{
			"late once more", "nov", suites.PassLate, l.at,
			[]string{"nov-early", "nov-settled", "nov-later", "nov-late"},
			"oct-settled",
		},
		{"settled", "nov", suites.PassSettled, now, []string{"nov-early"}, "oct-settled"},
		{"early", "nov", suites.PassEarly, now, nil, "oct-settled"},
		{"the first window", "sep", suites.PassLate, now.Add(-12 * time.Hour), nil, ""},
		{"without a pass", "nov", "", now, nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := lookBack(t.Context(), l.store, moment{c.baseline, c.pass, c.at}, settle)
			if err != nil {
				t.Fatal(err)
			}
			var earlier []string
			for _, e := range p.earlier {
				earlier = append(earlier, e.Run)
				if h, ok := e.Host("SRV01"); !ok || h.Identity != e.Run || h.Host != "SRV01" {
					t.Errorf("%s: host %+v, %v", e.Run, h, ok)
				}
				if _, ok := e.Host("srv02"); ok {
					t.Errorf("%s has a host that it has not", e.Run)
				}
			}
			window := ""
			if p.window != nil {
				window = p.window.Run
				if p.window.Slower != settle.Slower {
					t.Errorf("slower by %v%%", p.window.Slower)
				}
			}
			if diff := cmp.Diff(c.earlier, earlier); diff != "" || window != c.window {
				t.Errorf("window %q, want %q; earlier (-want +got):\n%s", window, c.window, diff)
			}
		})
	}
}

// A run that cannot be read may be a pass of this window: the reader is told.
func TestLookBackAtADamagedRun(t *testing.T) {
	folder := t.TempDir()
	place, err := bucket.At(folder)
	if err != nil {
		t.Fatal(err)
	}
	l := &lookedBack{T: t, store: baseline.Open(place), at: time.Date(2026, 9, 8, 20, 0, 0, 0, time.UTC)}
	t.Cleanup(func() { _ = l.store.Close() })
	l.run("nov", "capture", "", "", true)
	l.run("nov-settled", "verify", "nov", "settled", true)
	write(t, folder+"/nov-settled/manifest.json", "{}\n")
	p, err := lookBack(t.Context(), l.store, moment{"nov", suites.PassLate, l.at}, suites.DefaultSettle())
	if err != nil || len(p.earlier) > 0 || !strings.Contains(strings.Join(p.notes, "\n"), "nov-settled") {
		t.Errorf("%v, earlier %v, notes %q", err, p.earlier, p.notes)
	}
}
