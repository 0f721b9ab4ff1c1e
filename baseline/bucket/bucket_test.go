package bucket_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"postpatch/baseline"
	"postpatch/baseline/bucket"
	"postpatch/probes/fact"
)

func TestStoresThatAreHere(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	t.Setenv("TMPDIR", filepath.Join(dir, "none")) // what is written stands beside its own place from the first
	names := []string{"mem://", "evidence", filepath.Join(dir, "other", "evidence"), "file://./third"}
	folders := []string{"evidence", "other/evidence", "third"}
	if runtime.GOOS != "windows" {
		names, folders = append(names, "file://"+dir+"/fourth"), append(folders, "fourth")
	}
	for _, name := range names {
		place, err := bucket.At(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		keeps(t, baseline.Open(place))
		if name == "mem://" {
			continue // which ends with who has it
		}
		if _, err := baseline.Open(place).Read(t.Context(), "before"); err != nil {
			t.Errorf("%s, by somebody else: %v", name, err)
		}
	}
	for _, folder := range folders {
		if _, err := os.Stat(filepath.Join(dir, folder, "before", "manifest.json")); err != nil {
			t.Errorf("%s: %v", folder, err)
		}
	}
}

// keeps holds a store against what every store has to do.
func keeps(t *testing.T, s *baseline.Store) {
	t.Helper()
	ctx := t.Context()
	head := baseline.Head{Run: "before", Command: "capture", Started: time.Unix(1, 0)}
	host := baseline.Host{Host: "web01", Checks: []baseline.Check{{Check: "hq/os", Kind: "os"}}, Readings: []fact.Reading{
		{Key: fact.Key{Host: "web01", Check: "hq/os", Name: "build"}, Value: fact.Text("20348")},
	}}
	var damage *baseline.Damage
	if _, err := s.Read(ctx, "before"); !errors.As(err, &damage) {
		t.Errorf("%s: a run that is not there: %v", s.Name(), err)
	}
	w, err := s.Create(ctx, head)
	if err != nil {
		t.Errorf("%s: %v", s.Name(), err)
		return
	}
	if err := w.Put(ctx, host); err != nil {
		t.Errorf("%s: %v", s.Name(), err)
	}
	if _, err := s.Create(ctx, head); err == nil {
		t.Errorf("%s: a run that is there is begun again", s.Name())
	}
	if _, err := s.Read(ctx, "before"); !errors.As(err, &damage) || damage.Kind != baseline.Unfinished {
		t.Errorf("%s: a run that is not finished: %v", s.Name(), err)
	}
	again, err := s.Resume(ctx, head)
	if err != nil || len(again.Stored()) != 1 {
		t.Errorf("%s: taken up: %v", s.Name(), err)
	}
	if err := again.Finish(ctx, time.Unix(2, 0), nil); err != nil {
		t.Errorf("%s: %v", s.Name(), err)
	}
	if err := w.Finish(ctx, time.Unix(3, 0), nil); err == nil {
		t.Errorf("%s: a manifest is written twice", s.Name())
	}
	snapshot, err := s.Read(ctx, "before")
	if err != nil {
		t.Errorf("%s: %v", s.Name(), err)
		return
	}
	got, found, err := snapshot.Host(ctx, "web01")
	if !found || err != nil || len(got.Readings) != 1 || got.Readings[0] != host.Readings[0] {
		t.Errorf("%s: %+v, %v, %v", s.Name(), got, found, err)
	}
	if err := s.Remove(ctx, "before"); err != nil {
		t.Errorf("%s: %v", s.Name(), err)
	}
	if _, err := s.Read(ctx, "before"); !errors.As(err, &damage) {
		t.Errorf("%s: a run that was removed: %v", s.Name(), err)
	}
	w, err = s.Create(ctx, head) // is used below
	if err != nil || w.Put(ctx, host) != nil || w.Finish(ctx, time.Unix(4, 0), nil) != nil {
		t.Errorf("%s: the name cannot be used again: %v", s.Name(), err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("%s: %v", s.Name(), err)
	}
}

func TestNoStores(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"":                            "no folder given",
		file:                          "is a file, not a folder",
		"ftp://x":                     "want a folder, s3://NAME",
		"s3://":                       "want s3://NAME",
		"azblob://?prefix=x":          "want azblob://NAME",
		"file://server/x":             "want file:///path",
		"s3://AKIA:sesame@bucket":     "no user or password",
		"s3://AKIA:sesame@bucket\x7f": "no URL",
	} {
		_, err := bucket.At(name)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: want %q, got %v", name, want, err)
		} else if strings.Contains(err.Error(), "sesame") {
			t.Errorf("%q: the password is told: %v", name, err)
		}
	}
}
