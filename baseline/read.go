package baseline

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// Snapshot is a finished run, read from a store. Several goroutines may use it.
type Snapshot struct {
	store    *Store
	manifest Manifest
	zstd     *zstd.Decoder
}

// Read opens a run and compares every file of it with its digest. Whatever is
// wrong is a Damage.
func (s *Store) Read(run string) (*Snapshot, error) {
	if err := checkRun(run); err != nil {
		return nil, &Damage{Run: run, Kind: Missing, Msg: err.Error()}
	}
	m, err := s.readManifest(run)
	if err != nil {
		return nil, err
	}
	decoder, err := newDecoder(maxText)
	if err != nil {
		return nil, fmt.Errorf("preparing decompression: %w", err)
	}
	snapshot := &Snapshot{store: s, manifest: m, zstd: decoder}
	if damage := snapshot.checkFolder(); damage != nil {
		return nil, damage
	}
	for _, e := range m.Hosts {
		if damage := snapshot.load(e, io.Discard); damage != nil {
			return nil, damage
		}
	}
	return snapshot, nil
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

// Host decodes one host, or reports that the run has none of that name. The
// file is compared with its digest again: it may have changed since Read.
func (s *Snapshot) Host(name string) (Host, bool, error) {
	i, found := slices.BinarySearchFunc(s.manifest.Hosts, name, func(e HostEntry, name string) int {
		return strings.Compare(e.Host, name)
	})
	if !found {
		return Host{}, false, nil
	}
	var stored bytes.Buffer
	if damage := s.load(s.manifest.Hosts[i], &stored); damage != nil {
		return Host{}, false, damage
	}
	h, damage := s.decode(name, stored.Bytes())
	if damage != nil {
		return Host{}, false, damage
	}
	return h, true, nil
}

func (s *Snapshot) decode(name string, stored []byte) (Host, *Damage) {
	run := s.manifest.Run
	text, err := s.zstd.DecodeAll(stored, nil)
	if err != nil {
		return Host{}, damaged(run, Unreadable, "host %q in baseline %s cannot be unpacked: %v", name, run, err)
	}
	h, err := parseHost(string(text))
	var later newerError
	switch {
	case errors.As(err, &later):
		return Host{}, newer(run, int(later))
	case errors.Is(err, errCut):
		return Host{}, damaged(run, Truncated, "host %q in baseline %s is cut short: %v", name, run, err)
	case err != nil:
		return Host{}, damaged(run, Unreadable, "host %q in baseline %s cannot be read: %v", name, run, err)
	case h.Host != name:
		return Host{}, damaged(run, Edited, "the file of host %q in baseline %s is that of host %q", name, run, h.Host)
	}
	return h, nil
}

// checkFolder finds files of hosts that the manifest does not name. Names with
// a leading dot are litter: no host's file has one.
func (s *Snapshot) checkFolder() *Damage {
	run := s.manifest.Run
	entries, err := os.ReadDir(s.store.path(run, hostsFolder))
	if err != nil {
		return damaged(run, Missing, "baseline %s has lost the files of its hosts: %s", run, reason(err))
	}
	known := make(map[string]bool, len(s.manifest.Hosts))
	for _, e := range s.manifest.Hosts {
		known[e.File] = true
	}
	for _, e := range entries {
		if name := e.Name(); !known[hostsFolder+"/"+name] && !strings.HasPrefix(name, ".") {
			return damaged(run, Edited, "baseline %s has a file that its manifest does not name: %q", run, name)
		}
	}
	return nil
}

// load copies a host's file, as stored, and compares it with the manifest.
func (s *Snapshot) load(e HostEntry, into io.Writer) *Damage {
	run := s.manifest.Run
	f, err := openRegular(s.store.path(run, filepath.FromSlash(e.File)))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return damaged(run, Missing, "baseline %s has lost the file of host %q", run, e.Host)
	case err != nil:
		return damaged(run, Unreadable, "host %q in baseline %s cannot be read: %s", e.Host, run, reason(err))
	}
	defer func() { _ = f.Close() }()
	hash := sha256.New()
	n, err := io.Copy(io.MultiWriter(hash, into), io.LimitReader(f, e.Bytes+1))
	switch {
	case err != nil:
		return damaged(run, Unreadable, "host %q in baseline %s cannot be read: %s", e.Host, run, reason(err))
	case n < e.Bytes:
		return damaged(run, Truncated, "host %q in baseline %s is cut short: %d bytes of %d", e.Host, run, n, e.Bytes)
	case n > e.Bytes || hex.EncodeToString(hash.Sum(nil)) != e.SHA256:
		return damaged(run, Edited, "host %q in baseline %s was edited: its file is not the one that was written",
			e.Host, run)
	}
	return nil
}

// readFile reads a whole file of at most limit bytes.
func readFile(path string, limit int64) ([]byte, error) {
	f, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("it is longer than %d bytes", limit)
	}
	return data, err
}

// openRegular opens a file and nothing else: a pipe would be waited for.
func openRegular(path string) (*os.File, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is no ordinary file")
	}
	return os.Open(path)
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
