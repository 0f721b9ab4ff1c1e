package main

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"postpatch/runner/report"
)

// reportFile is a view that is a file. What goes wrong with it is told when all else is
// done: no run is cut off for a report, which can be made again from the store.
type reportFile struct {
	view  report.Handler
	file  place
	err   error
	aside bool // for a pipeline's system, and no report that a reader would look for
}

// place is where a report file goes, once it is whole.
type place interface {
	commit() error
	discard()
	name() string
}

func (f *reportFile) take(tell func(report.Handler) error) {
	if f.err == nil {
		f.err = tell(f.view)
	}
}

// finish puts the file in its place, or drops it.
func (f *reportFile) finish(s report.Summary) error {
	f.take(func(h report.Handler) error { return h.Finish(s) })
	if f.err == nil {
		return f.file.commit()
	}
	f.file.discard()
	return named(f.file.name(), f.err)
}

// replacing are places that may have the file of an earlier run: whoever collects the
// reports of a run that has a verdict would take it for this one's.
type replacing interface{ removeOld() error }

// removeOld drops what an earlier run has left in the place of a report that could not be
// written.
func (f *reportFile) removeOld() error {
	if old, ok := f.file.(replacing); ok {
		return old.removeOld()
	}
	return nil
}

// remove drops a file, where there is one; a folder is nobody's report.
func remove(path string) error {
	info, err := os.Lstat(path)
	if path == "" || errors.Is(err, fs.ErrNotExist) || err == nil && info.IsDir() {
		return nil
	}
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Start implements report.Handler.
func (v *views) Start(r report.Run) error {
	start := func(h report.Handler) error { return h.Start(r) }
	v.record.take(start)
	for _, f := range v.files {
		f.take(start)
	}
	return v.Handler.Start(r)
}

// Host implements report.Handler.
func (v *views) Host(host report.Host) error {
	take := func(h report.Handler) error { return h.Host(host) }
	v.record.take(take)
	for _, f := range v.files {
		f.take(take)
	}
	return v.Handler.Host(host)
}

// Finish implements report.Handler. It puts the files in their place and tells the verdict
// on the screen. What cannot be written is named and keeps nothing else from being told:
// the verdict stays what it is, and so does the exit code.
func (v *views) Finish(s report.Summary) error {
	if v.redacted != nil {
		v.redacted.again = v.again
	}
	var wrong []error
	for _, f := range v.files {
		err := f.finish(s)
		switch {
		case err != nil:
			wrong = append(wrong, err, f.removeOld())
		case !f.aside:
			v.written = append(v.written, f.file.name())
		}
	}
	v.files = nil
	if err := v.Handler.Finish(s); err != nil {
		wrong = append(wrong, fmt.Errorf("on standard output: %w", err))
	}
	if err := errors.Join(wrong...); err != nil {
		v.talk("error: not every report was written, the verdict stands: %s\n", report.Clean(err.Error()))
		if v.again != "" {
			v.talk("It can be made again, and no host is asked: %s\n", report.CleanLine(v.again))
		}
	}
	return nil
}

// discard drops the report files of a run that came to no end.
func (v *views) discard() {
	for _, f := range v.files {
		f.file.discard()
	}
	v.files = nil
	if v.redacted != nil {
		v.redacted.discard()
	}
}

// atomicFile is a file that is there whole or not at all: pipelines pick reports
// up by name. A pipe or a device, which cannot be replaced, is written as it is.
type atomicFile struct {
	*bufio.Writer
	file *os.File
	path string // where the file goes in the end; empty when it is written in place
}

func createAtomic(path string) (*atomicFile, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return nil, fmt.Errorf("making the folder of %q: %w", path, err)
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real // a link stays one
	}
	switch there, err := os.Stat(path); {
	case err == nil && there.IsDir():
		return nil, fmt.Errorf("creating %q: it is a folder", path)
	case err == nil && !there.Mode().IsRegular():
		file, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return nil, fmt.Errorf("opening %q: %w", path, err)
		}
		return &atomicFile{bufio.NewWriterSize(file, 1<<16), file, ""}, nil
	}
	temp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return nil, fmt.Errorf("creating %q: %w", path, err)
	}
	return &atomicFile{bufio.NewWriterSize(temp, 1<<16), temp, path}, nil
}

// apart makes sure that files which are to be written are neither one another nor any that
// is read.
func apart(written []string, read []string) error {
	for i, file := range written {
		for _, other := range slices.Concat(read, written[:i]) {
			if file != "" && other != "" && isSameFile(file, other) {
				return fmt.Errorf("%q would be written over %q: name another file", file, other)
			}
		}
	}
	return nil
}

func isSameFile(a, b string) bool {
	if filepath.Clean(a) == filepath.Clean(b) {
		return true
	}
	one, err := os.Stat(a)
	if err != nil {
		return false
	}
	other, err := os.Stat(b)
	return err == nil && os.SameFile(one, other)
}

// writeAtomic writes a file whole, or not at all.
func writeAtomic(path string, content []byte) error {
	f, err := createAtomic(path)
	if err != nil {
		return err
	}
	if _, err := f.Write(content); err != nil {
		f.discard()
		return fmt.Errorf("writing %q: %w", path, err)
	}
	return f.commit()
}

func (f *atomicFile) commit() error {
	if f.path == "" {
		return named(f.file.Name(), errors.Join(f.Flush(), f.file.Close()))
	}
	err := errors.Join(f.Flush(), f.file.Chmod(0o644), f.file.Sync(), f.file.Close())
	if err == nil {
		err = replaceBy(f.file.Name(), f.path)
	}
	if err != nil {
		_ = os.Remove(f.file.Name())
	}
	return named(f.path, err)
}

func (f *atomicFile) discard() {
	_ = f.file.Close()
	if f.path != "" {
		_ = os.Remove(f.file.Name())
	}
}

// removeOld implements replacing.
func (f *atomicFile) removeOld() error { return remove(f.path) }

// name is where the file goes, or where it is written in place.
func (f *atomicFile) name() string {
	if f.path == "" {
		return f.file.Name()
	}
	return f.path
}

// named is an error of writing a file, by the name that the operator gave it.
func named(file string, err error) error {
	if err == nil {
		return nil
	}
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		err = path.Err
	}
	return fmt.Errorf("writing %q: %w", file, err)
}
