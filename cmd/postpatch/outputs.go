package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"postpatch/runner/report"
	"postpatch/runner/report/jsonl"
	"postpatch/runner/report/junit"
	"postpatch/runner/report/progress"
	"postpatch/runner/report/text"
)

// outputs are the flags that say what is told, and where.
type outputs struct {
	junit, json string
	color       string
	progress    string
	quiet       bool
	verbose     int
	ignored     bool // what rules hide is listed
	aloud       bool // a demo that is shown, not only played
}

func (o *outputs) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.junit, "junit", "", "write JUnit XML to this file")
	f.StringVar(&o.json, "json", "", "write the results as JSON lines to this file")
	f.StringVar(&o.color, "color", "auto", "colour on stdout: auto, always or never")
	f.StringVar(&o.progress, "progress", "auto", "progress on stderr: auto, tty, plain or never")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "print the verdict line only")
	f.CountVarP(&o.verbose, "verbose", "v", "print unchanged checks too; -vv whole values, and what rules hide")
}

// ignoredFlag is for the commands that compare.
func (o *outputs) ignoredFlag(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&o.ignored, "show-ignored", false, "list the changes that rules hide, and where each rule stands")
}

// views are the open views of a run.
type views struct {
	report.Handler
	progress *progress.Progress
	files    []*atomicFile
}

// open makes all views before anything is sent to a host: a report that cannot
// be written is known now, not after the maintenance window.
func (o *outputs) open(a app) (*views, error) {
	switch o.color {
	case "auto", "always", "never":
	default:
		return nil, fmt.Errorf("--color %q: want auto, always or never", o.color)
	}
	switch o.progress {
	case "auto", "tty", "plain", "never":
	default:
		return nil, fmt.Errorf("--progress %q: want auto, tty, plain or never", o.progress)
	}
	if o.junit != "" && o.junit == o.json {
		return nil, fmt.Errorf("--junit and --json both name %q", o.junit)
	}
	v := &views{}
	handlers := []report.Handler{text.New(a.stdout, o.textOptions(a))}
	for path, view := range map[string]func(io.Writer) report.Handler{
		o.junit: func(w io.Writer) report.Handler { return junit.New(w) },
		o.json:  func(w io.Writer) report.Handler { return jsonl.New(w) },
	} {
		if path == "" {
			continue
		}
		f, err := createAtomic(path)
		if err != nil {
			v.discard()
			return nil, err
		}
		v.files = append(v.files, f)
		handlers = append(handlers, view(f))
	}
	if o.progress != "never" {
		terminal := o.progress == "tty" || o.progress == "auto" && a.stderrIsTerminal && a.getenv("CI") == ""
		v.progress = progress.New(a.stderr, progress.Options{Terminal: terminal, Width: a.width})
		handlers = append(handlers, v.progress)
	}
	v.Handler = report.Tee(handlers...)
	return v, nil
}

func (o *outputs) textOptions(a app) text.Options {
	verbosity := o.verbose
	if o.quiet {
		verbosity = -1
	}
	return text.Options{
		Color:     text.ColorFor(o.color, a.getenv, a.stdoutIsTerminal),
		ASCII:     !a.stdoutIsTerminal || a.getenv("TERM") == "dumb",
		Width:     a.width,
		Verbosity: verbosity, ShowIgnored: o.ignored,
	}
}

// begin tells the progress that a host's visit starts.
func (v *views) begin(host string) {
	if v.progress != nil {
		v.progress.Begin(host)
	}
}

// stop ends the progress display.
func (v *views) stop() {
	if v.progress != nil {
		v.progress.Close()
	}
}

// commit puts the report files in their place.
func (v *views) commit() error {
	var errs []error
	for _, f := range v.files {
		errs = append(errs, f.commit())
	}
	v.files = nil
	return errors.Join(errs...)
}

// discard drops the report files of a run that came to no end.
func (v *views) discard() {
	for _, f := range v.files {
		f.discard()
	}
	v.files = nil
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

func (f *atomicFile) commit() error {
	if f.path == "" {
		return errors.Join(f.Flush(), f.file.Close())
	}
	err := errors.Join(f.Flush(), f.file.Chmod(0o644), f.file.Close())
	if err == nil {
		err = os.Rename(f.file.Name(), f.path)
	}
	if err != nil {
		_ = os.Remove(f.file.Name())
		return fmt.Errorf("writing %q: %w", f.path, err)
	}
	return nil
}

func (f *atomicFile) discard() {
	_ = f.file.Close()
	if f.path != "" {
		_ = os.Remove(f.file.Name())
	}
}
