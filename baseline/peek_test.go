package baseline

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
)

// everyFile is all that a store holds, by its path.
func everyFile(t *testing.T, s *Store) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(s.place.Folder, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			all[path] = string(read(t, path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestPeekReadsWhatIsWholeAndChangesNothing(t *testing.T) {
	s := cutOff(t)
	half := s.path("before", hostFile("dc01"))
	write(t, half, read(t, half)[:20])
	write(t, s.path("before", hostFile("ex02")+".18a2f.tmp"), []byte("half"))
	before := everyFile(t, s)
	g, err := s.Peek(t.Context(), "before")
	if err != nil {
		t.Fatal(err)
	}
	if g.Head().Run != "before" || g.Head().Command != "capture" {
		t.Errorf("head: %+v", g.Head())
	}
	got, found, err := g.Host(t.Context(), "ex01.corp.test")
	if diff := same(small(), got); !found || err != nil || diff != "" {
		t.Errorf("found %v, %v: %s", found, err, diff)
	}
	for name, why := range map[string]string{
		"dc01": "half a file is no host", "ex02": "a file that has no name yet is none", "ex03": "it is not there",
	} {
		if _, found, err := g.Host(t.Context(), name); found || err != nil {
			t.Errorf("%s: found %v, %v; %s", name, found, err, why)
		}
	}
	if at, ok := g.Written("ex01.corp.test"); !ok || time.Since(at) > time.Hour || at.After(time.Now()) {
		t.Errorf("written at %v, %v", at, ok)
	}
	if _, ok := g.Written("ex02"); ok {
		t.Error("a file that has no name yet is written")
	}
	if diff := cmp.Diff(before, everyFile(t, s)); diff != "" {
		t.Errorf("the store has changed: %s", diff)
	}
}

func TestPeekKnowsNoCaseAndNoOtherHosts(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "evidence"))
	w := begin(t, s, "now")
	long := strings.Repeat("X", 150)
	names := []string{"SRV-SQL-01", "web01", "a/b", long}
	for _, name := range names {
		if err := w.Put(t.Context(), Host{Host: name, Checks: []Check{{Check: "c"}}}); err != nil {
			t.Fatal(err)
		}
	}
	other := s.path("now", hostFile("web02")) // copied by somebody
	write(t, other, read(t, s.path("now", hostFile("web01"))))
	g, err := s.Peek(t.Context(), "now")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		for _, as := range []string{name, strings.ToLower(name), strings.ToUpper(name)} {
			if h, found, err := g.Host(t.Context(), as); !found || err != nil || h.Host != name {
				t.Errorf("%.20s as %.20s: found %v, %v, %.20q", name, as, found, err, h.Host)
			}
		}
	}
	for _, name := range []string{"web02", "srv-sql-02", "srv-sql", long + "y"} {
		if _, found, err := g.Host(t.Context(), name); found || err != nil {
			t.Errorf("%.20s: found %v, %v", name, found, err)
		}
	}
}

func TestPeekOfAFinishedRun(t *testing.T) {
	s := stored(t, small())
	g, err := s.Peek(t.Context(), "before")
	if err != nil {
		t.Fatal(err)
	}
	if _, found, err := g.Host(t.Context(), small().Host); !found || err != nil {
		t.Errorf("found %v, %v", found, err)
	}
}

func TestPeekTellsDamage(t *testing.T) {
	s := cutOff(t)
	begun := s.path("before", begunName)
	_, err := s.Peek(t.Context(), "../before")
	wantDamage(t, err, Missing, "no baseline can be named")
	whole := read(t, begun)
	write(t, begun, whole[:40])
	_, err = s.Peek(t.Context(), "before")
	wantDamage(t, err, Truncated, "the beginning of baseline before is cut short")
	if err := os.Remove(begun); err != nil {
		t.Fatal(err)
	}
	_, err = s.Peek(t.Context(), "before")
	wantDamage(t, err, Unfinished, "nothing tells what it was to be")
	write(t, begun, whole)
	encoder, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	later := fmt.Sprintf(`{"host":"dc01","format":%d,"more":1}`+"\n", FormatVersion+1)
	write(t, s.path("before", hostFile("dc01")), encoder.EncodeAll([]byte(later), nil))
	g, err := s.Peek(t.Context(), "before")
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = g.Host(t.Context(), "dc01")
	if err == nil || !strings.Contains(err.Error(), "is newer than this program") {
		t.Errorf("a host of a later version: %v", err)
	}
}

// A host that somebody drops while it is looked for is none.
func TestPeekOfWhatIsDroppedMeanwhile(t *testing.T) {
	s := cutOff(t)
	g, err := s.Peek(t.Context(), "before")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(s.path("before", hostFile("dc01"))); err != nil {
		t.Fatal(err)
	}
	if _, found, err := g.Host(t.Context(), "dc01"); found || err != nil {
		t.Errorf("found %v, %v", found, err)
	}
}
