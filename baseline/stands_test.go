package baseline

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"gocloud.dev/blob"
	"gocloud.dev/blob/memblob"
)

// A manifest names no file that is there no more.
func TestFinishMissesNoHostSilently(t *testing.T) {
	s := open(t, t.TempDir())
	w := begin(t, s, "before")
	for _, h := range []Host{small(), {Host: "dc01", Checks: []Check{{Check: "c"}}}} {
		if err := w.Put(t.Context(), h); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(s.path("before", hostFile("dc01"))); err != nil {
		t.Fatal(err)
	}
	err := w.Finish(t.Context(), finishedAt(), nil)
	if err == nil || !strings.Contains(err.Error(), `lost the file of host "dc01"`) {
		t.Errorf("got %v", err)
	}
	_, err = s.Read(t.Context(), "before")
	wantDamage(t, err, Unfinished)
	if w, err = s.Resume(t.Context(), head("before")); err != nil || len(w.Stored()) != 1 {
		t.Errorf("taken up: %v, %v", w, err)
	}
}

// A bucket is asked once, before the run is finished.
func TestBucketThatLosesARun(t *testing.T) {
	bucket := memblob.OpenBucket(nil)
	s := Open(Place{Name: "mem://", Open: func(context.Context, bool) (*blob.Bucket, error) { return bucket, nil }})
	w := begin(t, s, "before")
	if err := w.Put(t.Context(), small()); err != nil {
		t.Fatal(err)
	}
	if err := bucket.Delete(t.Context(), key("before", begunName)); err != nil {
		t.Fatal(err)
	}
	err := w.Finish(t.Context(), finishedAt(), nil)
	if lost := (*LostError)(nil); !errors.As(err, &lost) {
		t.Errorf("got %v", err)
	}
}

// What cannot be read now may be whole: taking a run up drops only what it has read.
func TestResumeDropsNothingUnread(t *testing.T) {
	s := cutOff(t)
	file := s.path("before", hostFile("dc01"))
	if err := os.Rename(file, file+".aside"); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(file, "not", "empty"), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(file, "not", "empty", "x"), []byte("x"))
	good := s.path("before", hostFile("ex01.corp.test"))
	if err := os.Rename(good, good+".aside"); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(good+".aside", good); err != nil {
		if runtime.GOOS != "windows" {
			t.Fatal(err)
		}
		t.Skip(err) // Windows lets only some make one
	}
	if _, err := os.Lstat(good); err != nil {
		if runtime.GOOS != "windows" {
			t.Fatal(err)
		}
		t.Skip("the system says that it has made a link, and has made none") // Wine 8
	}
	_, err := s.Resume(t.Context(), head("before"))
	if err == nil || !strings.Contains(err.Error(), "it is no ordinary file") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Lstat(good); err != nil {
		t.Errorf("it was dropped: %v", err)
	}
}

func TestWhereAFileIs(t *testing.T) {
	for name, want := range map[string]string{
		"s3://evidence?region=eu-central-1&prefix=hq/": "s3://evidence/run/begun.json",
		"azblob://evidence":                            "azblob://evidence/run/begun.json",
		"mem://":                                       "mem://run/begun.json",
	} {
		if got := (Place{Name: name}).where("run/begun.json"); got != want {
			t.Errorf("%s: got %s", name, got)
		}
	}
	folder := Place{Name: "file:///x", Folder: filepath.FromSlash("/x")}
	if got := folder.where("run/begun.json"); got != filepath.FromSlash("/x/run/begun.json") {
		t.Errorf("got %s", got)
	}
}
