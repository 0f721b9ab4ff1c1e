package baseline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"gocloud.dev/blob"
)

// Glimpse is what a run has at one moment, whether it is finished, going on or was cut
// off. Several goroutines may use it.
type Glimpse struct {
	store *Store
	head  Head
	files map[string]time.Time // when each was written, by its key
	stems map[string][]string  // the keys by what names that differ in case alone share
}

// Peek looks at what a run has of hosts, and changes nothing: unlike Resume it leaves
// files that are not whole where they are. What is wrong with the run's beginning is a
// Damage. Nothing tells whether a file of a run that is not finished was edited: only a
// manifest has digests.
func (s *Store) Peek(ctx context.Context, run string) (*Glimpse, error) {
	if err := checkRun(run); err != nil {
		return nil, &Damage{Run: run, Kind: Missing, Msg: err.Error()}
	}
	b, err := s.readBegun(ctx, run)
	if err != nil {
		return nil, err
	}
	files, err := s.written(ctx, key(run, hostsFolder)+"/")
	if err != nil && !isMissing(err) {
		return nil, fmt.Errorf("looking into run %s: %s", run, reason(err))
	}
	g := &Glimpse{store: s, head: b.Head, files: files, stems: make(map[string][]string, len(files))}
	for file := range files {
		g.stems[stem(file)] = append(g.stems[stem(file)], file)
	}
	return g, nil
}

// written lists the files whose keys begin with a prefix, with when they were written.
func (s *Store) written(ctx context.Context, prefix string) (map[string]time.Time, error) {
	bucket, err := s.in(ctx, false)
	if err != nil {
		return nil, err
	}
	files := map[string]time.Time{}
	for it := bucket.List(&blob.ListOptions{Prefix: prefix}); ; {
		object, err := it.Next(ctx)
		switch {
		case errors.Is(err, io.EOF):
			return files, nil
		case err != nil:
			return nil, err
		case !isLitter(object.Key):
			files[object.Key] = object.ModTime
		}
	}
}

// Head is what the run was begun as.
func (g *Glimpse) Head() Head { return g.head }

// Written says when the file of a host was written, by the clock of what keeps the
// store. Case does not count in the name. It is not ok when there is no such file; that
// there is one does not mean that it is whole.
func (g *Glimpse) Written(host string) (at time.Time, ok bool) {
	for _, file := range g.filesOf(host) {
		at, ok = later(at, g.files[file]), true
	}
	return at, ok
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// Host reads a host under the name that it is stored by. Case does not count in the
// name. It is not ok when the run has no such host, or only a file that is not whole:
// it is being written, or was cut off.
func (g *Glimpse) Host(ctx context.Context, name string) (h Host, ok bool, err error) {
	for _, file := range g.filesOf(name) {
		data, err := g.store.read(ctx, file, maxFile)
		switch {
		case isMissing(err): // it was dropped since
			continue
		case err != nil:
			return Host{}, false, fmt.Errorf("reading host %q of run %s: %s", name, g.head.Run, reason(err))
		}
		h, err := unpacked(data)
		if err == nil && strings.EqualFold(h.Host, name) && key(g.head.Run, hostFile(h.Host)) == file {
			return h, true, nil
		}
		if newer := newerError(0); errors.As(err, &newer) {
			return Host{}, false, fmt.Errorf("reading host %q of run %s: %w%s", name, g.head.Run, err, upgrade)
		}
	}
	return Host{}, false, nil
}

// filesOf lists the files that a host can stand in, its own first.
func (g *Glimpse) filesOf(host string) []string {
	own := key(g.head.Run, hostFile(host))
	all := slices.Clone(g.stems[stem(own)])
	slices.SortFunc(all, func(a, b string) int {
		if (a == own) != (b == own) {
			return map[bool]int{true: -1, false: 1}[a == own]
		}
		return strings.Compare(a, b)
	})
	return all
}

// stem is what the files of names that differ in case alone share: a name that has
// capitals is in its file's name with a hash of itself.
func stem(file string) string {
	if i := strings.LastIndex(file, "~"); i >= 0 {
		return strings.ToLower(file[:i])
	}
	return strings.ToLower(strings.TrimSuffix(file, hostSuffix))
}
