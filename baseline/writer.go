package baseline

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"
)

// Writer stores one run. A run counts only once Finish has returned.
type Writer struct {
	store    *Store
	run      string
	begun    begun
	manifest Manifest // of a run that is finished
	resumed  []time.Time
	zstd     *zstd.Encoder
	texts    sync.Pool // of *[]byte, for the text of a host

	mu       sync.Mutex
	hosts    map[string]HostEntry
	pending  int    // hosts being stored right now
	results  []byte // as stored; nil without any
	finished bool
}

// Create begins a run, which the head names. It refuses a name that is taken, by
// whatever is there, also where only upper and lower case differ. It fills in the
// format.
func (s *Store) Create(ctx context.Context, head Head) (*Writer, error) {
	run := head.Run
	if err := checkRun(run); err != nil {
		return nil, err
	}
	names, err := s.prefixes(ctx)
	if err != nil && !isMissing(err) {
		return nil, fmt.Errorf("looking into the store %q: %s", s.name, reason(err))
	}
	for _, name := range names {
		if strings.EqualFold(name, run) {
			return nil, taken(name)
		}
	}
	return s.begin(ctx, head)
}

// begin claims the name of a run.
func (s *Store) begin(ctx context.Context, head Head) (*Writer, error) {
	run := head.Run
	head.Format, head.Started = FormatVersion, head.Started.UTC()
	head.Suites = slices.Clone(head.Suites)
	slices.SortFunc(head.Suites, func(a, b SuiteInfo) int { return strings.Compare(a.Name, b.Name) })
	b := begun{Head: head, Claim: rand.Text()}
	data, err := seal(b)
	if err != nil {
		return nil, fmt.Errorf("making baseline %s: %w", run, err)
	}
	switch err := s.write(ctx, key(run, begunName), data); {
	case errors.Is(err, errTaken):
		return nil, taken(run)
	case err != nil:
		return nil, fmt.Errorf("making baseline %s: %w", run, err)
	}
	s.syncFolder(run)
	s.syncFolder("")
	w := &Writer{store: s, run: run, begun: b, hosts: map[string]HostEntry{}}
	if err := w.claimed(ctx); err != nil { // somebody was faster
		return nil, err
	}
	return w, w.prepare()
}

func taken(run string) error {
	return fmt.Errorf("baseline %s is there already: choose another --name, or take it up with --resume", run)
}

func (w *Writer) prepare() error {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderCRC(true), zstd.WithLowerEncoderMem(true),
		zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(packWindow))
	if err != nil {
		return fmt.Errorf("preparing compression: %w", err)
	}
	w.zstd = encoder
	return nil
}

// claimed makes sure that nobody else has begun a run of the name meanwhile: a
// folder cannot tell the one who comes first from the one who comes next.
func (w *Writer) claimed(ctx context.Context) error {
	b, err := w.store.readBegun(ctx, w.run)
	if err != nil {
		return err
	}
	if b.Claim != w.begun.Claim {
		return fmt.Errorf("baseline %s is being made by %s too: choose another --name", w.run, b.By)
	}
	return nil
}

// Put stores one host, each host once. Several goroutines may call it. A host
// whose Put failed is not part of the run and can be put again.
func (w *Writer) Put(ctx context.Context, h Host) error {
	if err := w.reserve(h.Host); err != nil {
		return fmt.Errorf("storing host %q: %w", h.Host, err)
	}
	entry, err := w.put(ctx, h.sorted())
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
		return errTaken
	}
	if w.finished {
		return fmt.Errorf("baseline %s is finished", w.run)
	}
	w.hosts[host] = HostEntry{}
	w.pending++
	return nil
}

func (w *Writer) put(ctx context.Context, h Host) (HostEntry, error) {
	data, err := w.pack(h)
	if err != nil {
		return HostEntry{}, err
	}
	if err := w.stands(); err != nil {
		return HostEntry{}, err
	}
	return newEntry(h, data), w.store.writeLater(ctx, key(w.run, hostFile(h.Host)), data)
}

// packWindow is how far back compression looks, in bytes: over all of what most hosts
// have. A larger one takes as much memory for each processor, and saves nothing.
const packWindow = 1 << 20

// pack makes a host's file. What its text took is used for the next host.
func (w *Writer) pack(h Host) ([]byte, error) {
	const mostKept = 4 << 20 // bytes
	buffer, _ := w.texts.Get().(*[]byte)
	if buffer == nil {
		buffer = new([]byte)
	}
	text, err := appendHost((*buffer)[:0], h)
	if err != nil {
		return nil, err
	}
	data := w.zstd.EncodeAll(text, make([]byte, 0, len(text)/8))
	if *buffer = text; cap(text) <= mostKept {
		w.texts.Put(buffer)
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("its readings take more than %d bytes", maxFile)
	}
	return data, nil
}

// newEntry is a host's line in the manifest, from the host and its file as stored.
func newEntry(h Host, data []byte) HostEntry {
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
	return entry
}

// last makes the hosts' files last: no manifest may outlive them.
func (w *Writer) last() error {
	folder := key(w.run, hostsFolder)
	files := make([]string, 0, len(w.hosts))
	for _, e := range w.hosts {
		files = append(files, key(w.run, e.File))
	}
	if err := w.store.lastAll(folder, files); err != nil {
		return &writeError{w.store.place.where(folder), err}
	}
	w.store.syncFolder(folder)
	return nil
}

// Finish writes the manifest, which makes the run count. A sign that is not nil signs
// it first, so that no run counts without the signature that it was to have.
func (w *Writer) Finish(ctx context.Context, finished time.Time, sign Signer) error {
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
	if err := w.allThere(ctx); err != nil {
		return fmt.Errorf("finishing baseline %s: %w", w.run, err)
	}
	m := Manifest{Head: w.begun.Head, Finished: finished.UTC(), Resumed: w.resumed}
	m.Hosts = slices.SortedFunc(maps.Values(w.hosts), func(a, b HostEntry) int { return strings.Compare(a.Host, b.Host) })
	if damage := m.check(w.run); damage != nil { // nobody could read it
		return fmt.Errorf("finishing baseline %s: %w", w.run, damage)
	}
	if err := w.putResults(ctx, &m); err != nil {
		return fmt.Errorf("finishing baseline %s: %w", w.run, err)
	}
	data, err := seal(m)
	if err != nil {
		return fmt.Errorf("finishing baseline %s: %w", w.run, err)
	}
	if sign != nil {
		if err := w.sign(ctx, data, sign); err != nil {
			return fmt.Errorf("finishing baseline %s: %w", w.run, err)
		}
	}
	if err := w.last(); err != nil {
		return fmt.Errorf("finishing baseline %s: %w", w.run, err)
	}
	if err := w.write(ctx, key(w.run, manifestName), data); err != nil {
		return fmt.Errorf("finishing baseline %s: %w", w.run, err)
	}
	w.store.syncFolder(w.run)
	w.manifest, w.finished = m, true
	if m.Samples > 0 {
		w.dropSamples(ctx)
	}
	return nil
}
