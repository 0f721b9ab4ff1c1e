//go:build linux

package fleetbench

import (
	"fmt"
	"strings"
	"text/tabwriter"
)

// Table shows the figures of several runs side by side, with their ideals and their
// largest costs below.
func Table(runs []Figures) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(name string, value func(Figures) string) {
		_, _ = fmt.Fprintf(w, "%s\t", name)
		for _, f := range runs {
			_, _ = fmt.Fprintf(w, "%s\t", value(f))
		}
		_, _ = fmt.Fprintln(w)
	}
	number := func(name, format string, value func(Figures) any) {
		row(name, func(f Figures) string { return fmt.Sprintf(format, value(f)) })
	}
	row("", func(f Figures) string { return f.Command })
	number("hosts", "%d", func(f Figures) any { return f.Hosts })
	number("at once", "%d", func(f Figures) any { return f.Concurrency })
	number("wall s", "%.2f", func(f Figures) any { return f.Wall })
	number("ideal s", "%.2f", func(f Figures) any { return f.Ideal.Seconds })
	number("wall/ideal", "%.2f", func(f Figures) any { return f.Ratio })
	number("wall/hosts' time", "%.2f", func(f Figures) any { return f.Wall / max(f.Ideal.Think, f.Ideal.Slowest) })
	number("hosts/s", "%.0f", func(f Figures) any { return f.HostsPerSec })
	number("CPU ms/host", "%.2f", func(f Figures) any { return f.CPU })
	number("bare client's", "%.2f", func(f Figures) any { return f.Bare })
	number("CPU/bare", "%.2f", func(f Figures) any { return f.CPU / max(f.Bare, 0.01) })
	number("lab's CPU ms/host", "%.2f", func(f Figures) any { return f.LabCPU })
	number("peak RSS MB", "%.0f", func(f Figures) any { return f.PeakRSS })
	number("allocated KB/host", "%.0f", func(f Figures) any { return f.Allocated })
	number("sockets at once", "%d", func(f Figures) any { return f.MostSockets })
	number("messages/host", "%.2f", func(f Figures) any { return f.Messages })
	number("wire KB/host", "%.1f", func(f Figures) any { return f.Received })
	number("packed answer KB/host", "%.1f", func(f Figures) any { return f.Answer })
	number("stored KB/host", "%.1f", func(f Figures) any { return f.Stored })
	number("FALSE VERDICTS", "%d", func(f Figures) any { return f.False })
	number("dead hosts", "%d", func(f Figures) any { return f.Dead })
	number("latest of them s", "%.2f", func(f Figures) any { return f.Latest })
	number("goroutines left", "%d", func(f Figures) any { return f.Goroutines })
	number("sockets left", "%d", func(f Figures) any { return f.Sockets })
	number("shells left", "%d", func(f Figures) any { return f.Shells })
	row("load", func(f Figures) string { return f.Load })
	_ = w.Flush() // into a Builder
	for _, f := range runs {
		fmt.Fprintf(&b, "\nideal of %s: %s\n", f.Command, f.Ideal)
		list(&b, f.Command+": processor time", f.Costs)
		list(&b, f.Command+": memory asked for", f.Allocs)
		for _, text := range f.FirstFalse {
			fmt.Fprintf(&b, "FALSE: %s\n", text)
		}
	}
	return b.String()
}

func list(b *strings.Builder, title string, costs []Cost) {
	fmt.Fprintf(b, "%s\n", title)
	for _, c := range costs {
		fmt.Fprintf(b, "  %5.1f %%  %s\n", 100*c.Share, c.Part)
	}
}
