// Package file observes files of a Windows host: their versions, sizes and contents.
package file

import (
	"context"
	"errors"
	"regexp"
	"strings"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/gather"
	"postpatch/probes/internal/named"
	"postpatch/probes/internal/note"
	"postpatch/probes/internal/wildcard"
)

// Kind is what a suite calls "file". A patch changes versions on purpose, and who
// names a file wants to know which it has now: so a new version is a warning, which
// a plan's must_change or may_change turns into what is expected.
var Kind = probes.Define(probes.Kind{
	Name:  "file",
	Doc:   "Files and folders of the host: whether they are there, their version, size and contents.",
	Item:  "the path as the suite writes it",
	Items: probes.AnyCase,
	Main:  "path",
	Example: "- file: '%ExchangeInstallPath%bin\\ExSetup.exe'\n" +
		"  why: its version is the build of the last update, which Exchange itself does not tell\n",
	Notes: []string{note.PowerShell},
	Readings: []probes.ReadingSpec{
		{
			Name: "present", Type: fact.TypeBool, Gate: true, Expect: "true", Severity: fact.Fail,
			Doc: "Whether it is there.",
		},
		{
			Name: "type", Type: fact.TypeText, Severity: fact.Fail,
			Values: []string{"file", "folder"},
			Doc:    "file or folder.",
		},
		{
			Name: "version", Type: fact.TypeText, Keep: "any",
			Doc: "The file's version as four numbers, 15.2.1544.11; one that had a version and has none now is damaged.",
		},
		{
			Name: "product_version", Type: fact.TypeText, Severity: fact.Note,
			Doc: "The version of the product that the file belongs to.",
		},
		{
			Name: "size", Type: fact.TypeInt, Unit: "bytes", Severity: fact.Note, Keep: "> 0",
			Doc: "How large it is; a patch may change it, and leaves no file empty.",
		},
		{
			Name: "modified", Type: fact.TypeTime, Rule: fact.Rule{Op: fact.Ignore},
			Doc: "When it was last written.",
		},
		{
			Name: "sha256", Type: fact.TypeText, Rule: fact.Rule{Op: fact.SameText},
			Doc: "With hash: the SHA-256 of its contents.",
		},
	},
}, params{}, newProbe)

type params struct {
	Paths []string `param:"path,required" doc:"Full paths, with variables such as %SystemRoot%; * in the last part."`
	Hash  bool     `param:"hash"          doc:"Read the contents too, of up to 1 GiB for each file, for 40 s in all."`
}

type probe struct{ params }

func newProbe(p params) (probes.Probe, error) {
	if err := wildcard.Patterns(p.Paths).Check("path"); err != nil {
		return nil, err
	}
	for _, path := range p.Paths {
		if problem := problemOf(path); problem != "" {
			return nil, probes.Fieldf("path", "%s, got %q", problem, path)
		}
	}
	return probe{p}, nil
}

// beginning is how a full path begins: with a drive, or a variable of the host.
func beginning() *regexp.Regexp {
	return regexp.MustCompile(`^([A-Za-z]:\\|%[A-Za-z_][A-Za-z0-9_()]*%)`)
}

// problemOf says what is wrong with a path, or "". Windows signs the account in on
// this host alone: the next host would not know who asks.
func problemOf(path string) string {
	folder := path[:strings.LastIndex(path, `\`)+1]
	parts := strings.Split(path, `\`)
	switch {
	case strings.HasPrefix(path, `\\`):
		return "must be on the host itself: name the host that has the share"
	case strings.Contains(path, "/"):
		return `want \ between the parts of a path`
	case !beginning().MatchString(path):
		return `want a full path such as C:\Windows\notepad.exe or %SystemRoot%\notepad.exe`
	case strings.ContainsAny(path[min(len(path), 2):], "<>\"|?:\r\n\t\x00"):
		return "has characters that no path has"
	case strings.Contains(folder, "*"):
		return "may have * in its last part only"
	}
	for _, part := range parts {
		if part == "." || part == ".." {
			return "want a path without . and .."
		}
	}
	return ""
}

func (p probe) question() host.Collector {
	q := host.Collector{Name: "files", Args: map[string][]string{"path": p.Paths}}
	if p.Hash {
		q.Args["hash"] = []string{"true"}
	}
	return q
}

// Questions implements probes.Asker.
func (p probe) Questions() []host.Question { return []host.Question{p.question()} }

// Observe implements probes.Probe. A file that cannot be read is named in the error,
// and the others are there.
func (p probe) Observe(_ context.Context, t probes.Target) ([]fact.Reading, error) {
	r := &gather.Reader{Answers: t.Answers}
	rows, ok := r.Some("files", p.question())
	if !ok {
		return r.Result()
	}
	byPath := map[string][]host.Row{}
	for _, row := range rows {
		fold := named.Fold(gather.Text(row, "asked"))
		byPath[fold] = append(byPath[fold], row)
	}
	var twins named.Twins
	for _, path := range p.Paths {
		found := byPath[named.Fold(strings.TrimSpace(path))]
		if len(found) == 0 {
			r.Failf(path, "the host does not tell of it")
		}
		if wildcard.Exact(path) && len(found) > 1 {
			r.Failf(path, "the host named it %d times", len(found))
			continue
		}
		for _, row := range found {
			item := path
			if name := gather.Text(row, "name"); name != "" && !wildcard.Exact(path) {
				item = path[:strings.LastIndex(path, `\`)+1] + named.Short(name, 300)
			}
			read(r, twins.Item(item), row, p.Hash)
		}
	}
	return r.Result()
}

// read makes the readings of one file.
func read(r *gather.Reader, item string, row host.Row, hash bool) {
	what := named.Line(item)
	there, known := row.Get("there").Bool()
	switch {
	case !row.Get("problem").Null:
		r.Fail(what, errors.New(named.Line("the host says: "+row.Get("problem").Text)))
		return
	case !known:
		r.Failf(what, "the host does not tell of it")
		return
	}
	r.Add(item, "present", fact.Bool(there))
	if !there {
		return
	}
	folder := gather.True(row, "folder")
	if folder {
		r.Add(item, "type", fact.Text("folder"))
	} else {
		r.Add(item, "type", fact.Text("file"))
	}
	if when, err := row.Get("modified").Time(); err == nil {
		r.Add(item, "modified", fact.Time(when))
	}
	if folder {
		return
	}
	if size, known := gather.Number(row, "size"); known && size >= 0 {
		r.Add(item, "size", fact.Int(size))
	} else {
		r.Failf("size of "+what, "the host does not tell it")
	}
	if version := gather.Text(row, "version"); version != "" {
		r.Add(item, "version", fact.Text(named.Short(version, 100)))
	}
	if version := gather.Text(row, "product"); version != "" {
		r.Add(item, "product_version", fact.Text(named.Short(version, 100)))
	}
	contents(r, item, row, hash)
}

func contents(r *gather.Reader, item string, row host.Row, hash bool) {
	sum := named.Short(gather.Text(row, "sha256"), 100)
	switch {
	case !hash:
	case sum != "":
		r.Add(item, "sha256", fact.Text(strings.ToLower(sum)))
	case !row.Get("unhashed").Null:
		r.Fail("sha256 of "+named.Line(item), errors.New(named.Line("the host says: "+row.Get("unhashed").Text)))
	default:
		r.Failf("sha256 of "+named.Line(item), "the host does not tell it")
	}
}
