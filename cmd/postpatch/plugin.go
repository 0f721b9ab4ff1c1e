package main

import (
	"context"
	"io"
	"slices"
	"strings"

	"postpatch/runner/report/nagios"
)

// asPlugin says whether a command line wants a plugin's exit codes. It is looked at before
// anything else: whatever goes wrong, the flags themselves included, has to end with one.
func asPlugin(args []string) bool {
	if end := slices.Index(args, "--"); end >= 0 {
		args = args[:end]
	}
	i := slices.Index(args, "--format")
	return i >= 0 && i+1 < len(args) && args[i+1] == formNagios || slices.Contains(args, "--format="+formNagios)
}

// runAsPlugin carries out a command line as a plugin of Nagios: there is always a line on
// stdout, nothing is well that has said nothing, and the exit code is the one of the line,
// also where a command tells a verdict that is not its own.
func runAsPlugin(ctx context.Context, args []string, a app) int {
	out, talk := &noted{to: a.stdout}, &noted{to: a.stderr, mark: "error: "}
	a.stdout, a.stderr, a.plugin = out, talk, true
	status := nagios.StatusOf(run(ctx, args, a))
	if said, ok := nagios.Said(out.first); ok {
		status = said
	}
	if out.first == "" {
		if status == nagios.OK {
			status = nagios.Unknown
		}
		said := strings.TrimPrefix(talk.first, talk.mark)
		if said == "" {
			said = "no verdict, and stderr says why"
		}
		a.tell("%s\n", nagios.Line(status, said))
	}
	return int(status)
}

// noted passes on what is written, and keeps the first line that begins with a mark.
type noted struct {
	to          io.Writer
	mark, first string
}

func (n *noted) Write(p []byte) (int, error) {
	if n.first == "" {
		const most = 1000
		line, _, _ := strings.Cut(string(p[:min(len(p), most)]), "\n")
		if strings.HasPrefix(line, n.mark) {
			n.first = line
		}
	}
	return n.to.Write(p)
}
