package baseline

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// cutOff leaves a run with two hosts and no manifest.
func cutOff(t *testing.T) *Store {
	t.Helper()
	s := open(t, filepath.Join(t.TempDir(), "evidence"))
	w := begin(t, s, "before")
	for _, h := range []Host{small(), {Host: "dc01", Checks: []Check{{Check: "c"}}}} {
		if err := w.Put(t.Context(), h); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func TestResumeKeepsWhatIsWhole(t *testing.T) {
	s := cutOff(t)
	half := s.path("before", hostFile("dc01"))
	write(t, half, read(t, half)[:20])
	litter := s.path("before", hostFile("ex01.corp.test")+".18a2f.tmp")
	write(t, litter, []byte("half"))
	h := head("before")
	h.Started = h.Started.Add(time.Hour)
	w, err := s.Resume(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"ex01.corp.test"}, w.Stored()); diff != "" {
		t.Errorf("kept: %s", diff)
	}
	got, found, err := w.Host(t.Context(), "ex01.corp.test")
	if diff := same(small(), got); !found || err != nil || diff != "" {
		t.Errorf("found %v, %v: %s", found, err, diff)
	}
	if _, found, err := w.Host(t.Context(), "dc01"); found || err != nil {
		t.Errorf("a host that was dropped: found %v, %v", found, err)
	}
	if err := w.Put(t.Context(), small()); !errors.Is(err, errTaken) {
		t.Errorf("a host that the run has can be put: %v", err)
	}
	if err := w.Put(t.Context(), Host{Host: "dc01", Checks: []Check{{Check: "d"}}}); err != nil {
		t.Fatal(err)
	}
	if err := w.Finish(t.Context(), finishedAt(), nil); err != nil {
		t.Fatal(err)
	}
	hosts, err := whole(s, "before")
	if err != nil || len(hosts) != 2 || hosts[0].Checks[0].Check != "d" {
		t.Errorf("got %+v, %v", hosts, err)
	}
	m, err := s.readManifest(t.Context(), "before")
	if err != nil || !m.Started.Equal(head("").Started) || len(m.Resumed) != 1 || !m.Resumed[0].Equal(h.Started) {
		t.Errorf("got %+v, %v", m, err)
	}
}

// A try that was killed after its last step is over all the same.
func TestResumeOfAFinishedRun(t *testing.T) {
	s := stored(t, small())
	before := read(t, s.path("before", manifestName))
	w, err := s.Resume(t.Context(), head("before"))
	if err != nil {
		t.Fatal(err)
	}
	at, finished := w.Finished()
	if !finished || !at.Equal(finishedAt()) || len(w.Stored()) != 1 {
		t.Errorf("got %v, %v, %v", at, finished, w.Stored())
	}
	if err := w.Put(t.Context(), Host{Host: "late"}); err == nil {
		t.Error("a finished run takes hosts")
	}
	if err := w.Finish(t.Context(), finishedAt(), nil); err == nil {
		t.Error("a finished run is finished again")
	}
	if !bytes.Equal(before, read(t, s.path("before", manifestName))) {
		t.Error("its manifest has changed")
	}
}

func TestResumeBeginsWhatIsNotThere(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "evidence"))
	w, err := s.Resume(t.Context(), head("before"))
	if err != nil || len(w.Stored()) > 0 {
		t.Fatalf("got %v", err)
	}
}

// Killed before it had said what it was to be.
func TestResumeOfWhatHasNotBegun(t *testing.T) {
	s := cutOff(t)
	for name, file := range map[string]string{"other": begunName + ".18a2f.tmp", "old": "hosts/x.jsonl.zst"} {
		if err := os.MkdirAll(filepath.Dir(s.path(name, file)), 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, s.path(name, file), []byte("half"))
		if _, err := s.Resume(t.Context(), head(name)); (err == nil) != (name == "other") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestResumeRefusesAnotherRun(t *testing.T) {
	for name, change := range map[string]func(*Head){
		"its command was":          func(h *Head) { h.Command = "verify" },
		"its baseline was":         func(h *Head) { h.Baseline = "x" },
		"its plan was":             func(h *Head) { h.Plan = "x" },
		"suite hq has changed":     func(h *Head) { h.Suites = []SuiteInfo{{Name: "hq", Digest: "other"}} },
		"begun with suite hq":      func(h *Head) { h.Suites = append(h.Suites, SuiteInfo{Name: "sql"}) },
		"with other hosts or chec": func(h *Head) { h.Asked = "other" },
	} {
		s, h := cutOff(t), head("before")
		change(&h)
		_, err := s.Resume(t.Context(), h)
		if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "choose another --name") {
			t.Errorf("want %q, got %v", name, err)
		}
	}
}

// Of two that begin a run at the same moment, one loses, at the latest when it
// finishes.
func TestTwoThatBeginOneRun(t *testing.T) {
	s := cutOff(t)
	w := begin(t, s, "other")
	if err := w.Put(t.Context(), small()); err != nil {
		t.Fatal(err)
	}
	write(t, s.path("other", begunName), bytes.ReplaceAll(
		read(t, s.path("before", begunName)), []byte("before"), []byte("other")))
	if err := w.Finish(t.Context(), finishedAt(), nil); err == nil {
		t.Error("both finish the run")
	}
	if _, err := s.Read(t.Context(), "other"); err == nil {
		t.Error("it counts")
	}
}

// Whatever happens to a file of a run that was cut off: resuming it is refused, or
// drops that host, or keeps it as it was.
func TestResumeAfterEveryDamage(t *testing.T) {
	s := cutOff(t)
	for _, file := range []string{begunName, hostFile("ex01.corp.test")} {
		path := s.path("before", filepath.FromSlash(file))
		good := read(t, path)
		try := func(data []byte, what string, at int) {
			write(t, path, data)
			defer write(t, path, good)
			w, err := s.Resume(t.Context(), head("before"))
			if err != nil {
				return
			}
			if file == begunName {
				t.Errorf("%s %d of %s goes unseen", what, at, file)
			}
			h, found, err := w.Host(t.Context(), "ex01.corp.test")
			if err != nil || found && same(small(), h) != "" {
				t.Errorf("%s %d of %s goes unseen: %v %s", what, at, file, err, same(small(), h))
			}
			if _, err := os.Stat(path); !found && err == nil {
				t.Errorf("%s %d of %s stays", what, at, file)
			}
		}
		for i := range good {
			for _, flip := range []byte{0x01, 0x20, 0x80} {
				bad := bytes.Clone(good)
				bad[i] ^= flip
				try(bad, "flipped byte", i)
			}
			try(good[:i], "cut at", i)
		}
		try(append(bytes.Clone(good), '\n'), "longer than", len(good))
	}
}

func TestBegunListsWhatWasCutOff(t *testing.T) {
	s := cutOff(t)
	finish(t, s, "finished", small())
	later := head("later")
	later.Started = later.Started.Add(time.Hour)
	if _, err := s.Create(t.Context(), later); err != nil {
		t.Fatal(err)
	}
	heads, err := s.Begun(t.Context())
	if err != nil || len(heads) != 2 || heads[0].Run != "later" || heads[1].Run != "before" {
		t.Errorf("got %+v, %v", heads, err)
	}
	for run, want := range map[string]bool{"before": true, "finished": true, "nowhere": false} {
		if h, found, err := s.Head(t.Context(), run); found != want || err != nil || found && h.Run != run {
			t.Errorf("%s: %+v, %v, %v", run, h, found, err)
		}
	}
}
