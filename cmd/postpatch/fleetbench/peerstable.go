//go:build linux

package fleetbench

import (
	"fmt"
	"strings"
	"text/tabwriter"
)

// notesOnPeers say what the figures hold and what they do not.
const notesOnPeers = `
CPU is user and system time, with that of a program's children. In postpatch's are reading every answer
into readings, the snapshot and the JSON, and with the whole suite the checks from the runner; peers only
receive text. All in one: one command that prints as much as postpatch's packed answer. As used: one for
each check, which prints a few lines, even where postpatch has all services. Peak RSS is of the largest
process; ansible has many.
`

// PeerTable shows the clients below each other.
func PeerTable(peers []Peer) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintln(w, "client\tway\thosts\tcommands\tat once\tCPU ms/host\tx postpatch\twall s\tpeak RSS MB\t"+
		"messages/host\tanswer KB/host\tlab's CPU ms/host\tload\t")
	for _, p := range peers {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%.2f\t%.1f\t%.2f\t%.0f\t%.1f\t%.1f\t%.2f\t%s\t\n", p.Client, p.Way,
			p.Hosts, p.Commands, p.AtOnce, p.CPU, p.Ratio, p.Wall, p.PeakRSS, p.Messages, p.Answer, p.LabCPU, p.Load)
	}
	_ = w.Flush() // into a Builder
	return b.String() + notesOnPeers
}
