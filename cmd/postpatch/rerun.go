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
	waits    waits
}

// blind are hosts of which nothing is known.
type blind struct {
	unreachable []string
	first       string // in alphabetical order, also of those that answer and say nothing
}

func (b *blind) note(h report.Host) {
	if h.Unreachable != "" {
		b.unreachable = append(b.unreachable, h.Host)
	}
	silent := len(h.Checks) > 0 && h.Counts[report.Unknown] == len(h.Checks)
	if silent && (b.first == "" || h.Host < b.first) {
		b.first = h.Host
	}
}

// after names what a reader of a verify's verdict does next: look again, and if
// hosts were unreachable, at these; and at the way into one that told nothing.
func (r rerun) after(s report.Summary, b blind) []string {
	const most = 10 // more would not fit a line, and the whole run says it, too
	if s.ExitCode == runner.ExitOK {
		return nil
	}
	again := r
	if n := len(b.unreachable); n > 0 && n <= most {
		again.hosts = slices.Sorted(slices.Values(b.unreachable))
	}
	return append(r.doctor(b), again.command())
}

// doctor looks at the way into the first host that told nothing.
func (r rerun) doctor(b blind) []string {
	if b.first == "" || r.credentials == "" || r.here {
		return nil
	}
	words := []string{"postpatch", "doctor", b.first, "--credentials", r.credentials}
	for _, flag := range []struct{ name, value string }{{"--connect-to", r.connectTo}, {"--ca", r.ca}} {
		if flag.value != "" {
			words = append(words, flag.name, flag.value)
		}
	}
	return []string{shellWords(words)}
}

// command is the command line.
func (r rerun) command() string { return r.commandOf("verify") }

// anew is the command line without its choice of hosts and checks, to which another one is
// added.
func (r rerun) anew(verb string) string {
	r.hosts, r.only = nil, nil
	return r.commandOf(verb)
}

// commandOf is the command line of another command that takes the same flags.
func (r rerun) commandOf(verb string) string {
	words := append([]string{"postpatch", verb}, r.suites...)
	words = append(words, flagWords(
		flagValue{"--baseline", r.baseline, ""},
		flagValue{"--plan", r.plan, ""},
		flagValue{"--store", r.store, standardStore},
		flagValue{"--credentials", r.credentials, ""},
		flagValue{"--connect-to", r.connectTo, ""},
		flagValue{"--ca", r.ca, ""},
		flagValue{"--trust", r.trust, ""},
		flagValue{"--sign", r.sign, ""},
		flagValue{"--wave", strings.Join(r.waves, ","), ""},
		flagValue{"--hosts", strings.Join(r.hosts, ","), ""},
		flagValue{"--only", strings.Join(r.only, ","), ""},
	)...)
	words = append(words, r.ownerWords()...)
	if r.scripts {
		words = append(words, "--allow-scripts")
	}
	if r.here {
		words = append(words, "--local")
	}
	return shellWords(append(words, r.waits.words()...))
}

// resumed is the command line that takes a run up where it was cut off.
func (r rerun) resumed(command, run string) string {
	return r.commandOf(command) + " " + shellWords([]string{"--name", run, "--resume"})
}

// ignored is the command line that lists what rules hide of a stored run: it is judged
// again, and no host is asked.
func (r rerun) ignored(run, baseline string) string {
	if r.here {
		r.hosts = r.self
	}
	words := append([]string{"postpatch", "judge", run}, r.suites...)
	words = append(words, flagWords(
		flagValue{"--baseline", baseline, ""},
		flagValue{"--plan", r.plan, ""},
		flagValue{"--store", r.store, standardStore},
		flagValue{"--wave", strings.Join(r.waves, ","), ""},
		flagValue{"--hosts", strings.Join(r.hosts, ","), ""},
		flagValue{"--only", strings.Join(r.only, ","), ""},
	)...)
	words = append(words, r.ownerWords()...)
	if r.asked {
		words = append(words, flagWords(flagValue{"--credentials", r.credentials, ""},
			flagValue{"--connect-to", r.connectTo, ""}, flagValue{"--ca", r.ca, ""})...)
	}
	return shellWords(append(words, "--show-ignored"))
}

// flagValue is a flag as a command line has it, unless it has its standard value.
type flagValue struct{ name, value, standard string }

func flagWords(all ...flagValue) []string {
	var words []string
	for _, flag := range all {
		if flag.value != flag.standard {
			words = append(words, flag.name, flag.value)
		}
	}
	return words
}
