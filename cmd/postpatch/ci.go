package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"postpatch/runner/report"
	"postpatch/runner/report/annotate"
	"postpatch/runner/report/markdown"
	"postpatch/runner/report/teamcity"
)

// The systems of pipelines that are told of a run in their own way.
const (
	ciAuto     = "auto"
	ciNone     = "none"
	ciGitHub   = "github"
	ciAzure    = "azure"
	ciGitLab   = "gitlab"
	ciTeamCity = "teamcity"
)

// pipeline is the flag that says in which system this runs.
type pipeline struct{ ci string }

func (p *pipeline) flags(f *pflag.FlagSet) {
	f.StringVar(&p.ci, "ci", ciAuto,
		"annotations and a summary for the pipeline's system: auto, github, azure, gitlab, teamcity or none")
}

// system is where this runs; "" where nobody is to be told. What is found out by itself
// keeps out of a stdout that a program reads.
func (o *outputs) system(a app) (string, error) {
	switch o.ci {
	case "", ciNone:
		return "", nil
	case ciAuto:
		if !o.isText() {
			return "", nil
		}
		return ciSystem(a.getenv), nil
	case ciGitHub, ciAzure, ciGitLab, ciTeamCity:
		if !o.isText() {
			return "", fmt.Errorf("--ci %s writes to stdout, which --format %s has: choose one", o.ci, o.format)
		}
		return o.ci, nil
	default:
		return "", fmt.Errorf("--ci %q: want auto, github, azure, gitlab, teamcity or none", o.ci)
	}
}

// ciSystem is what the environment says of where this runs.
func ciSystem(getenv func(string) string) string {
	for _, system := range []struct{ name, variable string }{
		{ciGitHub, "GITHUB_ACTIONS"}, {ciAzure, "TF_BUILD"}, {ciGitLab, "GITLAB_CI"},
	} {
		if strings.EqualFold(getenv(system.variable), "true") {
			return system.name
		}
	}
	if getenv("TEAMCITY_VERSION") != "" {
		return ciTeamCity
	}
	return ""
}

// systemViews are what a pipeline's system gets: handlers that write to stdout, and a summary.
type systemViews struct {
	handlers []report.Handler
	files    []*reportFile
}

// tellSystem opens what the pipeline's system is to be told with.
func (o *outputs) tellSystem(a app) (systemViews, error) {
	system, err := o.system(a)
	if err != nil {
		return systemViews{}, err
	}
	var t systemViews
	switch system {
	case ciGitHub:
		path := inWorkspace(a.getenv("GITHUB_WORKSPACE"))
		t.handlers = append(t.handlers, annotate.New(a.stdout, annotate.Options{Form: annotate.GitHub, Path: path}))
		if file := a.getenv("GITHUB_STEP_SUMMARY"); file != "" {
			err = o.appendSummary(a, file, &t)
		}
	case ciAzure:
		path := inWorkspace(a.getenv("BUILD_SOURCESDIRECTORY"))
		t.handlers = append(t.handlers,
			annotate.New(a.stdout, annotate.Options{Form: annotate.Azure, Path: path, Issues: true}))
		err = o.uploadSummary(a, &t)
	case ciTeamCity:
		junit := o.junit
		if o.junitSplit != "" {
			junit = "" // it may be in many files
		}
		if full, err := filepath.Abs(junit); junit != "" && err == nil {
			junit = full
		}
		t.handlers = append(t.handlers, teamcity.New(a.stdout, teamcity.Options{JUnit: junit}))
	}
	if err != nil && o.ci == ciAuto { // nobody asked for it
		a.talk("warning: no summary for the pipeline: %s\n", report.CleanLine(err.Error()))
		err = nil
	}
	return t, err
}

// inWorkspace names files as the repository does that is checked out in a folder.
func inWorkspace(workspace string) func(string) string {
	return func(file string) string {
		full, err := filepath.Abs(file)
		if err != nil || workspace == "" {
			return inRepository(file)
		}
		inside, err := filepath.Rel(workspace, full)
		if err != nil || !filepath.IsLocal(inside) {
			return inRepository(file)
		}
		return report.CleanLine(filepath.ToSlash(inside))
	}
}

// summaryLimit is how long a step's summary may be, and summaryLeast what one is worth.
const (
	summaryLimit = 900_000
	summaryLeast = 30_000
)

// appendSummary adds to the summary of the step, in which there may be one of another run.
func (o *outputs) appendSummary(a app, path string, t *systemViews) error {
	file, err := openAppended(path)
	if err != nil {
		return err
	}
	room := summaryLimit - file.size
	if room < summaryLeast {
		file.discard()
		a.talk("warning: no summary for the pipeline: %q has %d bytes already\n", path, file.size)
		return nil
	}
	options := o.summaryOptions()
	options.Limit = int(room)
	t.files = append(t.files, &reportFile{view: markdown.New(file, options), file: file, aside: true})
	return nil
}

// uploadSummary has the agent take a summary: the one of --markdown, or one of its own.
func (o *outputs) uploadSummary(a app, t *systemViews) error {
	path := o.markdown
	if path == "" {
		folder := cmp.Or(a.getenv("AGENT_TEMPDIRECTORY"), os.TempDir())
		own, err := os.CreateTemp(folder, "postpatch-*.md") // a name of its own: the agent reads it later
		if err != nil {
			return named(filepath.Join(folder, "postpatch.md"), err)
		}
		path = own.Name()
		if err := own.Close(); err != nil {
			return named(path, err)
		}
		file, err := createAtomic(path)
		if err != nil {
			return err
		}
		t.files = append(t.files, &reportFile{view: markdown.New(file, o.summaryOptions()), file: file, aside: true})
	}
	full, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	t.handlers = append(t.handlers, &uploader{to: a.stdout, path: full})
	return nil
}

// uploader names a file to Azure's agent once the file is whole. Where there is none it
// says nothing: the step would fail of it.
type uploader struct {
	to   io.Writer
	path string
}

func (u *uploader) Start(report.Run) error { return nil }

func (u *uploader) Host(report.Host) error { return nil }

func (u *uploader) Finish(report.Summary) error {
	if info, err := os.Stat(u.path); err != nil || info.Size() == 0 {
		return nil
	}
	_, err := fmt.Fprintln(u.to, annotate.AzureCommand("task.uploadsummary", u.path))
	return err
}

// appended is a text that is put behind what a file has, whole or not at all.
type appended struct {
	bytes.Buffer
	file *os.File
	size int64
}

func openAppended(path string) (*appended, error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("opening %q: %w", path, err)
	}
	info, err := file.Stat()
	if err != nil {
		return nil, errors.Join(named(path, err), file.Close())
	}
	a := &appended{file: file, size: info.Size()}
	if a.size > 0 {
		a.WriteString("\n\n")
	}
	return a, nil
}

func (f *appended) commit() error {
	_, err := f.file.Write(f.Bytes())
	if err != nil {
		_ = f.file.Truncate(f.size)
	}
	return named(f.name(), errors.Join(err, f.file.Close()))
}

func (f *appended) discard() { _ = f.file.Close() }

func (f *appended) name() string { return f.file.Name() }
