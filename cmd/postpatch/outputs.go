package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"postpatch/runner/report"
	"postpatch/runner/report/jsonl"
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
	by          string
	junitFlags
	also []report.Handler // beside what the flags ask for
}

func (o *outputs) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.junit, "junit", "", "write JUnit XML to this file")
	o.junitFlags.flags(f)
	f.StringVar(&o.by, "by", "", "owner: tell each owner's part in a section of its own")
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

// views are the open views of a run: those on the screen, and the files.
type views struct {
	report.Handler
	progress *progress.Progress
	files    []*reportFile
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
	if o.by != "" && o.by != byOwner {
		return nil, fmt.Errorf("--by %q: want owner", o.by)
	}
	if err := o.check(o.junit); err != nil {
		return nil, err
	}
	v := &views{}
	handlers := append([]report.Handler{text.New(a.stdout, o.textOptions(a))}, o.also...)
	for _, file := range []struct {
		path string
		view func(io.Writer) report.Handler
	}{
		{o.json, func(w io.Writer) report.Handler { return jsonl.New(w) }},
	} {
		if file.path == "" {
			continue
		}
		f, err := createAtomic(file.path)
		if err != nil {
			v.discard()
			return nil, err
		}
		v.files = append(v.files, &reportFile{view: file.view(f), file: f})
	}
	if o.junit != "" {
		f, err := o.junitFlags.open(a, o.junit)
		if err != nil {
			v.discard()
			return nil, err
		}
		v.files = append(v.files, f)
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
		Verbosity: verbosity, ShowIgnored: o.ignored, ByOwner: o.by == byOwner,
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
