package baseline

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/klauspost/compress/zstd"
)

// Snapshot is a finished run, read from a store. Several goroutines may use it.
type Snapshot struct {
	store    *Store
	manifest Manifest
	by       string // see SignedBy
	zstd     *zstd.Decoder
	buffers  sync.Pool // of *[]byte, for unpacked lines
}

// readsAtOnce is how many files are compared at the same time: a store that is far
// away takes its time for each.
const readsAtOnce = 16

// Read opens a run and compares every file of it with its digest. Whatever is
// wrong is a Damage.
func (s *Store) Read(ctx context.Context, run string) (*Snapshot, error) {
	if err := checkRun(run); err != nil {
		return nil, &Damage{Run: run, Kind: Missing, Msg: err.Error()}
	}
	m, data, err := s.loadManifest(ctx, run)
	if err != nil {
		return nil, err
	}
	by, damage := s.signedBy(ctx, run, data)
	if damage != nil {
		return nil, damage
	}
	decoder, err := newDecoder(maxText)
	if err != nil {
		return nil, fmt.Errorf("preparing decompression: %w", err)
	}
	snapshot := &Snapshot{store: s, manifest: m, by: by, zstd: decoder}
	if damage := snapshot.checkBegun(ctx); damage != nil {
		return nil, damage
	}
	if damage := snapshot.checkFolder(ctx); damage != nil {
		return nil, damage
	}
	if damage := snapshot.checkHosts(ctx); damage != nil {
		return nil, damage
	}
	if damage := snapshot.loadResults(ctx, io.Discard); damage != nil {
		return nil, damage
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return snapshot, nil
}

// checkHosts compares every host's file; of several that are damaged, it tells the
// first by name.
func (s *Snapshot) checkHosts(ctx context.Context) *Damage {
	entries := s.manifest.Hosts
	found := make([]*Damage, len(entries))
	var next atomic.Int64
	var readers sync.WaitGroup
	for range min(readsAtOnce, len(entries)) {
		readers.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(entries) && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				found[i] = s.load(ctx, entries[i], io.Discard)
			}
		})
	}
	readers.Wait()
	for _, damage := range found {
		if damage != nil {
			return damage
		}
	}
	return nil
}

// newDecoder unpacks at most limit bytes at once.
func newDecoder(limit uint64) (*zstd.Decoder, error) {
	return zstd.NewReader(nil, zstd.WithDecoderMaxMemory(limit))
}

// Manifest returns the run's manifest; the caller may keep and change it.
func (s *Snapshot) Manifest() Manifest {
	m := s.manifest
	m.Suites, m.Hosts = slices.Clone(m.Suites), slices.Clone(m.Hosts)
	return m
}

// SignedBy says who signed the manifest, as the store's Checker calls them; empty for
// nobody, or where none was set.
func (s *Snapshot) SignedBy() string { return s.by }

// Has says whether the run has a host of that name.
func (s *Snapshot) Has(name string) bool {
	_, found := s.find(name)
	return found
}

func (s *Snapshot) find(name string) (int, bool) {
	return slices.BinarySearchFunc(s.manifest.Hosts, name, func(e HostEntry, name string) int {
		return strings.Compare(e.Host, name)
	})
}

// Host decodes one host, or reports that the run has none of that name. The
// file is compared with its digest again: it may have changed since Read.
func (s *Snapshot) Host(ctx context.Context, name string) (Host, bool, error) {
	text, found, err := s.text(ctx, name)
	if !found || err != nil {
		return Host{}, false, err
	}
	h, damage := s.parse(name, text)
	if damage != nil {
		return Host{}, false, damage
	}
	h.Taken = s.manifest.Started
	return h, true, nil
}

// checkFolder finds files of hosts that the manifest does not name, and misses none
// silently: each that it names is opened.
func (s *Snapshot) checkFolder(ctx context.Context) *Damage {
	run := s.manifest.Run
	stored, err := s.store.list(ctx, key(run, hostsFolder)+"/")
	if err != nil {
		return unreadable(run, err, "baseline %s has lost the files of its hosts", run)
	}
	known := make(map[string]bool, len(s.manifest.Hosts))
	for _, e := range s.manifest.Hosts {
		known[key(run, e.File)] = true
	}
	for _, file := range stored {
		if !known[file] {
			return damaged(run, Edited, "baseline %s has a file that its manifest does not name: %q", run, path.Base(file))
		}
	}
	return nil
}

// load copies a host's file, as stored, and compares it with the manifest.
func (s *Snapshot) load(ctx context.Context, e HostEntry, into io.Writer) *Damage {
	return s.loadFile(ctx, storedFile{e.File, fmt.Sprintf("host %q", e.Host), e.SHA256, e.Bytes}, into)
}

// storedFile is a file of a run as its manifest has it.
type storedFile struct {
	name, called string
	sha256       string
	bytes        int64
}

// loadFile copies a file, as stored, and compares it with the manifest.
func (s *Snapshot) loadFile(ctx context.Context, of storedFile, into io.Writer) *Damage {
	run := s.manifest.Run
	f, err := s.store.reader(ctx, key(run, of.name))
	switch {
	case isMissing(err):
		return damaged(run, Missing, "baseline %s has lost the file of %s", run, of.called)
	case err != nil:
		return unreadable(run, err, "%s in baseline %s cannot be read", of.called, run)
	}
	defer func() { _ = f.Close() }()
	hash := sha256.New()
	n, err := io.Copy(io.MultiWriter(hash, into), io.LimitReader(f, of.bytes+1))
	switch {
	case err != nil:
		return unreadable(run, err, "%s in baseline %s cannot be read", of.called, run)
	case n < of.bytes:
		return damaged(run, Truncated, "%s in baseline %s is cut short: %d bytes of %d", of.called, run, n, of.bytes)
	case n > of.bytes || hex.EncodeToString(hash.Sum(nil)) != of.sha256:
		return damaged(run, Edited, "%s in baseline %s was edited: its file is not the one that was written",
			of.called, run)
	}
	return nil
}

// suiteWords is "suite a" or "suites a, b".
func suiteWords(names []string) string {
	switch len(names) {
	case 0:
		return "no suite"
	case 1:
		return "suite " + names[0]
	default:
		return "suites " + strings.Join(sortedOnce(names), ", ")
	}
}

func sortedOnce(names []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(names)))
}
