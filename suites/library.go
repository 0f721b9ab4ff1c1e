package suites

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"postpatch/probes"
)

// Library is what suites can be made of.
type Library struct {
	Kinds []probes.Kind
	Packs []string // folders of the operator's own packs; the first that has a name counts
	Built fs.FS    // the packs that come with the program; may be nil
	// Ask asks a directory for the hosts of a list: once all files are read and nothing is
	// wrong with them, and no more after an error, since the next search may show the same
	// wrong password. Where it is nil, such lists are not asked, and the Set's suites say so.
	Ask Directory
	// Lone takes a suite without hosts, a pack, for what it is: to look for its problems,
	// not to run it.
	Lone bool
}

// builtIn is how the program's own packs are named in problems and reports.
const builtIn = "builtin"

// packEnds is how a pack's file ends, behind the name by which it is used.
const packEnds = ".suite.yaml"

// tree is a folder that nothing which is used leads out of.
type tree struct {
	files fs.FS
	dir   string // as the operator or the suite names it
	root  *os.Root
	full  string // the same from the root of all, links followed; "" of what is built in
}

func (t *tree) String() string {
	if t.dir == "." {
		return "the working folder"
	}
	return fmt.Sprintf("the folder %q", t.dir)
}

// location is a file of a tree.
type location struct {
	tree *tree
	path string // with slashes
}

// same says whether two locations are one file, however their folders were named.
func (at location) same(other location) bool { return at.key() == other.key() }

func (at location) key() string {
	if at.tree == nil || at.tree.full == "" {
		return ":" + at.path // which no folder's begins with
	}
	return filepath.Join(at.tree.full, filepath.FromSlash(at.path))
}

// name is the file as problems name it.
func (at location) name() string { return filepath.Join(at.tree.dir, filepath.FromSlash(at.path)) }

// openBeside opens a file of the folder that the reader's file is in.
func (r reader) openBeside(name string) (fs.File, error) {
	if r.home.tree == nil {
		return os.OpenInRoot(filepath.Dir(r.file), name)
	}
	return r.home.tree.files.Open(path.Join(path.Dir(r.home.path), filepath.ToSlash(name)))
}

// treeOf opens a folder once.
func (l *loader) treeOf(dir string) (*tree, error) {
	if known := l.trees[dir]; known != nil {
		return known, nil
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	t := &tree{files: root.FS(), dir: dir, root: root}
	if t.full, err = filepath.Abs(dir); err == nil {
		if followed, err := filepath.EvalSymlinks(t.full); err == nil {
			t.full = followed
		}
	}
	l.trees[dir] = t
	return t, nil
}

func (l *loader) close() {
	for _, t := range l.trees {
		_ = t.root.Close()
	}
}

// homeOf is where a file that the operator named stands: in the tree of the working
// folder, where it is below that, else in that of its own folder.
func (l *loader) homeOf(file string) (location, error) {
	dir, name := filepath.Split(filepath.Clean(file))
	if rel, ok := below(file); ok {
		dir, name = strings.TrimSuffix(filepath.Clean(file), rel), rel
	}
	t, err := l.treeOf(filepath.Clean(dir))
	return location{t, filepath.ToSlash(name)}, err
}

// below is a file's path from the working folder, where it is below that.
func below(file string) (string, bool) {
	file = filepath.Clean(file)
	if !filepath.IsAbs(file) {
		return file, filepath.IsLocal(file)
	}
	here, err := os.Getwd()
	if err != nil {
		return "", false
	}
	rel, err := filepath.Rel(here, file)
	return rel, err == nil && filepath.IsLocal(rel) && strings.HasSuffix(file, rel)
}

// find is where the file stands that a suite means by a path or a pack's name.
func (l *loader) find(r reader, n *yaml.Node) (at location, ok bool) {
	ref := n.Value
	if !isPath(ref) {
		return l.named(r, n)
	}
	ref = strings.ReplaceAll(ref, `\`, "/")
	if path.IsAbs(ref) || len(ref) > 1 && ref[1] == ':' {
		r.hintf(n, "write it relative to this file, or name a pack of a folder that --packs names",
			"use: want no absolute path, got %q", shorten(n.Value, 80))
		return at, false
	}
	at = location{r.home.tree, path.Join(path.Dir(r.home.path), ref)}
	if !fs.ValidPath(at.path) {
		r.hintf(n, "name a pack of a folder that --packs names, or call postpatch in the folder above both",
			"use: %q leads out of %s", shorten(n.Value, 80), at.tree)
		return at, false
	}
	switch err := at.exists(); {
	case err == nil:
		return at, true
	case errors.Is(err, fs.ErrNotExist):
		r.hintf(n, "paths are relative to this file", "use: there is no file %q", shorten(filepath.ToSlash(at.name()), 120))
	default:
		r.errorf(n, "use: %q cannot be read: %v", shorten(n.Value, 80), plainly(err))
	}
	return at, false
}

// isPath tells a path from a pack's name.
func isPath(ref string) bool {
	return strings.ContainsAny(ref, `/\`) || strings.HasSuffix(ref, ".yaml") || strings.HasSuffix(ref, ".yml")
}

// named finds a pack by its name.
func (l *loader) named(r reader, n *yaml.Node) (at location, ok bool) {
	if !isName(n.Value) {
		r.errorf(n, "use: want a pack's name or a file's path, got %q", shorten(n.Value, 80))
		return at, false
	}
	var known []string
	for _, folder := range l.shelves(r, n) {
		at = location{folder.tree, path.Join(folder.path, n.Value+packEnds)}
		switch err := at.exists(); {
		case err == nil:
			return at, true
		case !errors.Is(err, fs.ErrNotExist):
			r.errorf(n, "use: %q cannot be read: %v", shorten(at.name(), 120), plainly(err))
			return at, false
		}
		files, _ := fs.Glob(folder.tree.files, path.Join(folder.path, "*"+packEnds))
		for _, file := range files {
			known = append(known, strings.TrimSuffix(path.Base(file), packEnds))
		}
	}
	slices.Sort(known)
	hint := suggest(n.Value, slices.Compact(known))
	r.hintf(n, hint, "use: there is no pack %q", shorten(n.Value, 80))
	return at, false
}

// shelves are the folders where a pack's name is looked up, in their order: the
// operator's, packs/ beside the file, a pack's own folder, and what is built in.
func (l *loader) shelves(r reader, n *yaml.Node) []location {
	var all []location
	for _, dir := range l.lib.Packs {
		t, err := l.treeOf(filepath.Clean(dir))
		if err != nil {
			r.at(0, 0, "correct --packs or POSTPATCH_PACKS", fmt.Sprintf("the folder of packs %q: %v", dir, plainly(err)))
			continue
		}
		all = append(all, location{t, "."})
	}
	folder := path.Dir(r.home.path)
	all = append(all, location{r.home.tree, path.Join(folder, "packs")}, location{r.home.tree, folder})
	if l.lib.Built != nil {
		all = append(all, location{l.built, "."})
	}
	return all
}

// exists says whether there is a file to be read; a link out of the tree is none.
func (at location) exists() error {
	info, err := fs.Stat(at.tree.files, at.path)
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("it is no file")
	}
	return err
}

func (at location) read() ([]byte, error) {
	f, err := at.tree.files.Open(at.path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return io.ReadAll(io.LimitReader(f, maxFile+1))
}

// plainly is an error without the path that is named beside it.
func plainly(err error) error {
	if at, is := errors.AsType[*fs.PathError](err); is {
		return at.Err
	}
	return err
}
