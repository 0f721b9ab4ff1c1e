package baseline

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestHostsComeBackAsTheyWere(t *testing.T) {
	hosts := []Host{small()}
	for seed := range uint64(60) {
		name := []string{"a%d", "A%d", "Ä%d", "a/%d", `..\%d`, strings.Repeat("x", 150) + "%d", "con.%d"}[seed%7]
		hosts = append(hosts, randomHost(random(seed), fmt.Sprintf(name, seed)))
	}
	s := stored(t, hosts...)
	snapshot, err := s.Read(t.Context(), "before")
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range hosts {
		got, found, err := snapshot.Host(t.Context(), h.Host)
		if err != nil || !found {
			t.Fatalf("host %q: found %v, %v", h.Host, found, err)
		}
		if diff := same(h, got); diff != "" {
			t.Errorf("host %q: %s", h.Host, diff)
		}
	}
	if _, found, err := snapshot.Host(t.Context(), "ex02"); found || err != nil {
		t.Errorf("a host that is not there: found %v, %v", found, err)
	}
}

func TestManifestIsFilledIn(t *testing.T) {
	h := small()
	h.Readings = nil
	s := stored(t, h, Host{Host: "dc01", Unreachable: "refused", Checks: []Check{{Check: "c"}}, Identity: "a\xff"})
	snapshot, err := s.Read(t.Context(), "before")
	if err != nil {
		t.Fatal(err)
	}
	m := snapshot.Manifest()
	if m.Run != "before" || m.Format != FormatVersion || m.Command != "capture" || len(m.Digest) != 64 {
		t.Errorf("got %+v", m)
	}
	if len(m.Hosts) != 2 || m.Hosts[0].Host != "dc01" || m.Hosts[1].Host != "ex01.corp.test" {
		t.Fatalf("got hosts %+v", m.Hosts)
	}
	if m.Hosts[0].Unseen != 1 || m.Hosts[1].Checks != 3 || m.Hosts[1].Unseen != 1 || m.Hosts[1].Identity != h.Identity {
		t.Errorf("got hosts %+v", m.Hosts)
	}
	m.Hosts[0].Host, m.Suites[0].Name = "x", "x"
	if again := snapshot.Manifest(); again.Hosts[0].Host == "x" || again.Suites[0].Name == "x" {
		t.Error("the caller can change the snapshot's manifest")
	}
}

func TestPutSortsACopy(t *testing.T) {
	h := moved()
	h.Moves[0], h.Moves[6] = h.Moves[6], h.Moves[0]
	h.Readings[0], h.Readings[6] = h.Readings[6], h.Readings[0]
	h.Checks[0], h.Checks[2] = h.Checks[2], h.Checks[0]
	hosts, err := whole(stored(t, h), "before")
	if err != nil {
		t.Fatal(err)
	}
	if diff := same(moved(), hosts[0]); diff != "" {
		t.Error(diff)
	}
	if h.Moves[0].Key.Item != "Spooler" || h.Readings[0].Key.Check != "hq/services" || h.Checks[0].Check != "hq/services" {
		t.Error("the caller's lists were sorted")
	}
}

func TestPutRefuses(t *testing.T) {
	change := func(f func(*Host)) Host { h := small(); f(&h); return h }
	tests := []struct {
		name, want string
		host       Host
	}{
		{"no name", "no host name", Host{}},
		{"a name that is no text", "no host name", Host{Host: "\xff"}},
		{"a reading twice", "twice", change(func(h *Host) { h.Readings[1] = h.Readings[0] })},
		{"a check twice", "twice", change(func(h *Host) { h.Checks[1] = h.Checks[0] })},
		{"a reading without a value", "no value", change(func(h *Host) { h.Readings[3].Value = nil })},
		{"another host's reading", `belongs to host "b"`, change(func(h *Host) { h.Readings[6].Key.Host = "b" })},
		{"an endless error", "at most", change(func(h *Host) { h.Checks[0].Error = strings.Repeat("x", maxLine) })},
	}
	w, err := open(t, t.TempDir()).Create(t.Context(), head("before"))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if err := w.Put(t.Context(), test.host); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("want an error with %q, got %v", test.want, err)
			}
		})
	}
	if err := w.Put(t.Context(), small()); err != nil {
		t.Errorf("a host that was refused cannot be put again: %v", err)
	}
	if err := w.Put(t.Context(), small()); err == nil || !strings.Contains(err.Error(), "stored already") {
		t.Errorf("the same host again: %v", err)
	}
}

func TestPutFromSeveralGoroutines(t *testing.T) {
	s := open(t, t.TempDir())
	w, err := s.Create(t.Context(), head("before"))
	if err != nil {
		t.Fatal(err)
	}
	const hosts, tries = 40, 3
	stored := make([]int, hosts)
	var mu sync.Mutex
	var group sync.WaitGroup
	for i := range hosts * tries {
		group.Go(func() {
			h := randomHost(random(uint64(i%hosts)), fmt.Sprintf("host%d", i%hosts))
			if err := w.Put(t.Context(), h); err == nil {
				mu.Lock()
				stored[i%hosts]++
				mu.Unlock()
			}
		})
	}
	group.Wait()
	for i, n := range stored {
		if n != 1 {
			t.Errorf("host %d was stored %d times", i, n)
		}
	}
	if err := w.Finish(t.Context(), finishedAt(), nil); err != nil {
		t.Fatal(err)
	}
	if err := w.Put(t.Context(), Host{Host: "late"}); err == nil || !strings.Contains(err.Error(), "finished") {
		t.Errorf("a host after the end: %v", err)
	}
	if err := w.Finish(t.Context(), finishedAt(), nil); err == nil || !strings.Contains(err.Error(), "already") {
		t.Errorf("a second end: %v", err)
	}
	snapshot, err := s.Read(t.Context(), "before")
	if err != nil {
		t.Fatal(err)
	}
	for i := range hosts {
		group.Go(func() {
			name := fmt.Sprintf("host%d", i)
			h, found, err := snapshot.Host(t.Context(), name)
			if diff := same(randomHost(random(uint64(i)), name), h); err != nil || !found || diff != "" {
				t.Errorf("%s: %v %v %s", name, found, err, diff)
			}
		})
	}
	group.Wait()
}

func TestCreateRefusesWhatIsThere(t *testing.T) {
	s := stored(t, small())
	before := read(t, s.path("before", manifestName))
	for _, run := range []string{"before", "BEFORE"} {
		_, err := s.Create(t.Context(), head(run))
		want := "baseline before is there already: choose another --name, or take it up with --resume"
		if err == nil || err.Error() != want {
			t.Errorf("want %q, got %v", want, err)
		}
	}
	if string(read(t, s.path("before", manifestName))) != string(before) {
		t.Error("the manifest has changed")
	}
	if _, err := s.Create(t.Context(), head("cut-off")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Create(t.Context(), head("cut-off")); err == nil {
		t.Error("a run that was cut off is overwritten")
	}
}

func TestRunNames(t *testing.T) {
	s := open(t, t.TempDir())
	for _, run := range []string{"a", "azAZ09", "2026-11-10T2000", "A_b.c", strings.Repeat("x", 100)} {
		if _, err := s.Create(t.Context(), head(run)); err != nil {
			t.Errorf("%q: %v", run, err)
		}
	}
	for _, run := range []string{
		"", ".", "..", "../x", "a/b", `a\b`, "-a", ".a", "_a", "a b", "ä", "a\n", "a:b", "con", "NUL.txt", "a.", "a__0x41__",
		strings.Repeat("x", 101),
	} {
		_, err := s.Create(t.Context(), head(run))
		if err == nil || !strings.Contains(err.Error(), "no baseline can be named") {
			t.Errorf("%q: %v", run, err)
		}
		_, err = s.Read(t.Context(), run)
		wantDamage(t, err, Missing, "no baseline can be named")
	}
}

// What a power cut between Put and Finish leaves is never a baseline.
func TestCutOffBeforeFinish(t *testing.T) {
	s := open(t, t.TempDir())
	w, err := s.Create(t.Context(), head("before"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Read(t.Context(), "before")
	wantDamage(t, err, Empty, "baseline before holds nothing", "a new baseline helps only before the patch")
	if err := w.Put(t.Context(), small()); err != nil {
		t.Fatal(err)
	}
	_, err = s.Read(t.Context(), "before")
	wantDamage(t, err, Unfinished, "baseline before was cut off", "a new baseline helps only before the patch")
	_, err = s.Runs(t.Context())
	wantDamage(t, err, Unfinished, "only runs that were cut off (before)")
	_, _, err = s.Latest(t.Context(), tomorrow(), func(Manifest) bool { return true })
	wantDamage(t, err, Unfinished)
}

func TestFinishRefusesARunWithoutHosts(t *testing.T) {
	s := open(t, t.TempDir())
	w, err := s.Create(t.Context(), head("before"))
	if err != nil {
		t.Fatal(err)
	}
	err = w.Finish(t.Context(), finishedAt(), nil)
	if err == nil || !strings.Contains(err.Error(), "no host was stored") {
		t.Errorf("got %v", err)
	}
	_, err = s.Read(t.Context(), "before")
	wantDamage(t, err, Empty)
}

// A manifest that could not be written can be written again.
func TestFinishAfterATrouble(t *testing.T) {
	s := open(t, t.TempDir())
	w, err := s.Create(t.Context(), head("before"))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Put(t.Context(), small()); err != nil {
		t.Fatal(err)
	}
	obstacle := s.path("before", manifestName)
	if err := os.MkdirAll(filepath.Join(obstacle, "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := w.Finish(t.Context(), finishedAt(), nil); err == nil {
		t.Fatal("a folder was overwritten")
	}
	if err := os.RemoveAll(obstacle); err != nil {
		t.Fatal(err)
	}
	if err := w.Finish(t.Context(), finishedAt(), nil); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(s.path("before"))
	if err != nil || len(entries) != 3 {
		t.Errorf("want the beginning, the manifest and the hosts, got %v, %v", entries, err)
	}
	if _, err := s.Read(t.Context(), "before"); err != nil {
		t.Error(err)
	}
}

func TestLatest(t *testing.T) {
	s := open(t, t.TempDir())
	for i, run := range []string{"b-second", "a-third", "c-first"} {
		h := head(run)
		if run == "a-third" {
			h.Command = "verify"
		}
		w, err := s.Create(t.Context(), h)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Put(t.Context(), small()); err != nil {
			t.Fatal(err)
		}
		if err := w.Finish(t.Context(), finishedAt().Add([]time.Duration{2, 3, 1}[i]*time.Hour), nil); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Create(t.Context(), head("cut-off")); err != nil {
		t.Fatal(err)
	}
	var names []string
	runs, err := s.Runs(t.Context())
	for _, m := range runs {
		names = append(names, m.Run)
	}
	if got := strings.Join(names, " "); got != "c-first b-second a-third" || err != nil {
		t.Errorf("got runs %q, %v", got, err)
	}
	captured := func(m Manifest) bool { return m.Command == "capture" }
	if m, found, err := s.Latest(t.Context(), tomorrow(), captured); m.Run != "b-second" || !found || err != nil {
		t.Errorf("got %q, %v, %v", m.Run, found, err)
	}
	if _, found, err := s.Latest(t.Context(), tomorrow(), func(Manifest) bool { return false }); found || err != nil {
		t.Errorf("got %v, %v", found, err)
	}
	// A damaged manifest may be the newest: no older run takes its place.
	write(t, s.path("a-third", manifestName), nil)
	runs, err = s.Runs(t.Context())
	wantDamage(t, err, Truncated, "baseline a-third")
	if len(runs) != 2 {
		t.Errorf("the others are not listed: %v", runs)
	}
	_, found, err := s.Latest(t.Context(), tomorrow(), captured)
	wantDamage(t, err, Truncated)
	if found {
		t.Error("an older run takes the place of a damaged one")
	}
}

func TestCovers(t *testing.T) {
	s := open(t, t.TempDir())
	h := head("before")
	h.Suites = []SuiteInfo{{"sql", "1"}, {"exchange", "2"}}
	w, err := s.Create(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Put(t.Context(), small()); err != nil {
		t.Fatal(err)
	}
	if err := w.Finish(t.Context(), finishedAt(), nil); err != nil {
		t.Fatal(err)
	}
	if got := w.begun.Suites[0].Name; got != "exchange" {
		t.Errorf("the first suite is %s", got)
	}
	if h.Suites[0].Name != "sql" {
		t.Error("the caller's suites were sorted")
	}
	snapshot, err := s.Read(t.Context(), "before")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name    string
		suites  []SuiteInfo
		changed string
		damage  string
	}{
		{"the same", []SuiteInfo{{"exchange", "2"}, {"sql", "1"}}, "", ""},
		{"one of two", []SuiteInfo{{"exchange", "2"}}, "", ""},
		{"changed", []SuiteInfo{{"sql", "7"}, {"exchange", "8"}}, "exchange sql", ""},
		{"another", []SuiteInfo{{"sql", "7"}, {"web", "1"}}, "", "baseline before was captured with suites exchange, sql, not web"},
		{"another case is another suite", []SuiteInfo{{"SQL", "1"}}, "", "not SQL"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			changed, err := snapshot.Covers(test.suites)
			if got := strings.Join(changed, " "); got != test.changed {
				t.Errorf("want %q changed, got %q", test.changed, got)
			}
			if test.damage != "" {
				wantDamage(t, err, OtherSuite, test.damage, "helps only before the patch")
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

func TestDamageIsFoundByType(t *testing.T) {
	_, err := open(t, filepath.Join(t.TempDir(), "none")).Read(t.Context(), "before")
	var damage *Damage
	if wrapped := fmt.Errorf("verifying: %w", err); !errors.As(wrapped, &damage) || damage.Kind != Missing {
		t.Errorf("got %v", err)
	}
}

// Finished runs come before all else that the store has, whatever they are called.
func TestEntriesBeginWithWhatIsFinished(t *testing.T) {
	s := open(t, t.TempDir())
	begin(t, s, "a-cut-off")
	for _, run := range []string{"b-damaged", "c-whole", "d-damaged", "e-whole"} {
		finish(t, s, run, small())
	}
	write(t, s.path("b-damaged", manifestName), nil)
	write(t, s.path("d-damaged", manifestName), nil)
	entries, err := s.Entries(t.Context())
	var names []string
	for _, e := range entries {
		names = append(names, e.Run)
	}
	if got := strings.Join(names, " "); got != "c-whole e-whole a-cut-off b-damaged d-damaged" || err != nil {
		t.Errorf("got %s, %v", got, err)
	}
}

// A host that is still being stored is waited for.
func TestFinishWhileAHostIsStored(t *testing.T) {
	w := begin(t, open(t, t.TempDir()), "before")
	if err := w.Put(t.Context(), small()); err != nil {
		t.Fatal(err)
	}
	if err := w.reserve("ex02"); err != nil {
		t.Fatal(err)
	}
	err := w.Finish(t.Context(), finishedAt(), nil)
	if want := "finishing baseline before: 1 hosts are still being stored"; err == nil || err.Error() != want {
		t.Errorf("want %q, got %v", want, err)
	}
}

// A host that a run has is read as it was stored, or not at all.
func TestAHostThatHasChanged(t *testing.T) {
	s := cutOff(t)
	w, err := s.Resume(t.Context(), head("before"))
	if err != nil {
		t.Fatal(err)
	}
	h, found, err := w.Host(t.Context(), "dc01")
	if h.Host != "dc01" || !found || err != nil {
		t.Fatalf("got %v, %v, %v", h, found, err)
	}
	data, err := w.pack(Host{Host: "dc01"})
	if err != nil {
		t.Fatal(err)
	}
	write(t, s.path("before", hostFile("dc01")), data)
	_, found, err = w.Host(t.Context(), "dc01")
	if want := `reading host "dc01" of run before: its file has changed`; found || err == nil || err.Error() != want {
		t.Errorf("want %q, got %v, %v", want, found, err)
	}
}

func TestSortSortsAllLists(t *testing.T) {
	h := moved()
	slices.Reverse(h.Checks)
	slices.Reverse(h.Readings)
	slices.Reverse(h.Moves)
	h.Sort()
	if d := cmp.Diff(moved(), h); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
