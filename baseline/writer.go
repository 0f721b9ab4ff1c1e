package baseline

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// Writer stores one run. A run counts only once Finish has returned.
type Writer struct {
	store *Store
	run   string
	zstd  *zstd.Encoder

	mu       sync.Mutex
	hosts    map[string]HostEntry
	pending  int // hosts being stored right now
	finished bool
}

// Create begins a run. It refuses a name that is taken, by whatever is there,
// also where only upper and lower case differ.
func (s *Store) Create(run string) (*Writer, error) {
	if err := checkRun(run); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(s.dir, 0o750); err != nil {
		return nil, fmt.Errorf("making the store: %w", err)
	}
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, fmt.Errorf("looking into the store: %w", err)
	}
	for _, e := range entries {
		if strings.EqualFold(e.Name(), run) {
			return nil, fmt.Errorf("baseline %s is there already: choose another --name", e.Name())
		}
	}
	if err := os.Mkdir(s.path(run), 0o750); errors.Is(err, fs.ErrExist) { // somebody was faster
		return nil, fmt.Errorf("baseline %s is there already: choose another --name", run)
	} else if err != nil {
		return nil, fmt.Errorf("making baseline %s: %w", run, err)
	}
	if err := os.Mkdir(s.path(run, hostsFolder), 0o750); err != nil {
		return nil, fmt.Errorf("making baseline %s: %w", run, err)
	}
	syncFolder(s.dir)
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderCRC(true), zstd.WithLowerEncoderMem(true))
	if err != nil {
		return nil, fmt.Errorf("preparing compression: %w", err)
	}
	return &Writer{store: s, run: run, zstd: encoder, hosts: map[string]HostEntry{}}, nil
}

// Put stores one host, each host once. Several goroutines may call it. A host
// whose Put failed is not part of the run and can be put again.
func (w *Writer) Put(h Host) error {
	if err := w.reserve(h.Host); err != nil {
		return fmt.Errorf("storing host %q: %w", h.Host, err)
	}
	entry, err := w.write(h.sorted())
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pending--
	if err != nil {
		delete(w.hosts, h.Host)
		return fmt.Errorf("storing host %q: %w", h.Host, err)
	}
	w.hosts[h.Host] = entry
	return nil
}

func (w *Writer) reserve(host string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, taken := w.hosts[host]; taken {
		return errors.New("it is stored already")
	}
	if w.finished {
		return fmt.Errorf("baseline %s is finished", w.run)
	}
	w.hosts[host] = HostEntry{}
	w.pending++
	return nil
}

func (w *Writer) write(h Host) (HostEntry, error) {
	text, err := appendHost(nil, h)
	if err != nil {
		return HostEntry{}, err
	}
	data := w.zstd.EncodeAll(text, nil)
	if len(data) > maxFile {
		return HostEntry{}, fmt.Errorf("its readings take more than %d bytes", maxFile)
	}
	sum := sha256.Sum256(data)
	entry := HostEntry{
		Host: h.Host, File: hostFile(h.Host), SHA256: hex.EncodeToString(sum[:]), Bytes: int64(len(data)),
		Identity: strings.ToValidUTF8(h.Identity, "\uFFFD"), Checks: len(h.Checks),
	}
	for _, c := range h.Checks {
		if c.Error != "" || h.Unreachable != "" {
			entry.Unseen++
		}
	}
	return entry, writeFile(w.store.path(w.run, filepath.FromSlash(entry.File)), data)
}

// Finish writes the manifest, which makes the run count. It fills in the
// format, the run's name, the hosts and the digest.
func (w *Writer) Finish(m Manifest) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.finished:
		return fmt.Errorf("finishing baseline %s: it is finished already", w.run)
	case w.pending > 0:
		return fmt.Errorf("finishing baseline %s: %d hosts are still being stored", w.run, w.pending)
	case len(w.hosts) == 0:
		return fmt.Errorf("finishing baseline %s: no host was stored", w.run)
	}
	m.Format, m.Run = FormatVersion, w.run
	m.Started, m.Finished = m.Started.UTC(), m.Finished.UTC()
	m.Suites = slices.Clone(m.Suites)
	slices.SortFunc(m.Suites, func(a, b SuiteInfo) int { return strings.Compare(a.Name, b.Name) })
	m.Hosts = slices.SortedFunc(maps.Values(w.hosts), func(a, b HostEntry) int { return strings.Compare(a.Host, b.Host) })
	data, err := seal(m)
	if err != nil {
		return fmt.Errorf("finishing baseline %s: %w", w.run, err)
	}
	syncFolder(w.store.path(w.run, hostsFolder)) // no manifest may outlive a host's file
	if err := writeFile(w.store.path(w.run, manifestName), data); err != nil {
		return fmt.Errorf("finishing baseline %s: %w", w.run, err)
	}
	syncFolder(w.store.path(w.run))
	w.finished = true
	return nil
}

// writeFile writes a file whole or not at all.
func writeFile(path string, data []byte) error {
	folder, name := filepath.Split(path)
	temporary := filepath.Join(folder, "."+name+".tmp") // no host's file begins with a dot
	f, err := os.OpenFile(temporary, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o640)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(temporary, path)
	}
	if err != nil {
		_ = os.Remove(temporary)
	}
	return err
}

// syncFolder makes the names in a folder last. Windows cannot and need not; on
// other systems a failure costs at most a run that then counts as cut off.
func syncFolder(path string) {
	if f, err := os.Open(path); err == nil {
		_ = f.Sync()
		_ = f.Close()
	}
}
