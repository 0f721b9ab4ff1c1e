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
				r.Name, r.TypeName(), r.Expected(), compared, change, cmp.Or(r.Doc, "-"))
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

// topic is a page and its name.
type topic struct{ name, page string }

func topics() []topic {
	return []topic{
		{"suite", aboutSuite},
		{"hosts", aboutHosts},
		{"use", aboutUse},
		{"plan", aboutPlan + aboutMustChange},
		{"credentials", aboutCredentials},
		{"expect", aboutExpect},
		{"assert", aboutAssert},
		{"compare", aboutCompare},
		{"waivers", aboutWaivers},
		{"reboot", aboutReboot},
		{"precheck", aboutPrecheck},
		{"owners", aboutOwners},
		{"notify", aboutNotify},
	}
}

// Topics lists what ExplainTopic knows.
func Topics() []string {
	var all []string
	for _, t := range topics() {
		all = append(all, t.name)
	}
	return all
}

// ExplainTopic is the page on one of Topics.
func ExplainTopic(name string) (string, bool) {
	for _, t := range topics() {
		if t.name == name {
			return t.page, true
		}
	}
	return "", false
}
