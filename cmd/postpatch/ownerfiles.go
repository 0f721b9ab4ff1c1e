package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"postpatch/runner/report"
	"postpatch/runner/report/junit"
)

// byOwner is what --by and --junit-split can say.
const byOwner = "owner"

// ownerMark stands for the owner in the name of a file an owner.
const ownerMark = "{owner}"

// checkSplit makes sure of what the flags say of owners.
func (o *outputs) checkSplit() error {
	switch {
	case o.by != "" && o.by != byOwner:
		return fmt.Errorf("--by %q: want owner", o.by)
	case o.junitSplit == "":
		if strings.Contains(o.junit, ownerMark) {
			return fmt.Errorf("--junit %s: a file an owner is written with --junit-split owner", o.junit)
		}
		return nil
	case o.junitSplit != byOwner:
		return fmt.Errorf("--junit-split %q: want owner", o.junitSplit)
	case o.junit == "":
		return errors.New("--junit-split: say with --junit where the files go: a folder, or a name with {owner} in it")
	}
	return nil
}

// ownerFiles are reports of one form, one for each owner. They are made when the run is
// done: an owner is known only once there is a check of theirs.
type ownerFiles struct {
	folder, before, after string // of the files' names
	made                  map[string]bool
	talk                  func(format string, args ...any)
}

// splitJUnit opens the files of --junit-split. That they can be written is known now.
func (o *outputs) splitJUnit(a app) (*reportFile, error) {
	pattern := o.junit
	if !strings.Contains(pattern, ownerMark) {
		info, err := os.Stat(pattern)
		if err == nil && !info.IsDir() || err != nil && strings.EqualFold(filepath.Ext(pattern), ".xml") {
			return nil, fmt.Errorf("--junit-split owner makes a file an owner, and --junit %s is one file: "+
				"name a folder, or put {owner} into the name", pattern)
		}
		pattern = filepath.Join(pattern, ownerMark+".xml")
	}
	files := &ownerFiles{folder: filepath.Dir(pattern), made: map[string]bool{}, talk: a.talk}
	files.before, files.after, _ = strings.Cut(filepath.Base(pattern), ownerMark)
	if strings.Contains(files.folder, ownerMark) || strings.Contains(files.after, ownerMark) {
		return nil, fmt.Errorf("--junit %s: {owner} belongs into the file's name, once", o.junit)
	}
	trial, err := createAtomic(files.path("trial"))
	if err != nil {
		return nil, err
	}
	trial.discard()
	return &reportFile{view: report.Split(files.open), file: files}, nil
}

func (f *ownerFiles) path(name string) string { return filepath.Join(f.folder, f.before+name+f.after) }

func (f *ownerFiles) open(owner string) report.Handler {
	v := &ownerView{files: f, name: ownerFileName(owner)}
	v.Handler = junit.NewFor(owner, &v.to)
	return v
}

// ownerView writes one of the files when it is done.
type ownerView struct {
	report.Handler
	files *ownerFiles
	name  string
	to    later
}

// later is a writer that is known only when something is written.
type later struct{ io.Writer }

// Finish implements report.Handler.
func (v *ownerView) Finish(s report.Summary) error {
	base := filepath.Base(v.files.path(v.name))
	if v.files.made[base] { // by a hash that somebody has tried for
		return fmt.Errorf("writing %q: two owners have a file of this name", v.files.path(v.name))
	}
	file, err := createAtomic(v.files.path(v.name))
	if err != nil {
		return err
	}
	v.to.Writer = file
	if err := v.Handler.Finish(s); err != nil {
		file.discard()
		return named(file.name(), err)
	}
	v.files.made[base] = true
	return file.commit()
}

// commit names what else a pipeline would take for a file of this run.
func (f *ownerFiles) commit() error {
	entries, err := os.ReadDir(f.folder)
	if err != nil {
		return nil //nolint:nilerr // the files are in their place, whether they can be listed or not
	}
	var old []string
	for _, e := range entries {
		name := e.Name()
		isLike := len(name) > len(f.before)+len(f.after) && strings.HasPrefix(name, f.before) &&
			strings.HasSuffix(name, f.after) && !strings.HasPrefix(name, ".")
		if isLike && !f.made[name] {
			old = append(old, report.CleanLine(name))
		}
	}
	if len(old) > 0 {
		slices.Sort(old)
		f.talk("note: in %s and not of this run: %s; whoever collects the files takes them, too\n", f.folder, shorten(old))
	}
	return nil
}

func (f *ownerFiles) discard() {}

func (f *ownerFiles) name() string { return f.path(ownerMark) }

const (
	longestName = 80
	noOwner     = "no-owner"
)

// ownerFileName is a name for an owner's file. An owner is what somebody wrote into a
// suite, so that only letters, digits and . _ @ + - of it stay; where that is not all of
// it, a part of its hash keeps two owners apart. It is the same in every run.
func ownerFileName(owner string) string {
	key := report.OwnerKey(owner)
	if key == "" {
		return noOwner
	}
	lossy := false
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r - 'A' + 'a'
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || strings.ContainsRune("._@+-", r):
			return r
		}
		lossy = true
		if r == ' ' {
			return '-'
		}
		return '_'
	}, key)
	whole := name
	name = strings.Trim(name[:min(len(name), longestName)], ".")
	if name == "" || name[0] == '-' || isDevice(name) {
		name = "_" + name
	}
	if !lossy && name == whole && name != noOwner {
		return name
	}
	sum := sha256.Sum256([]byte(key))
	return name + "~" + hex.EncodeToString(sum[:4])
}

// isDevice says whether Windows takes a name for that of a device, whatever its ending.
func isDevice(name string) bool {
	base, _, _ := strings.Cut(name, ".")
	base = strings.TrimRight(base, " ")
	if slices.Contains([]string{"con", "prn", "aux", "nul", "conin$", "conout$"}, base) {
		return true
	}
	port, isCOM := strings.CutPrefix(base, "com")
	if !isCOM {
		port, isCOM = strings.CutPrefix(base, "lpt")
	}
	return isCOM && len(port) == 1 && port[0] >= '0' && port[0] <= '9'
}
