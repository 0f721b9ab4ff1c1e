package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"postpatch/runner/report"
	"postpatch/runner/report/junit"
)

// open opens the JUnit report, or the folder of its files. That they can be written is
// known now.
func (j *junitFlags) open(a app, path string) (*reportFile, error) {
	if j.junitSplit != "" {
		return j.openSplit(a, path)
	}
	file, err := createAtomic(path)
	if err != nil {
		return nil, err
	}
	if file.path != "" {
		return &reportFile{view: junit.New(rewritable{file}, j.options(a)), file: file}, nil
	}
	aside, err := setAside(file)
	if err != nil {
		return nil, err
	}
	return &reportFile{view: junit.New(aside, j.options(a)), file: aside}, nil
}

// rewritable is a file of which the first line is written last.
type rewritable struct{ *atomicFile }

func (r rewritable) FillIn(begin []byte) error {
	if err := r.Flush(); err != nil {
		return err
	}
	_, err := r.file.WriteAt(begin, 0)
	return err
}

// asideFile is a file for what goes into a pipe or a device, which take nothing back.
type asideFile struct {
	*bufio.Writer
	temp *os.File
	to   *atomicFile
}

func setAside(to *atomicFile) (*asideFile, error) {
	temp, err := os.CreateTemp("", "postpatch-junit-*")
	if err != nil {
		to.discard()
		return nil, fmt.Errorf("keeping the report for %q aside: %w", to.name(), err)
	}
	return &asideFile{bufio.NewWriterSize(temp, 1<<16), temp, to}, nil
}

func (f *asideFile) FillIn(begin []byte) error {
	if err := f.Flush(); err != nil {
		return err
	}
	_, err := f.temp.WriteAt(begin, 0)
	return err
}

func (f *asideFile) commit() error {
	_, err := f.temp.Seek(0, io.SeekStart)
	if err == nil {
		_, err = io.Copy(f.to, f.temp)
	}
	_, _ = f.temp.Close(), os.Remove(f.temp.Name())
	if err != nil {
		f.to.discard()
		return named(f.to.name(), err)
	}
	return f.to.commit()
}

func (f *asideFile) discard() {
	_, _ = f.temp.Close(), os.Remove(f.temp.Name())
	f.to.discard()
}

func (f *asideFile) name() string { return f.to.name() }

// openSplit opens the files of --junit-split.
func (j *junitFlags) openSplit(a app, pattern string) (*reportFile, error) {
	by, most, err := j.split()
	if err != nil {
		return nil, err
	}
	mark := "{" + by + "}"
	if !strings.Contains(pattern, mark) {
		info, err := os.Stat(pattern)
		if err == nil && !info.IsDir() || err != nil && strings.EqualFold(filepath.Ext(pattern), ".xml") {
			return nil, fmt.Errorf("--junit-split %s makes several files, and --junit %s is one file: "+
				"name a folder, or put %s into the name", j.junitSplit, pattern, mark)
		}
		pattern = filepath.Join(pattern, mark+".xml")
	}
	files := &junitFiles{folder: filepath.Dir(pattern), mark: mark, names: map[string]bool{}, talk: a.talk}
	files.before, files.after, _ = strings.Cut(filepath.Base(pattern), mark)
	if strings.Contains(files.folder, mark) || strings.Contains(files.after, mark) {
		return nil, fmt.Errorf("--junit %s: %s belongs into the file's name, once", pattern, mark)
	}
	trial, err := createAtomic(files.path("trial"))
	if err != nil {
		return nil, err
	}
	trial.discard()
	return &reportFile{view: files.view(by, most, j.options(a)), file: files}, nil
}

// junitFiles are the files of one run. They are aside until it is done, and then all of
// them are put in their place: nobody takes half of them for the whole.
type junitFiles struct {
	folder, before, after string // of the files' names
	mark                  string
	files                 []*stagedFile
	names                 map[string]bool
	talk                  func(format string, args ...any)
}

// view makes a handler that writes them.
func (f *junitFiles) view(by string, most int, o junit.Options) report.Handler {
	part := func(name string) report.Handler {
		o := o
		o.Part = junit.Part{By: by, Name: name}
		return junit.New(f.create(ownerFileName(name)), o)
	}
	switch by {
	case byOwner:
		return report.Split(part)
	case byGroup:
		return report.SplitBy(func(c report.Check) string { return c.Suite }, part)
	case byHost:
		return junit.NewPages(junit.Pages{Open: func(_ int, host string) (io.WriteCloser, error) {
			return f.create(ownerFileName(host)), nil
		}}, o)
	default:
		return junit.NewPages(junit.Pages{Most: most, Open: func(n int, _ string) (io.WriteCloser, error) {
			return f.create(fmt.Sprintf("%04d", n)), nil
		}}, o)
	}
}

func (f *junitFiles) path(name string) string { return filepath.Join(f.folder, f.before+name+f.after) }

// create adds a file. Two names that are one when they are written, which somebody has
// to have tried for, are kept apart.
func (f *junitFiles) create(name string) *stagedFile {
	path := f.path(name)
	for i := 2; f.names[filepath.Base(path)]; i++ {
		path = f.path(fmt.Sprintf("%s~%d", name, i))
	}
	f.names[filepath.Base(path)] = true
	file := &stagedFile{path: path}
	f.files = append(f.files, file)
	return file
}

// commit puts the files in their place, and names what else a pipeline would take for a
// file of this run.
func (f *junitFiles) commit() error {
	var first error
	for _, file := range f.files {
		if err := file.commit(); err != nil && first == nil {
			first = err
		}
	}
	if first != nil {
		return first
	}
	entries, err := os.ReadDir(f.folder)
	if err != nil {
		return nil //nolint:nilerr // the files are in their place, whether they can be listed or not
	}
	var old []string
	for _, e := range entries {
		name := e.Name()
		isLike := len(name) > len(f.before)+len(f.after) && strings.HasPrefix(name, f.before) &&
			strings.HasSuffix(name, f.after) && !strings.HasPrefix(name, ".")
		if !isLike || f.names[name] {
			continue
		}
		if f.isPart(name) && os.Remove(filepath.Join(f.folder, name)) == nil {
			continue
		}
		old = append(old, report.CleanLine(name))
	}
	if len(old) > 0 {
		slices.Sort(old)
		f.talk("note: in %s and not of this run: %s; whoever collects the files takes them, too\n", f.folder, shorten(old))
	}
	return nil
}

// isPart says whether a file is a part of an earlier run that had more of them: a number is
// no name that anybody else gives. It has cases of hosts that this run has elsewhere, as
// they were when they may have been well.
func (f *junitFiles) isPart(name string) bool {
	number := name[len(f.before) : len(name)-len(f.after)]
	_, err := strconv.ParseUint(number, 10, 64)
	return f.mark == "{"+byPart+"}" && len(number) >= 4 && err == nil
}

func (f *junitFiles) discard() {
	for _, file := range f.files {
		file.discard()
	}
}

// removeOld implements replacing. It drops what has the names of this run's files, those
// that are in their place included: half of them look like the whole.
func (f *junitFiles) removeOld() error {
	var first error
	for _, file := range f.files {
		if err := remove(file.path); err != nil && first == nil {
			first = err
		}
	}
	return first
}

func (f *junitFiles) name() string { return f.path(f.mark) }

// stagedFile is one of very many files that are written at the same time: it is opened
// for each part of it, so that there is no limit to them.
type stagedFile struct {
	path string // where it goes
	temp string // where it is until then; empty before anything is written
}

func (f *stagedFile) Write(p []byte) (int, error) {
	file, err := f.reopen()
	if err != nil {
		return 0, named(f.path, err)
	}
	n, err := file.Write(p)
	return n, named(f.path, errors.Join(err, file.Close()))
}

func (f *stagedFile) reopen() (*os.File, error) {
	if f.temp != "" {
		return os.OpenFile(f.temp, os.O_WRONLY|os.O_APPEND, 0)
	}
	file, err := os.CreateTemp(filepath.Dir(f.path), "."+filepath.Base(f.path)+".*")
	if err == nil {
		f.temp = file.Name()
	}
	return file, err
}

// FillIn implements junit.Rewritable.
func (f *stagedFile) FillIn(begin []byte) error {
	file, err := os.OpenFile(f.temp, os.O_WRONLY, 0)
	if err == nil {
		_, err = file.WriteAt(begin, 0)
		err = errors.Join(err, file.Close())
	}
	return named(f.path, err)
}

// Close does nothing: there is nothing open.
func (f *stagedFile) Close() error { return nil }

// commit has no file synced: for thousands that takes minutes, and after a loss of power
// the run's reports can be made again.
func (f *stagedFile) commit() error {
	if f.temp == "" {
		return nil
	}
	err := os.Chmod(f.temp, 0o644)
	if err == nil {
		err = replaceBy(f.temp, f.path)
	}
	if err != nil {
		f.discard()
	}
	return named(f.path, err)
}

func (f *stagedFile) discard() {
	if f.temp != "" {
		_ = os.Remove(f.temp)
	}
}
