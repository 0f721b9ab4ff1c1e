package suites

import (
	"cmp"
	"fmt"
	"io/fs"
	"slices"

	"gopkg.in/yaml.v3"
)

// problems gathers what is wrong in all files; a problem that many hosts have
// is kept once.
type problems struct {
	seen map[Problem]bool
	list []Problem
}

// maxProblems bounds what is gathered from a hostile file; no one reads more.
const maxProblems = 1000

func (ps *problems) add(p Problem) {
	if ps.seen[p] || len(ps.list) >= maxProblems {
		return
	}
	if ps.seen == nil {
		ps.seen = map[Problem]bool{}
	}
	ps.seen[p] = true
	ps.list = append(ps.list, p)
}

// in reports whether a file has any.
func (ps *problems) in(file string) bool {
	return slices.ContainsFunc(ps.list, func(p Problem) bool { return p.File == file })
}

// sorted returns all problems in the order of their places.
func (ps *problems) sorted() []Problem {
	ps.hush()
	slices.SortStableFunc(ps.list, func(a, b Problem) int {
		return cmp.Or(
			cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column),
			cmp.Compare(a.Msg, b.Msg),
		)
	})
	return ps.list
}

// reader walks the nodes of one file.
type reader struct {
	file   string
	found  *problems
	source []byte // of a suite, to find a place inside of a text
	secret bool   // the file may hold a secret, which no message may show
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
