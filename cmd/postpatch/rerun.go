package main

import (
	"slices"
	"strings"

	"postpatch/runner"
	"postpatch/runner/report"
)

// rerun is what it takes to compare with a baseline once more.
type rerun struct {
	inputs
	suites   []string
	baseline string
}

// after names what a reader of a verify's verdict does next: look again, and if
// hosts were unreachable, at these.
func (r rerun) after(s report.Summary, unseen []string) []string {
	const most = 10 // more would not fit a line, and the whole run says it, too
	switch {
	case s.ExitCode == runner.ExitOK:
		return nil
	case len(unseen) > 0 && len(unseen) <= most:
		r.hosts = slices.Sorted(slices.Values(unseen))
	}
	return []string{r.command()}
}

// command is the command line.
func (r rerun) command() string {
	words := append([]string{"postpatch", "verify"}, r.suites...)
	words = append(words, "--baseline", r.baseline)
	for _, flag := range []struct{ name, value, standard string }{
		{"--plan", r.plan, ""},
		{"--store", r.store, "evidence"},
		{"--credentials", r.credentials, ""},
		{"--connect-to", r.connectTo, ""},
		{"--ca", r.ca, ""},
		{"--hosts", strings.Join(r.hosts, ","), ""},
		{"--only", strings.Join(r.only, ","), ""},
	} {
		if flag.value != flag.standard {
			words = append(words, flag.name, flag.value)
		}
	}
	return shellWords(words)
}
