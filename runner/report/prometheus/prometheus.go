// Package prometheus writes what a run came to as a file for the textfile collectors of
// node_exporter and windows_exporter.
package prometheus

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"postpatch/runner/report"
)

// New returns a handler that writes the metrics when the run finishes: those of one name
// have to stand together. There are some for each host, and none for a check.
func New(w io.Writer) report.Handler { return &writer{out: w, hosts: map[string]*host{}} }

type writer struct {
	out   io.Writer
	run   report.Run
	hosts map[string]*host
	text  bytes.Buffer
}

type host struct {
	counts    map[report.Outcome]int
	reachable bool
}

// Start implements report.Handler.
func (w *writer) Start(r report.Run) error {
	w.run = r
	return nil
}

// Host implements report.Handler. Hosts whose names cannot be told apart are one: a
// collector refuses the whole file where a metric comes twice.
func (w *writer) Host(h report.Host) error {
	name := label(h.Host)
	known := w.hosts[name]
	if known == nil {
		known = &host{map[report.Outcome]int{}, true}
		w.hosts[name] = known
	}
	for o, n := range h.Counts {
		known.counts[o] += n
	}
	known.reachable = known.reachable && h.Unreachable == ""
	return nil
}

// Finish implements report.Handler.
func (w *writer) Finish(s report.Summary) error {
	names := slices.Sorted(maps.Keys(w.hosts))
	w.metric("postpatch_checks", "Checks of a host by what they came to.")
	for _, name := range names {
		for _, o := range report.Outcomes() {
			w.sample("postpatch_checks", []string{"host", name, "outcome", string(o)}, float64(w.hosts[name].counts[o]))
		}
	}
	w.metric("postpatch_host_reachable", "Whether anything at the host answered.")
	for _, name := range names {
		w.sample("postpatch_host_reachable", []string{"host", name}, number(w.hosts[name].reachable))
	}
	w.metric("postpatch_verdict", "The verdict of the run: 1 for the one it is.")
	for _, verdict := range verdicts(s.Verdict) {
		w.sample("postpatch_verdict", []string{"verdict", verdict}, number(verdict == label(s.Verdict)))
	}
	for _, m := range []struct {
		name, help string
		value      float64
	}{
		{
			"postpatch_exit_code", "Exit code of the run: 0 nothing broken, 1 something is, 2 no verdict, 3 incomplete.",
			float64(s.ExitCode),
		},
		{"postpatch_hosts", "Hosts of which the run was to tell.", float64(w.run.Hosts)},
		{"postpatch_last_run_timestamp_seconds", "When the run finished.", float64(s.Finished.UnixMilli()) / 1000},
		{"postpatch_run_duration_seconds", "How long the run took.", s.Took.Seconds()},
	} {
		w.metric(m.name, m.help)
		w.sample(m.name, nil, m.value)
	}
	if _, err := w.out.Write(w.text.Bytes()); err != nil {
		return fmt.Errorf("writing metrics: %w", err)
	}
	return nil
}

// verdicts are all that there are, and the run's own.
func verdicts(own string) []string {
	all := []string{"PASS", "FAIL", "INCOMPLETE", "NO VERDICT", "READY", "NOT READY"}
	if own = label(own); !slices.Contains(all, own) {
		all = append(all, own)
	}
	return all
}

func (w *writer) metric(name, help string) {
	fmt.Fprintf(&w.text, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name)
}

// sample is a line of a metric, with labels in pairs. Each names the command: verify and
// precheck may have files in one folder.
func (w *writer) sample(name string, labels []string, value float64) {
	w.text.WriteString(name + `{command="` + escaped(label(w.run.Command)) + `"`)
	for pair := range slices.Chunk(labels, 2) {
		w.text.WriteString("," + pair[0] + `="` + escaped(pair[1]) + `"`)
	}
	w.text.WriteString("} " + strconv.FormatFloat(value, 'f', -1, 64) + "\n")
}

func escaped(s string) string {
	if strings.ContainsAny(s, "\\\"\n") {
		s = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s)
	}
	return s
}

func label(s string) string {
	const most = 200
	return report.Brief(s, most)
}

func number(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
