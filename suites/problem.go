package suites

import (
	"cmp"
	"fmt"
	"io/fs"
	"slices"
	"sync"

	"gopkg.in/yaml.v3"
)

// problems gathers what is wrong in all files; a problem that many hosts have
// is kept once.
type problems struct {
	lock   sync.Mutex // suites are built several at once
	seen   map[Problem]bool
	list   []Problem
	count  map[string]int      // of a file's
	beyond map[string]*Problem // the first one of a file that is not kept
}

// maxProblems bounds what is gathered of a hostile file; no one reads more.
const maxProblems = 1000

func (ps *problems) add(p Problem) {
	ps.lock.Lock()
	defer ps.lock.Unlock()
	if ps.seen[p] {
		return
	}
	if ps.seen == nil {
		ps.seen, ps.count, ps.beyond = map[Problem]bool{}, map[string]int{}, map[string]*Problem{}
	}
	if ps.count[p.File] >= maxProblems {
		if ps.beyond[p.File] == nil {
			p.Msg, p.Hint = fmt.Sprintf("more than %d problems in this file; the rest is not told", maxProblems), ""
			ps.beyond[p.File] = &p
		}
		return
	}
	ps.seen[p] = true
	ps.count[p.File]++
	ps.list = append(ps.list, p)
}

// take adds what another has gathered.
func (ps *problems) take(other *problems) {
	for _, p := range other.list {
		ps.add(p)
	}
}

// any reports whether there is one.
func (ps *problems) any() bool {
	ps.lock.Lock()
	defer ps.lock.Unlock()
	return len(ps.list) > 0
}

// in reports whether a file has any.
func (ps *problems) in(file string) bool {
	ps.lock.Lock()
	defer ps.lock.Unlock()
	return ps.count[file] > 0
}

// sorted returns all problems in the order of their places.
func (ps *problems) sorted() []Problem {
	for _, p := range ps.beyond {
		ps.list = append(ps.list, *p)
	}
	clear(ps.beyond)
	ps.hush()
	slices.SortStableFunc(ps.list, func(a, b Problem) int {
		return cmp.Or(
			cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column),
			cmp.Compare(a.Msg, b.Msg), cmp.Compare(a.Hint, b.Hint),
		)
	})
	return ps.list
}

// reader walks the nodes of one file.
type reader struct {
	file   string
	found  *problems
	source []byte  // in UTF-8, to find a place inside of a text
	parsed *parsed // what has been read of the file before; mostly nil
	secret bool    // the file may hold a secret, which no message may show
	// trust refuses a file that is not to be believed; nil believes all.
	trust func(fs.FileInfo) error
	// home is where the file was found, if not by the operator's own word.
	home location
	// foreign are the nodes that another file has put over this one's.
	foreign map[*yaml.Node]*reader
}

// of is the reader of the file in which a node stands.
func (r reader) of(n *yaml.Node) reader {
	if other := r.foreign[n]; other != nil {
		return *other
	}
	return r
}

// place is where a node stands.
func (r reader) place(n *yaml.Node) string { return fmt.Sprintf("%s:%d", r.of(n).file, n.Line) }

func (r reader) errorf(n *yaml.Node, format string, args ...any) {
	r.hintf(n, "", format, args...)
}

// hintf is errorf with the way out.
func (r reader) hintf(n *yaml.Node, hint, format string, args ...any) {
	r.of(n).at(n.Line, n.Column, hint, fmt.Sprintf(format, args...))
}

func (r reader) at(line, column int, hint, msg string) {
	r.found.add(Problem{File: r.file, Line: line, Column: column, Msg: msg, Hint: hint, NoExcerpt: r.secret})
}
