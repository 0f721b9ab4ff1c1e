//go:build linux

package fleetbench

import (
	"fmt"
	"strings"
	"text/tabwriter"
)

// PeerTable shows the clients below each other.
func PeerTable(peers []Peer) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintln(w, "client\tway\thosts\tcommands\tat once\tCPU ms/host\tx postpatch\twall s\tpeak RSS MB\t"+
		"messages/host\tanswer KB/host\tlab's CPU ms/host\tload\t")
	for _, p := range peers {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%.2f\t%.1f\t%.2f\t%.0f\t%.1f\t%.1f\t%.2f\t%s\t\n", p.Client, p.Way, p.Hosts,
			p.Commands, p.AtOnce, p.CPU, p.Ratio, p.Wall, p.PeakRSS, p.Messages, p.Answer, p.LabCPU, p.Load)
	}
	_ = w.Flush() // into a Builder
	return b.String()
}
