package text

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"postpatch/runner/report"
	"postpatch/runner/report/fold"
)

// section is what there is to tell to one owner.
type section struct {
	owner  string
	folder *fold.Folder
}

// divide takes a host in for each owner of its checks.
func (v *view) divide(h report.Host) {
	if !v.pen.ByOwner {
		return
	}
	for _, part := range report.Parts(h) {
		key := report.OwnerKey(part.Owner)
		s := v.sections[key]
		if s == nil {
			s = &section{part.Owner, v.newFolder()}
			v.sections[key] = s
		}
		s.folder.Add(part.Host)
	}
}

// byOwner tells each owner's part, the worst nearest the end. Who has nothing to be told
// is named in one line.
func (v *view) byOwner(b *strings.Builder, s report.Summary) {
	summaries := map[string]report.OwnerSummary{}
	place := map[string]int{}
	for i, o := range s.Owners {
		summaries[report.OwnerKey(o.Owner)], place[report.OwnerKey(o.Owner)] = o, len(s.Owners)-i
	}
	var keys, quiet []string
	for key, of := range v.sections {
		if of.folder.Empty() {
			quiet = append(quiet, called(of.owner))
			continue
		}
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(x, y string) int { return cmp.Or(place[x]-place[y], cmp.Compare(x, y)) })
	if len(quiet) > 0 {
		slices.Sort(quiet)
		names := listed(quiet, v.pen.Width, v.pen.Verbosity < Verbose)
		rows := v.pen.rows("nothing to tell of the checks of "+names, v.pen.Width)
		b.WriteString("\n" + strings.Join(rows, "\n") + "\n")
	}
	if more := len(keys) - groupLimit; more > 0 && v.pen.Verbosity < Raw {
		keys = keys[more:]
		b.WriteString("\n" + report.Count(more, "owner") + " not told of here, none of them worse (-vv tells of them)\n")
	}
	for _, key := range keys {
		title := "OWNER  " + v.pen.cut(called(v.sections[key].owner), v.pen.Width/2)
		b.WriteString("\n" + v.pen.bold(title))
		if o, known := summaries[key]; known {
			parts := []string{v.pen.paint(o.Verdict, bold+verdictColor(o.ExitCode)), o.Reason}
			b.WriteString("   " + strings.Join(parts, "   "))
		}
		b.WriteString("\n")
		v.groups(b, v.sections[key].folder)
	}
}

// called is an owner in the report.
func called(owner string) string { return cmp.Or(owner, "(no owner)") }

// ownerTable is a line an owner, the worst last. Of many, those that are well are left
// out.
func (v *view) ownerTable(b *strings.Builder, s report.Summary) {
	if !v.pen.ByOwner || len(s.Owners) == 0 {
		return
	}
	shown := slices.Clone(s.Owners)
	slices.Reverse(shown)
	b.WriteString("\n")
	if more := len(shown) - groupLimit; more > 0 && v.pen.Verbosity < Verbose {
		shown = shown[more:]
		fmt.Fprintf(b, "%s not listed, none of them worse (-v lists them)\n", report.Count(more+s.MoreOwners, "owner"))
	} else if s.MoreOwners > 0 {
		fmt.Fprintf(b, "%s not listed, none of them worse\n", report.Count(s.MoreOwners, "owner"))
	}
	name, word := columns("OWNER"), columns("VERDICT")
	for _, o := range shown {
		name, word = max(name, columns(called(o.Owner))), max(word, columns(o.Verdict))
	}
	name = min(name, hostLimit)
	b.WriteString(v.pen.dim(padded("OWNER", name)+"  "+padded("VERDICT", word)+"  hosts  checks  failing  unknown") + "\n")
	for _, o := range shown {
		b.WriteString(v.pen.bold(padded(v.pen.cut(called(o.Owner), name), name)) + "  ")
		b.WriteString(v.pen.paint(padded(o.Verdict, word), verdictColor(o.ExitCode)))
		fmt.Fprintf(b, "  %5d  %6d  %7d  %7d\n", o.Hosts, o.Checks, o.Failing, o.Unknown)
	}
}
