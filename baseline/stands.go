package baseline

import (
	"context"
	"errors"
	"fmt"
	"os"
)

// write writes a file of the run, while the run still stands: where a share has gone
// away, its folder is an empty one of this machine, in which nobody would look.
func (w *Writer) write(ctx context.Context, key string, data []byte) error {
	if err := w.stands(); err != nil {
		return err
	}
	return w.store.write(ctx, key, data)
}

// stands makes sure that a folder still has what was begun in it. Of a bucket that is
// far away it is asked for once, before the run is finished.
func (w *Writer) stands() error {
	if w.store.place.Folder == "" {
		return nil
	}
	if _, err := os.Lstat(w.store.file(key(w.run, begunName))); err != nil {
		return &LostError{w.store.name, w.run, err}
	}
	return nil
}

// LostError says that what was begun is there no more, so that nobody can take it up.
type LostError struct {
	store, run string
	err        error
}

// Error is the sentence, with what to look at.
func (e *LostError) Error() string {
	return fmt.Sprintf("the store %q has lost run %s while it was written (%s): is what it stands on still there?",
		e.store, e.run, reason(e.err))
}

func (e *LostError) Unwrap() error { return e.err }

// allThere makes sure, before the manifest names them, that the run is still its own and
// has the files of all its hosts.
func (w *Writer) allThere(ctx context.Context) error {
	if err := w.stands(); err != nil {
		return err
	}
	err := w.claimed(ctx)
	if damage := (*Damage)(nil); errors.As(err, &damage) && damage.Kind == Unfinished {
		return &LostError{w.store.name, w.run, errors.New("its beginning is gone")}
	}
	if err != nil {
		return err
	}
	files, err := w.store.list(ctx, key(w.run, hostsFolder)+"/")
	if err != nil {
		return fmt.Errorf("looking for the files of its hosts: %s", reason(err))
	}
	there := make(map[string]bool, len(files))
	for _, file := range files {
		there[file] = true
	}
	for _, e := range w.hosts {
		if !there[key(w.run, e.File)] {
			return fmt.Errorf("the store %q has lost the file of host %q meanwhile", w.store.name, e.Host)
		}
	}
	return nil
}
