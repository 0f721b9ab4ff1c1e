// Package reference writes the pages of examples/reference, one for each kind, from what
// the kinds declare: the same as postpatch explain tells.
package reference

import (
	"cmp"
	"fmt"
	"strings"

	"postpatch/probes"
)

// Index is the page that leads to the others.
func Index(kinds []probes.Kind) string {
	var b strings.Builder
	b.WriteString(`# Kinds of checks

What a suite can look at. Each page is what ` + "`postpatch explain KIND`" + ` tells, too; editors show it as a suite
is typed, by the schema that ` + "`postpatch schema`" + ` prints. These pages are generated: a kind's declaration is
the one place where it is written.

`)
	head(&b, "kind", "what it looks at", "parameters", "readings")
	for _, k := range kinds {
		link := fmt.Sprintf("[%s](%s.md)", k.Name, k.Name)
		row(&b, link, prose(k.Doc), fmt.Sprint(len(k.Params)), fmt.Sprint(len(k.Readings)))
	}
	return b.String()
}

// Page is the page of a kind, in Markdown.
func Page(k probes.Kind) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s\n", k.Name, prose(k.Doc))
	fmt.Fprintf(&b, "\n```yaml\n%s```\n", Suite(k))
	parameters(&b, k)
	readings(&b, k)
	needs(&b, k)
	b.WriteString("\n[All kinds](README.md) · `postpatch explain " + k.Name + "`\n")
	return b.String()
}

// Suite is a whole suite with a kind's example.
func Suite(k probes.Kind) string {
	var b strings.Builder
	b.WriteString("suite: example\nowner: servers@example.org\nhosts: [srv01.example.org]\nchecks:\n")
	for line := range strings.Lines(k.Example) {
		b.WriteString("  " + line)
	}
	return b.String()
}

func parameters(b *strings.Builder, k probes.Kind) {
	b.WriteString("\n## Parameters\n\n")
	if len(k.Params) == 0 {
		b.WriteString("None: `" + k.Name + ": {}`\n")
		return
	}
	if k.Short() {
		fmt.Fprintf(b, "Short: `%s: value` is `%s: {%s: value}`.\n\n", k.Name, k.Name, k.Main)
	}
	head(b, "parameter", "type", "unit", "unless given", "what")
	for _, p := range k.Params {
		otherwise := prose(p.Otherwise())
		if p.Default != "" {
			otherwise = code(p.Default)
		}
		if p.Required {
			otherwise = "**required**"
		}
		row(b, code(p.Name), string(p.Type), cmp.Or(p.Unit, "-"), otherwise, prose(p.What()))
	}
}

func readings(b *strings.Builder, k probes.Kind) {
	b.WriteString("\n## Readings\n\n")
	switch {
	case k.Items == probes.NoItems:
		b.WriteString("There are no items.\n\n")
	case k.Item != "":
		fmt.Fprintf(b, "An item is %s. Names of items: %s; %s.\n\n", prose(k.Item), cmp.Or(k.Items, probes.Exact),
			k.Items.Doc())
	}
	head(b, "reading", "type", "unit", "expected unless the suite says otherwise", "compared", "a change is", "what")
	for _, r := range k.Readings {
		rule, change := r.Compared()
		row(b, code(r.Name), r.Type.String(), cmp.Or(prose(r.Unit), prose(r.Of), "-"), expected(r), code(rule), change,
			prose(r.Doc))
	}
}

func expected(r probes.ReadingSpec) string {
	var all []string
	if r.Expect != "" {
		all = append(all, code(r.Expect))
	}
	if r.Keep != "" {
		all = append(all, code(r.Keep)+", if it was so before")
	}
	return cmp.Or(strings.Join(all, "; "), "-")
}

// needs tells what a check of the kind needs of the host and of the operator.
func needs(b *strings.Builder, k probes.Kind) {
	var all []string
	if k.Credential != "" {
		all = append(all, fmt.Sprintf("An entry of the credentials file with `for: %s`.", k.Credential))
	}
	if k.RunsCode {
		all = append(all, "The operator's leave, `--allow-scripts`: it runs on the host what the suite brings.")
	}
	if k.Settles != "" {
		all = append(all, fmt.Sprintf("After a reboot its checks have the time of the role %s: `postpatch explain settle`.",
			k.Settles))
	}
	if k.Timeout > 0 {
		all = append(all, fmt.Sprintf("A check may take %s, unless the suite says otherwise.", k.Timeout))
	}
	for _, n := range k.Notes {
		all = append(all, prose(n))
	}
	if len(all)+len(k.Setup) == 0 {
		all = append(all, "Nothing but a way to the host.")
	}
	b.WriteString("\n## What it needs, and what else to know\n\n")
	for _, n := range all {
		b.WriteString("- " + n + "\n")
	}
	if len(k.Setup) > 0 {
		b.WriteString("\nThe account, by a script for an administrator; what it is not granted is told as not checked:\n")
		b.WriteString("\n```sql\n" + strings.Join(k.Setup, "\n") + "\n```\n")
	}
}

func head(b *strings.Builder, titles ...string) {
	row(b, titles...)
	b.WriteString(strings.Repeat("|---", len(titles)) + "|\n")
}

func row(b *strings.Builder, cells ...string) {
	b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
}

// prose is text in which Markdown finds nothing of its own.
func prose(s string) string {
	return strings.NewReplacer(
		`\`, `\\`, "|", `\|`, "*", `\*`, "_", `\_`, "<", "&lt;", ">", "&gt;", "[", `\[`, "]", `\]`, "`", "\\`", "#", `\#`,
		"$", `\$`, "~", `\~`,
	).Replace(s)
}

// code is text as it is written in a file.
func code(s string) string { return "`" + strings.ReplaceAll(s, "|", `\|`) + "`" }
