// Package nagios tells a run as a plugin of Nagios or Icinga does: a line with its
// performance data, and an exit code of that world.
package nagios

import (
	"fmt"
	"io"
	"strings"

	"postpatch/runner/report"
)

// Status is what a plugin exits with.
type Status int

// The statuses. Warning is never told: whatever a verdict lets pass is well, and a
// pre-existing failure or one that is waived is no reason to wake anybody.
const (
	OK       Status = 0
	Warning  Status = 1
	Critical Status = 2
	Unknown  Status = 3
)

func (s Status) String() string {
	switch s {
	case OK:
		return "OK"
	case Warning:
		return "WARNING"
	case Critical:
		return "CRITICAL"
	default:
		return "UNKNOWN"
	}
}

// StatusOf is what a plugin says where postpatch exits with a code: whatever is no verdict
// is unknown.
func StatusOf(exit int) Status {
	switch exit {
	case 0:
		return OK
	case 1:
		return Critical
	default:
		return Unknown
	}
}

// Said is the status that a plugin's line tells.
func Said(line string) (s Status, ok bool) {
	for _, s := range []Status{OK, Warning, Critical, Unknown} {
		if strings.HasPrefix(line, "POSTPATCH "+s.String()+" - ") {
			return s, true
		}
	}
	return Unknown, false
}

// New returns a handler that writes the line when the run finishes.
func New(w io.Writer) report.Handler { return &writer{out: w} }

type writer struct {
	out io.Writer
	run report.Run
}

// Start implements report.Handler.
func (w *writer) Start(r report.Run) error {
	w.run = r
	return nil
}

// Host implements report.Handler.
func (w *writer) Host(report.Host) error { return nil }

// Finish implements report.Handler.
func (w *writer) Finish(s report.Summary) error {
	said := fmt.Sprintf("%s %s, %s (%d hosts, %d checks)", w.run.Command, s.Verdict, s.Reason, w.run.Hosts, w.run.Checks)
	if w.run.Baseline != nil {
		said += ", baseline " + w.run.Baseline.Name
	}
	var data strings.Builder
	for _, o := range report.Outcomes() {
		fmt.Fprintf(&data, " '%s'=%d;;;0;", o, s.Counts[o])
	}
	fmt.Fprintf(&data, " 'unreachable_hosts'=%d;;;0;%d", s.Unseen, w.run.Hosts)
	fmt.Fprintf(&data, " 'time'=%.3fs;;;0;", max(s.Took, 0).Seconds())
	_, err := io.WriteString(w.out, Line(StatusOf(s.ExitCode), said)+" |"+data.String()+"\n")
	if err != nil {
		return fmt.Errorf("writing the plugin's line: %w", err)
	}
	return nil
}

// Line is a plugin's line without performance data, which a bar would begin. It is short
// enough for those who read 1024 bytes.
func Line(s Status, said string) string {
	const most = 300
	said = strings.NewReplacer("|", "/").Replace(report.Brief(said, most))
	return "POSTPATCH " + s.String() + " - " + said
}
