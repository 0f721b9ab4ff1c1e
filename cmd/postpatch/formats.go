package main

import (
	"fmt"
	"io"

	"github.com/spf13/pflag"

	"postpatch/runner/report"
	"postpatch/runner/report/markdown"
	"postpatch/runner/report/nagios"
	"postpatch/runner/report/prometheus"
	"postpatch/runner/report/tap"
	"postpatch/runner/report/teamcity"
	"postpatch/runner/report/text"
)

// The forms of stdout.
const (
	formTAP      = "tap"
	formMarkdown = "markdown"
	formTeamCity = "teamcity"
	formNagios   = "nagios"
)

// formats are the flags of the forms that are told beside text, JUnit and JSON lines.
type formats struct {
	format                    string // of stdout; "" for text
	markdown, tap, prometheus string
}

func (o *formats) flags(f *pflag.FlagSet) {
	f.StringVar(&o.format, "format", formText,
		"what stdout gets: text, tap, markdown, teamcity, or nagios, which has its exit codes too")
	f.StringVar(&o.markdown, "markdown", "", "write a summary in Markdown to this file")
	f.StringVar(&o.tap, "tap", "", "write the results as TAP to this file")
	f.StringVar(&o.prometheus, "prometheus", "", "write metrics to this file, for a textfile collector: NAME.prom")
}

func (o *formats) isText() bool { return o.format == "" || o.format == formText }

func (o *formats) checkForm() error {
	switch o.format {
	case "", formText, formTAP, formMarkdown, formTeamCity, formNagios:
		return nil
	default:
		return fmt.Errorf("--format %q: want text, tap, markdown, teamcity or nagios", o.format)
	}
}

// screen is what stdout gets; written are the reports that are in their place.
func (o *outputs) screen(a app, written func() []string) (report.Handler, error) {
	switch o.format {
	case formTAP:
		return tap.New(a.stdout), nil
	case formMarkdown:
		return markdown.New(a.stdout, o.summaryOptions()), nil
	case formTeamCity:
		return teamcity.New(a.stdout, teamcity.Options{}), nil
	case formNagios:
		return nagios.New(a.stdout), nil
	}
	system, err := o.system(a)
	told := o.textOptions(a)
	if !o.redact { // the operator's names of files may be those of hosts
		told.Reports = written
	}
	switch system {
	case ciGitHub:
		told.Sections = text.GitHub
	case ciAzure:
		told.Sections = text.Azure
	case ciGitLab:
		told.Sections = text.GitLab
	}
	return text.New(a.stdout, told), err
}

// summaryOptions have the summary name the report that has more.
func (o *outputs) summaryOptions() markdown.Options {
	if o.redact { // the operator's names of files may be those of hosts
		return markdown.Options{}
	}
	return markdown.Options{HTML: o.html}
}

// formFile is a report in a file of its own.
type formFile struct {
	flag, path string
	view       func(io.Writer) report.Handler
}

func (o *outputs) formFiles() []formFile {
	return []formFile{
		{"markdown", o.markdown, func(w io.Writer) report.Handler { return markdown.New(w, o.summaryOptions()) }},
		{"tap", o.tap, tap.New},
		{"prometheus", o.prometheus, prometheus.New},
	}
}

// distinct makes sure that no file is written by two reports.
func distinct(files []formFile) error {
	for i, f := range files {
		for _, other := range files[:i] {
			if f.path != "" && other.path != "" && isSameFile(f.path, other.path) {
				return fmt.Errorf("--%s and --%s both name %q", other.flag, f.flag, f.path)
			}
		}
	}
	return nil
}
