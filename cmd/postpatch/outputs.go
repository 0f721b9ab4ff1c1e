package main

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"postpatch/runner/report"
	"postpatch/runner/report/html"
	"postpatch/runner/report/jsonl"
	"postpatch/runner/report/progress"
	"postpatch/runner/report/text"
)

// outputs are the flags that say what is told, and where.
type outputs struct {
	formats
	pipeline
	junit, json string
	html        string
	htmlDir     string
	color       string
	progress    string
	quiet       bool
	verbose     int
	ignored     bool // what rules hide is listed
	aloud       bool // a demo that is shown, not only played
	by          string
	also        []report.Handler // beside what the flags ask for
	redaction
	junitFlags
}

func (o *outputs) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	o.formats.flags(f)
	o.pipeline.flags(f)
	f.StringVar(&o.junit, "junit", "", "write JUnit XML to this file")
	o.junitFlags.flags(f)
	f.StringVar(&o.by, "by", "", "owner: tell each owner's part in a section of its own")
	f.StringVar(&o.json, "json", "", "write the results as JSON lines to this file")
	f.StringVar(&o.html, "html", "", "write an HTML report of one file to this file")
	f.StringVar(&o.htmlDir, "html-dir", "", "write an HTML report of several files to this folder, for strict servers")
	o.redactFlags(f)
	f.StringVar(&o.color, "color", "auto", "colour on stdout: auto, always or never")
	f.StringVar(&o.progress, "progress", "auto", "progress on stderr: auto, tty, plain or never")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "print the verdict line only")
	f.CountVarP(&o.verbose, "verbose", "v", "print unchanged checks too; -vv whole values, and what rules hide")
}

// ignoredFlag is for the commands that compare.
func (o *outputs) ignoredFlag(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&o.ignored, "show-ignored", false, "list the changes that rules hide, and where each rule stands")
}

// views are the open views of a run: those on the screen, and the files.
type views struct {
	report.Handler
	progress *progress.Progress
	files    []*reportFile
	record   *record
	talk     func(format string, args ...any)
	again    string   // the command that makes the reports of this run once more; "" without one
	written  []string // the files that are in their place
	redacted *views   // that are told other names; nil where nobody is
}

// open makes all views before anything is sent to a host: a report that cannot
// be written is known now, not after the maintenance window.
func (o *outputs) open(a app) (*views, error) {
	files := o.files()
	if err := errors.Join(o.check(), distinct(files)); err != nil {
		return nil, err
	}
	v := &views{talk: a.talk}
	told, err := o.openAll(a, v, files)
	if err == nil {
		v.Handler = report.Tee(lastingly(told)...)
		v, err = o.redacted(v)
	}
	if err != nil {
		v.discard()
		return nil, err
	}
	handlers := append(slices.Clone(o.also), v.Handler)
	if o.progress != "never" {
		v.progress = progress.New(a.stderr, o.progressOptions(a))
		handlers = append([]report.Handler{v.progress}, handlers...) // it makes room for the report
	}
	v.Handler = report.Tee(handlers...)
	return v, nil
}

// check finds flags that say what is not known.
func (o *outputs) check() error {
	switch o.color {
	case "auto", "always", "never":
	default:
		return fmt.Errorf("--color %q: want auto, always or never", o.color)
	}
	switch o.progress {
	case "auto", "tty", "plain", "never":
	default:
		return fmt.Errorf("--progress %q: want auto, tty, plain or never", o.progress)
	}
	if o.by != "" && o.by != byOwner {
		return fmt.Errorf("--by %q: want owner", o.by)
	}
	return errors.Join(o.checkForm(), o.junitFlags.check(o.junit))
}

// files are the reports that are one file each.
func (o *outputs) files() []formFile {
	return slices.Concat([]formFile{
		{"junit", o.junit, nil}, // which may be many
		{"json", o.json, jsonl.New},
		{"html", o.html, func(w io.Writer) report.Handler { return html.New(w, o.htmlOptions()) }},
	}, o.formFiles())
}

// htmlOptions have a page that is to be shared say so, and name no command with names in it
// that no host has.
func (o *outputs) htmlOptions() html.Options { return html.Options{Redacted: o.redact} }

// openAll opens the reports that are files, and makes those that go to the screen. What is
// open when one cannot be, is the views' to discard.
func (o *outputs) openAll(a app, v *views, files []formFile) ([]report.Handler, error) {
	for _, file := range files {
		if file.path == "" || file.view == nil {
			continue
		}
		f, err := createAtomic(file.path)
		if err != nil {
			return nil, err
		}
		v.files = append(v.files, &reportFile{view: file.view(f), file: f})
	}
	if o.junit != "" {
		f, err := o.junitFlags.open(a, o.junit)
		if err != nil {
			return nil, err
		}
		v.files = append(v.files, f)
	}
	if o.htmlDir != "" {
		f, err := openHTMLDir(o.htmlDir, o.htmlOptions())
		if err != nil {
			return nil, err
		}
		v.files = append(v.files, f)
	}
	system, err := o.tellSystem(a)
	if err != nil {
		return nil, err
	}
	v.files = append(v.files, system.files...)
	screen, err := o.screen(a, func() []string { return v.written })
	return append(system.handlers, screen), err
}

func (o *outputs) textOptions(a app) text.Options {
	verbosity := o.verbose
	if o.quiet {
		verbosity = -1
	}
	return text.Options{
		Color:     text.ColorFor(o.color, a.getenv, a.atTerminal()),
		ASCII:     !a.atTerminal() || a.getenv("TERM") == "dumb",
		Width:     a.width,
		Verbosity: verbosity, ShowIgnored: o.ignored, ByOwner: o.by == byOwner,
	}
}

func (o *outputs) progressOptions(a app) progress.Options {
	drawn := a.stderrIsTerminal && a.getenv("TERM") != "dumb"
	return progress.Options{
		Terminal: o.progress == "tty" || o.progress == "auto" && drawn && a.getenv("CI") == "",
		Size:     a.stderrSize, ASCII: !drawn, Quiet: o.quiet,
		Color: text.ColorFor(o.color, a.getenv, a.stderrIsTerminal),
	}
}

// say prints what is no result, beside a progress that is drawn.
func (v *views) say(a app) func(format string, args ...any) {
	if v.progress != nil {
		a.stderr = v.progress
	}
	return a.talk
}

// phase tells the progress what the run as a whole is at.
func (v *views) phase(what string) {
	if v.progress != nil {
		v.progress.Phase(what)
	}
}

// begin tells the progress that a host's visit starts.
func (v *views) begin(host string) {
	if v.progress != nil {
		v.progress.Begin(host)
	}
}

// wait tells the progress what a host is waited for.
func (v *views) wait(host, what string) {
	if v.progress != nil {
		v.progress.Wait(host, what)
	}
}

// stop ends the progress display.
func (v *views) stop() {
	if v.progress != nil {
		v.progress.Close()
	}
}
