package baseline

import (
	"cmp"
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"sync"

	"gocloud.dev/blob"
)

// Store is a bucket of snapshots. Several goroutines may use it.
type Store struct {
	name     string
	place    Place
	check    Checker
	mustSign bool

	mu     sync.Mutex
	bucket *blob.Bucket // nil until it is needed
}

// Open names a store. It need not exist until something is read, and is looked for
// only then.
func Open(place Place) *Store { return &Store{name: place.Name, place: place} }

// Name is the store's name as the operator gave it.
func (s *Store) Name() string { return s.name }

// Entry is what stands in a store under the name of a run.
type Entry struct {
	Run      string
	Manifest Manifest // empty unless the run is finished and its manifest is whole
	Cut      bool     // the run was cut off, or is still going
	Err      error    // what is wrong with the manifest
}

// Entries lists all that is in the store, finished runs first, and these oldest
// first. Only manifests are looked at; Read looks at every file of a run.
func (s *Store) Entries(ctx context.Context) ([]Entry, error) {
	names, err := s.names(ctx)
	if err != nil {
		return nil, err
	}
	all := make([]Entry, len(names))
	for i, run := range names {
		all[i].Run = run
		m, err := s.readManifest(ctx, run)
		switch damage := (*Damage)(nil); {
		case err == nil:
			all[i].Manifest = m
		case errors.As(err, &damage) && damage.unfinished:
			all[i].Cut = true
		default:
			all[i].Err = err
		}
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
func (s *Store) Runs(ctx context.Context) ([]Manifest, error) {
	entries, err := s.Entries(ctx)
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
			s.name, strings.Join(cut, ", "))
	}
	return runs, errors.Join(damaged...)
}

// names lists what can be runs.
func (s *Store) names(ctx context.Context) ([]string, error) {
	names, err := s.prefixes(ctx)
	switch {
	case isMissing(err):
		return nil, damaged("", Missing, "there is no store at %q", s.name)
	case err != nil:
		return nil, unreadable("", err, "the store %q cannot be read", s.name)
	case len(names) == 0:
		return nil, lacking("", Empty, "the store %q is empty", s.name)
	}
	return names, nil
}

func (s *Store) prefixes(ctx context.Context) ([]string, error) {
	bucket, err := s.in(ctx, false)
	if err != nil {
		return nil, err
	}
	if s.place.Folder != "" { // its library takes one that cannot be read for empty
		if _, err := os.ReadDir(s.place.Folder); err != nil {
			return nil, err
		}
	}
	var names []string
	for it := bucket.List(&blob.ListOptions{Delimiter: "/"}); ; {
		object, err := it.Next(ctx)
		if errors.Is(err, io.EOF) {
			return names, nil
		}
		if err != nil {
			return nil, err
		}
		name, isFolder := strings.CutSuffix(object.Key, "/")
		if isFolder && checkRun(name) == nil {
			names = append(names, name)
		}
	}
}
