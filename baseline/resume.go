package baseline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"gocloud.dev/gcerrors"
)

// Resume takes up the run that the head names where it was cut off, and begins it
// when it is not there. The hosts whose files are whole are kept; a file that is
// not is dropped, and its host can be put again. A finished run is taken up as it
// is. Another run than the head says is refused.
func (s *Store) Resume(ctx context.Context, head Head) (*Writer, error) {
	if err := checkRun(head.Run); err != nil {
		return nil, err
	}
	names, err := s.prefixes(ctx)
	if err != nil && !isMissing(err) {
		return nil, fmt.Errorf("looking into the store %q: %s", s.name, reason(err))
	}
	if !slices.Contains(names, head.Run) {
		return s.Create(ctx, head)
	}
	b, err := s.readBegun(ctx, head.Run)
	if damage := (*Damage)(nil); errors.As(err, &damage) && damage.Kind == Unfinished {
		// It was cut off before it had said what it was to be, unless there are hosts:
		// then it is of a version that did not say.
		if files, err := s.list(ctx, head.Run+"/"); err == nil && len(files) == 0 {
			return s.begin(ctx, head)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("taking up run %s: %w", head.Run, err)
	}
	if why := b.sameAs(head); why != "" {
		return nil, fmt.Errorf("run %s cannot be taken up: %s; choose another --name, "+
			"or remove it with `postpatch baselines rm %s`", head.Run, why, head.Run)
	}
	w := &Writer{store: s, run: head.Run, begun: b, hosts: map[string]HostEntry{}}
	if err := w.prepare(); err != nil {
		return nil, err
	}
	m, err := s.readManifest(ctx, head.Run)
	damage := (*Damage)(nil)
	switch {
	case err == nil:
		w.manifest, w.finished = m, true
		for _, e := range m.Hosts {
			w.hosts[e.Host] = e
		}
		return w, nil
	case errors.As(err, &damage) && damage.unfinished:
		w.resumed = []time.Time{head.Started.UTC()}
		if err := w.dropSignature(ctx); err != nil {
			return nil, err
		}
		return w, w.takeUp(ctx)
	default:
		return nil, fmt.Errorf("taking up run %s: %w", head.Run, err)
	}
}

// Begun lists the heads of the runs that were cut off, or are still going, newest
// first. One whose head cannot be read is left out.
func (s *Store) Begun(ctx context.Context) ([]Head, error) {
	names, err := s.prefixes(ctx)
	if isMissing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("looking into the store %q: %s", s.name, reason(err))
	}
	var heads []Head
	for _, run := range names {
		_, err := s.readManifest(ctx, run)
		if damage := (*Damage)(nil); !errors.As(err, &damage) || !damage.unfinished {
			continue
		}
		if b, err := s.readBegun(ctx, run); err == nil {
			heads = append(heads, b.Head)
		}
	}
	slices.SortStableFunc(heads, func(a, b Head) int { return b.Started.Compare(a.Started) })
	return heads, nil
}

// Head is what the run was begun as; it is not ok when there is no such run, or it is
// of a version that wrote none.
func (s *Store) Head(ctx context.Context, run string) (h Head, ok bool, err error) {
	if err := checkRun(run); err != nil {
		return Head{}, false, err
	}
	b, err := s.readBegun(ctx, run)
	if damage := (*Damage)(nil); errors.As(err, &damage) && damage.Kind == Unfinished {
		return Head{}, false, nil
	}
	return b.Head, err == nil, err
}

// takeUp finds the hosts that are whole.
func (w *Writer) takeUp(ctx context.Context) error {
	files, err := w.store.list(ctx, key(w.run, hostsFolder)+"/")
	if err != nil {
		return fmt.Errorf("taking up run %s: %w", w.run, err)
	}
	for _, file := range files {
		data, err := w.store.read(ctx, file, maxFile)
		if err != nil { // it may be whole: it is not to be dropped for that
			return fmt.Errorf("taking up run %s: reading %q: %s", w.run, w.store.place.where(file), reason(err))
		}
		h, err := unpacked(data)
		if err == nil && key(w.run, hostFile(h.Host)) == file {
			w.hosts[h.Host] = newEntry(h, data)
			continue
		}
		bucket, err := w.store.in(ctx, true)
		if err != nil {
			return err
		}
		if err := bucket.Delete(ctx, file); err != nil && gcerrors.Code(err) != gcerrors.NotFound {
			return fmt.Errorf("taking up run %s: dropping %q, which is not whole: %w", w.run, file, err)
		}
	}
	return nil
}

// load reads a file of the run, whatever host it is of.
func (w *Writer) load(ctx context.Context, file string) (Host, []byte, error) {
	data, err := w.store.read(ctx, file, maxFile)
	if err != nil {
		return Host{}, nil, err
	}
	h, err := unpacked(data)
	return h, data, err
}

// unpacked reads a host's file as stored, whatever host it is of.
func unpacked(data []byte) (Host, error) {
	unpack, err := newDecoder(maxText)
	if err != nil {
		return Host{}, err
	}
	defer unpack.Close()
	text, err := unpack.DecodeAll(data, nil)
	if err != nil {
		return Host{}, err
	}
	return parseHost(string(text))
}

// Stored lists the names of the hosts that the run has, sorted.
func (w *Writer) Stored() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	names := make([]string, 0, len(w.hosts))
	for name := range w.hosts {
		names = append(names, name)
	}
	slices.SortFunc(names, strings.Compare)
	return names
}

// Started is when the run was begun, however often it was taken up.
func (w *Writer) Started() time.Time { return w.begun.Started }

// Finished is when the run was finished; it is not ok while it is not.
func (w *Writer) Finished() (at time.Time, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.manifest.Finished, w.finished
}

// Host reads a host that the run has; it is not ok when it has none of that name.
func (w *Writer) Host(ctx context.Context, name string) (Host, bool, error) {
	w.mu.Lock()
	entry, found := w.hosts[name]
	w.mu.Unlock()
	if !found {
		return Host{}, false, nil
	}
	h, data, err := w.load(ctx, key(w.run, entry.File))
	if err == nil && newEntry(h, data) != entry {
		err = errors.New("its file has changed")
	}
	if err != nil {
		return Host{}, false, fmt.Errorf("reading host %q of run %s: %w", name, w.run, err)
	}
	return h, true, nil
}
