package baseline

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Store is a folder of snapshots, one folder a run.
type Store struct{ dir string }

// Open names a store. The folder need not exist until something is read.
func Open(dir string) (*Store, error) {
	if dir == "" {
		return nil, errors.New("opening the store: no folder given")
	}
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, fmt.Errorf("opening the store: %w", err)
	case !info.IsDir():
		return nil, fmt.Errorf("opening the store %q: it is a file, not a folder", dir)
	}
	return &Store{dir}, nil
}

// Entry is what stands in a store under the name of a run.
type Entry struct {
	Run      string
	Manifest Manifest // empty unless the run is finished and its manifest is whole
	Cut      bool     // the run was cut off, or is still going
	Err      error    // what is wrong with the manifest
}

// Entries lists all that is in the store, finished runs first, and these oldest
// first. Only manifests are looked at; Read looks at every file of a run.
func (s *Store) Entries() ([]Entry, error) {
	names, err := s.names()
	if err != nil {
		return nil, err
	}
	all := make([]Entry, len(names))
	for i, run := range names {
		all[i].Run = run
		if _, err := os.Lstat(s.path(run, manifestName)); errors.Is(err, fs.ErrNotExist) {
			all[i].Cut = true
			continue
		}
		all[i].Manifest, all[i].Err = s.readManifest(run)
	}
	slices.SortStableFunc(all, func(a, b Entry) int {
		if a.finished() != b.finished() {
			return map[bool]int{true: -1, false: 1}[a.finished()]
		}
		m, n := a.Manifest, b.Manifest
		return cmp.Or(m.Finished.Compare(n.Finished), m.Started.Compare(n.Started), strings.Compare(a.Run, b.Run))
	})
	return all, nil
}

func (e Entry) finished() bool { return !e.Cut && e.Err == nil }

// Runs lists the finished runs, oldest first. Runs that were cut off are left
// out. When some have damaged manifests, the rest comes beside the error. A
// store with no finished run is an error too.
func (s *Store) Runs() ([]Manifest, error) {
	entries, err := s.Entries()
	if err != nil {
		return nil, err
	}
	var runs []Manifest
	var cut []string
	var damaged []error
	for _, e := range entries {
		switch {
		case e.Cut:
			cut = append(cut, e.Run)
		case e.Err != nil:
			damaged = append(damaged, e.Err)
		default:
			runs = append(runs, e.Manifest)
		}
	}
	if len(runs) == 0 && len(damaged) == 0 {
		return nil, lacking("", Unfinished, "the store %q holds only runs that were cut off (%s)",
			s.dir, strings.Join(cut, ", "))
	}
	return runs, errors.Join(damaged...)
}

// Latest returns the newest finished run that keep wants. A run with a damaged
// manifest may be the newest: then the answer is an error, not an older run.
func (s *Store) Latest(keep func(Manifest) bool) (Manifest, bool, error) {
	runs, err := s.Runs()
	if err != nil {
		return Manifest{}, false, err
	}
	for _, m := range slices.Backward(runs) {
		if keep(m) {
			return m, true, nil
		}
	}
	return Manifest{}, false, nil
}

// names lists the folders that can be runs.
func (s *Store) names() ([]string, error) {
	entries, err := os.ReadDir(s.dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, damaged("", Missing, "there is no store at %q", s.dir)
	case err != nil:
		return nil, damaged("", Unreadable, "the store %q cannot be read: %s", s.dir, reason(err))
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() && checkRun(e.Name()) == nil {
			names = append(names, e.Name())
		}
	}
	if len(names) == 0 {
		return nil, lacking("", Empty, "the store %q is empty", s.dir)
	}
	return names, nil
}

func (s *Store) path(run string, parts ...string) string {
	return filepath.Join(append([]string{s.dir, run}, parts...)...)
}

// reason leaves the path out of an error that names it already.
func reason(err error) string {
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		return path.Err.Error()
	}
	return err.Error()
}
