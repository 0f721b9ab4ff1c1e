package text

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"postpatch/runner/report"
	"postpatch/runner/report/fold"
)

// wordColor is the colour of a host's verdict.
func wordColor(r fold.Row) string { return toneColor(r.Tone()) }

// table is a line a host. Hosts that are well are left out where there are many.
func (v *view) table(b *strings.Builder) {
	if len(v.rows) == 0 {
		return
	}
	slices.SortStableFunc(v.rows, func(x, y fold.Row) int {
		return cmp.Or(cmp.Compare(x.Rank(), y.Rank()), cmp.Compare(x.Broken(), y.Broken()), cmp.Compare(x.Host, y.Host))
	})
	b.WriteString("\n")
	shown := v.rows
	if len(shown) > groupLimit && v.pen.Verbosity < Verbose {
		ill := slices.IndexFunc(shown, func(r fold.Row) bool { return r.Word() != "ok" })
		if ill < 0 {
			ill = len(shown)
		}
		if ill > 0 {
			fmt.Fprintf(b, "%s ok, not listed%s\n", report.Count(ill, "host"), v.rest("-v"))
		}
		if more := len(shown) - ill - groupLimit; more > 0 {
			fmt.Fprintf(b, "%s not ok, not listed below%s\n", report.Count(more, "host"), v.rest("-v"))
			ill += more
		}
		shown = shown[ill:]
	}
	if len(shown) > 0 {
		v.hosts(b, shown)
	}
}
