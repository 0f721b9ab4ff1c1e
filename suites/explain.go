package suites

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"postpatch/probes"
)

// ExplainKind is the page on a kind: what it looks at, what it can be told and
// what it reports.
func ExplainKind(k probes.Kind) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", k.Name, k.Doc)
	if k.Item != "" {
		fmt.Fprintf(&b, "\nItem: %s\n", k.Item)
		if k.Items != probes.NoItems {
			fmt.Fprintf(&b, "Names of items: %s; %s\n", cmp.Or(k.Items, probes.Exact), k.Items.Doc())
		}
	}
	if k.Settles != "" {
		fmt.Fprintf(&b, "\nAfter a reboot its checks have the time of the role %s (postpatch explain plan)\n", k.Settles)
	}
	b.WriteString("\nParameters")
	switch {
	case len(k.Params) == 0:
		b.WriteString(": none\n")
	case k.Short():
		fmt.Fprintf(&b, " (%q fills %s)\n", k.Name+": value", k.Main)
	default:
		b.WriteByte('\n')
	}
	columns(&b, func(w *strings.Builder) {
		if len(k.Params) > 0 {
			w.WriteString("  NAME\tTYPE\tUNLESS GIVEN\tWHAT\n")
		}
		for _, p := range k.Params {
			fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", p.Name, p.TypeName(), p.Otherwise(), p.What())
		}
	})
	b.WriteString("\nReadings\n")
	columns(&b, func(w *strings.Builder) {
		w.WriteString("  NAME\tTYPE\tEXPECTED\tCOMPARED\tA CHANGE IS\tWHAT\n")
		for _, r := range k.Readings {
			compared, change := r.Compared()
			fmt.Fprintf(w, "  %s\t%s\t%s\t%s\t%s\t%s\n",
				r.Name, r.TypeName(), r.Expected(), compared, change, r.Doc)
		}
	})
	if example := strings.TrimRight(k.Example, "\n"); example != "" {
		fmt.Fprintf(&b, "\nExample\n  %s\n", strings.ReplaceAll(example, "\n", "\n  "))
	}
	if len(k.Setup) > 0 {
		b.WriteString("\nThe account, by a script for an administrator; what it is not granted is told as not checked\n  " +
			strings.Join(k.Setup, "\n  ") + "\n")
	}
	if len(k.Notes) > 0 {
		b.WriteString("\nNotes\n  " + strings.Join(k.Notes, "\n  ") + "\n")
	}
	return b.String()
}

// columns aligns what write prints with tabs.
func columns(b *strings.Builder, write func(*strings.Builder)) {
	var rows strings.Builder
	write(&rows)
	w := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	_, _ = io.WriteString(w, rows.String()) // a strings.Builder takes everything
	_ = w.Flush()
}

// Topics lists what ExplainTopic knows.
func Topics() []string {
	return []string{"suite", "plan", "credentials", "expect", "assert", "compare", "waivers", "reboot", "precheck"}
}

// ExplainTopic is the page on one of Topics.
func ExplainTopic(topic string) (string, bool) {
	switch topic {
	case "suite":
		return aboutSuite, true
	case "plan":
		return aboutPlan + aboutMustChange, true
	case "credentials":
		return aboutCredentials, true
	case "expect":
		return aboutExpect, true
	case "assert":
		return aboutAssert, true
	case "compare":
		return aboutCompare, true
	case "waivers":
		return aboutWaivers, true
	case "reboot":
		return aboutReboot, true
	case "precheck":
		return aboutPrecheck, true
	default:
		return "", false
	}
}
