package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"postpatch/probes/all"
	"postpatch/runner/report"
	"postpatch/suites"
	"postpatch/suites/msrc"
)

func newImportMSRC(a app) *cobra.Command {
	c := importJob{}
	cmd := &cobra.Command{
		Use:   "import-msrc FILE",
		Short: "Write a plan's must_change from a document of Microsoft's Security Update Guide",
		Long: "Reads a month's CVRF document in JSON and writes what the patch must change: for each version of\n" +
			"Windows Server and each line of SQL Server the build that has all of the month's fixes, with its KB,\n" +
			"the worst severity and the day by which it has to be on. No host and no server of Microsoft is\n" +
			"contacted. What a plan cannot want stands in comments, with the reason. Download the document with\n" +
			"  curl -H 'Accept: application/json' -o 2026-Nov.json \\\n" +
			"      https://api.msrc.microsoft.com/cvrf/v3.0/cvrf/2026-Nov",
		Example: "  postpatch plan import-msrc 2026-Nov.json\n" +
			"  postpatch plan import-msrc 2026-Nov.json --into november.plan.yaml --products 'Windows Server 2022*'",
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, files []string) error {
			c.file = files[0]
			return importMSRC(a, c)
		},
	}
	f := cmd.Flags()
	f.StringSliceVar(&c.products, "products",
		[]string{"Windows Server*", "Microsoft SQL Server*", "Microsoft Exchange Server*"},
		"products by their name in the document, as globs")
	f.StringToStringVar(&c.within, "within", map[string]string{"critical": "72h"},
		"how long after its release an update may take to be on, by severity: critical=72h,important=14d; "+
			"what is exploited already has as long as what is critical")
	f.StringVar(&c.into, "into", "", "add to this plan's must_change, and leave the rest of it as it is")
	f.StringVarP(&c.output, "output", "o", "", "write to this file (default: to stdout, or into the plan)")
	f.BoolVar(&c.force, "force", false, "replace the file of --output that is there")
	return cmd
}

type importJob struct {
	file, into, output string
	products           []string
	within             map[string]string
	force              bool
}

func importMSRC(a app, c importJob) error {
	if err := c.validate(); err != nil {
		return err
	}
	document, err := readCVRF(c.file)
	if err != nil {
		return fmt.Errorf("reading %q: %w", c.file, err)
	}
	fixes, left := document.Fixes(c.chosen)
	if len(fixes) == 0 {
		return c.nothing(document, left)
	}
	text, told, err := c.compose(document, fixes, left)
	if err != nil {
		return err
	}
	target := cmp.Or(c.output, c.into)
	if target == "" {
		_, err := a.stdout.Write(text)
		return err
	}
	if told == 0 {
		a.talk("nothing to add: %s has all of it already\n", target)
		return nil
	}
	if err := writeAtomic(target, text); err != nil {
		return err
	}
	a.talk("%s in %s; read it, then: %s\n", count(told, "wanted change"), target,
		shellWords([]string{"postpatch", "lint", target}))
	return nil
}

func (c importJob) validate() error {
	for severity, within := range c.within {
		if !slices.Contains([]string{"critical", "important", "moderate", "low"}, severity) {
			return fmt.Errorf("--within %s=%s: want critical, important, moderate or low", severity, within)
		}
		if !suites.IsWithin(within) {
			return fmt.Errorf("--within %s=%s: want a time like 72h or 14d, and at most 366d", severity, within)
		}
	}
	for _, pattern := range c.products {
		if _, err := path.Match(flat(pattern), ""); err != nil {
			return fmt.Errorf("--products %q: %w", pattern, err)
		}
	}
	if c.output != "" {
		return acceptJob{output: c.output, force: c.force}.writable()
	}
	return nil
}

func readCVRF(file string) (*msrc.Document, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return msrc.Read(f)
}

// chosen says whether --products names a product, in any case.
func (c importJob) chosen(product string) bool {
	return slices.ContainsFunc(c.products, func(pattern string) bool {
		match, _ := path.Match(flat(pattern), flat(product))
		return match
	})
}

// flat makes a * of path.Match stand for any text.
func flat(s string) string { return strings.ToLower(strings.ReplaceAll(s, "/", "\x00")) }

// nothing says why a document has nothing that a plan could want.
func (c importJob) nothing(document *msrc.Document, left []msrc.Left) error {
	var named []string
	for _, product := range document.Products {
		if c.chosen(product) {
			named = append(named, product)
		}
	}
	if len(named) == 0 {
		return fmt.Errorf("--products %s: the document has no such product among its %d",
			strings.Join(c.products, ", "), len(document.Products))
	}
	lines := []string{
		"the document has no build that a plan could want of " + shorten(cleanAll(slices.Sorted(slices.Values(named)))),
	}
	for _, l := range left[:min(len(left), 5)] {
		lines = append(lines, leftLine(l))
	}
	return errors.New(strings.Join(lines, "\n  "))
}

// compose writes the text, and says how many changes are new in it. It is read again as
// everybody will.
func (c importJob) compose(document *msrc.Document, fixes []msrc.Fix, left []msrc.Left) ([]byte, int, error) {
	lines := c.head(document, left)
	var entries []string
	told := 0
	if c.into == "" {
		for _, f := range fixes {
			entries = append(entries, c.entry(document, f)...)
		}
		var b strings.Builder
		for _, line := range lines {
			b.WriteString("# " + line + "\n")
		}
		b.WriteString("must_change:\n")
		for _, line := range entries {
			b.WriteString("  " + line + "\n")
		}
		_, problems := suites.LoadPlanBytes("import", []byte("plan: import\n"+b.String()), all.Kinds())
		return []byte(b.String()), len(fixes), unreadable(problems)
	}
	old, problems := suites.LoadPlan(c.into, all.Kinds())
	if len(problems) > 0 {
		return nil, 0, fmt.Errorf("reading --into: the plan has problems, see postpatch lint %s:\n%s", c.into,
			suites.Format(problems[:1], nil))
	}
	for _, line := range lines {
		entries = append(entries, "# "+line)
	}
	for _, f := range fixes {
		switch has, err := planHas(old, f); {
		case err != nil:
			return nil, 0, fmt.Errorf("adding to plan %q: %w", c.into, err)
		case !has:
			entries = append(entries, c.entry(document, f)...)
			told++
		}
	}
	text, err := c.added(old, entries, told)
	return text, told, err
}

// added is the plan with the entries, and otherwise as it was.
func (c importJob) added(old *suites.Plan, entries []string, told int) ([]byte, error) {
	content, err := os.ReadFile(c.into)
	if err != nil {
		return nil, fmt.Errorf("reading --into: %w", err)
	}
	target := cmp.Or(c.output, c.into)
	text, err := addTo(content, "must_change", entries, rebase(c.into, target))
	if err != nil {
		return nil, fmt.Errorf("adding to plan %q: %w", c.into, err)
	}
	plan, problems := suites.LoadPlanBytes(target, text, all.Kinds())
	if err := unreadable(problems); err != nil {
		return nil, err
	}
	same := plan.Name == old.Name && plan.Reboot == old.Reboot && slices.Equal(absolute(plan.Suites), absolute(old.Suites))
	if !same || len(plan.May) != len(old.May) || len(plan.Waivers) != len(old.Waivers) ||
		len(plan.Must) != len(old.Must)+told {
		return nil, fmt.Errorf("adding to plan %q would change more than its must_change: "+
			"leave out --into, and take over by hand what is written", c.into)
	}
	return text, nil
}

func unreadable(problems []suites.Problem) error {
	if len(problems) == 0 {
		return nil
	}
	return fmt.Errorf("the must_change that came of it cannot be read, and is not written:\n%s",
		suites.Format(problems[:1], nil))
}

// planHas says whether a plan has a change already. One that it has otherwise, as from
// an earlier state of the document, is to be taken out first.
func planHas(p *suites.Plan, f msrc.Fix) (bool, error) {
	for _, m := range p.Must {
		if m.Pattern.String() != f.Reading || m.Where != f.Where || len(m.Hosts) > 0 {
			continue
		}
		if m.Predicate.String() == saidOfTo(f.To()) && (len(f.KBs) == 0 || m.Update.KB == f.KBs[0]) {
			return true, nil
		}
		return false, fmt.Errorf("it wants %s where %s already, by %s: take that out of its must_change first",
			f.Reading, f.Where, cmp.Or(m.Update.KB, m.Predicate.String()))
	}
	return false, nil
}

// saidOfTo is what a plan's to says for itself.
func saidOfTo(to []string) string {
	if len(to) == 1 {
		return to[0]
	}
	return "any of (" + strings.Join(to, "; ") + ")"
}

// head are the comments above the changes: where they are from, and what is missing.
func (c importJob) head(document *msrc.Document, left []msrc.Left) []string {
	lines := []string{brief(cmp.Or(document.Title, document.ID, "a document without a title"), mostTitle) +
		", as `postpatch plan import-msrc` read it from " + brief(filepath.Base(c.file), mostTitle)}
	const most = 20
	for i, l := range left {
		if i == most {
			lines = append(lines, fmt.Sprintf("  and %d more", len(left)-most))
			break
		}
		if i == 0 {
			lines = append(lines, "Left out, so look after these by another check:")
		}
		lines = append(lines, "  "+leftLine(l))
	}
	return lines
}

const mostTitle = 80

func leftLine(l msrc.Left) string {
	text := brief(l.Product, mostTitle)
	if len(l.KBs) > 0 {
		text += " (" + shorten(l.KBs) + ")"
	}
	return text + ": " + report.CleanLine(l.Why)
}

func cleanAll(all []string) []string {
	for i, s := range all {
		all[i] = brief(s, mostTitle)
	}
	return all
}
