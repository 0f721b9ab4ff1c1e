//go:build mutants

package main

import (
	"bytes"
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// mutant is one change of a file, which the number switches on.
type mutant struct {
	number       int
	file         string // its name alone
	line, column int    // of an operator, or else where it begins
	begins       int    // the line that the compiler names
	what         string
	edits        []edit
	// safe is a change that the types cannot refuse.
	safe bool
}

// edit is text put into the source, in place of skip bytes.
type edit struct {
	at, skip int
	text     string
	// depth orders what stands at one place: the outer opens first and closes last.
	depth int
	close bool
}

// mutator collects the mutants of one file.
type mutator struct {
	files  *token.FileSet
	source []byte
	base   string
	before int // mutants in the files before
	all    []mutant
	depth  int
}

// mutantsOf finds every mutant of a file, and numbers them from behind those before.
func mutantsOf(t *testing.T, path string, source []byte, before int) []mutant {
	t.Helper()
	m := &mutator{files: token.NewFileSet(), source: source, base: filepath.Base(path), before: before}
	tree, err := parser.ParseFile(m.files, path, source, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	ast.PreorderStack(tree, nil, func(n ast.Node, stack []ast.Node) bool {
		m.depth = len(stack)
		if d, ok := n.(*ast.GenDecl); ok && d.Tok != token.VAR {
			return false
		}
		m.visit(n)
		return true
	})
	return m.all
}

func (m *mutator) visit(n ast.Node) {
	switch n := n.(type) {
	case *ast.BinaryExpr:
		m.binary(n)
	case *ast.IfStmt:
		m.negate(n.Cond, "not, in if")
	case *ast.SwitchStmt:
		if n.Tag == nil {
			m.cases(n)
		}
	case *ast.Ident:
		if n.Name == "true" || n.Name == "false" {
			m.negate(n, "not "+n.Name)
		}
	case *ast.BlockStmt:
		m.statements(n.List)
	case *ast.CaseClause:
		m.statements(n.Body)
	}
}

func (m *mutator) cases(s *ast.SwitchStmt) {
	for _, c := range s.Body.List {
		if c, ok := c.(*ast.CaseClause); ok {
			for _, e := range c.List {
				m.negate(e, "not, in case")
			}
		}
	}
}

// binary changes an operator to what it is mistaken for.
func (m *mutator) binary(n *ast.BinaryExpr) {
	for _, op := range others(n.Op) {
		what := fmt.Sprintf("%s for %s", op, n.Op)
		switch n.Op {
		case token.EQL, token.NEQ:
			m.negate(n, what)
		case token.ADD, token.SUB:
			at := m.offset(n.OpPos)
			call := map[token.Token]string{token.ADD: "mutantAdd", token.SUB: "mutantSub"}[n.Op]
			m.keep(n, what, []edit{
				{at: m.offset(n.Pos()), text: fmt.Sprintf("%s(%d, ", call, m.next()), depth: m.depth},
				{at: at, skip: 1, text: ", ", depth: m.depth},
				{at: m.offset(n.End()), text: ")", close: true, depth: m.depth},
			}, false)
		default:
			k := m.next()
			other := fmt.Sprintf("(%s) %s (%s)", m.text(n.X), op, m.text(n.Y))
			if strings.Contains(other, "\n") { // what the compiler does not like is found by its line
				other += fmt.Sprintf(" /*line %s:%d:1*/", m.base, m.files.Position(n.Pos()).Line)
			}
			m.keep(n, what, []edit{
				{at: m.offset(n.Pos()), text: fmt.Sprintf("(mutant(%d) && (%s) || !mutant(%d) && (", k, other, k), depth: m.depth},
				{at: m.offset(n.End()), text: "))", close: true, depth: m.depth},
			}, true)
		}
	}
}

// others are what an operator is mistaken for.
func others(op token.Token) []token.Token {
	return map[token.Token][]token.Token{
		token.EQL: {token.NEQ}, token.NEQ: {token.EQL}, token.LAND: {token.LOR}, token.LOR: {token.LAND},
		token.LSS: {token.LEQ, token.GEQ}, token.LEQ: {token.LSS, token.GTR},
		token.GTR: {token.GEQ, token.LEQ}, token.GEQ: {token.GTR, token.LSS},
		token.ADD: {token.SUB}, token.SUB: {token.ADD},
	}[op]
}

func (m *mutator) negate(e ast.Expr, what string) {
	k := m.next()
	m.keep(e, what, []edit{
		{at: m.offset(e.Pos()), text: fmt.Sprintf("(mutant(%d) != (", k), depth: m.depth},
		{at: m.offset(e.End()), text: "))", close: true, depth: m.depth},
	}, true)
}

func (m *mutator) statements(list []ast.Stmt) {
	for _, s := range list {
		if removable(s) {
			k := m.next()
			m.keep(s, "left out: "+m.text(s), []edit{
				{at: m.offset(s.Pos()), text: fmt.Sprintf("if !mutant(%d) { ", k), depth: m.depth},
				{at: m.offset(s.End()), text: " }", close: true, depth: m.depth},
			}, false)
		}
	}
}

func removable(s ast.Stmt) bool {
	switch s := s.(type) {
	case *ast.ExprStmt:
		call, ok := s.X.(*ast.CallExpr)
		if !ok {
			return true
		}
		name, ok := call.Fun.(*ast.Ident)
		return !ok || name.Name != "panic" // the function might end without it
	case *ast.IncDecStmt:
		return true
	case *ast.AssignStmt:
		return s.Tok != token.DEFINE
	case *ast.BranchStmt:
		return s.Tok == token.CONTINUE
	default:
		return false
	}
}

func (m *mutator) next() int { return m.before + len(m.all) + 1 }

func (m *mutator) keep(n ast.Node, what string, edits []edit, safe bool) {
	begins := m.files.Position(n.Pos())
	at := begins
	if b, ok := n.(*ast.BinaryExpr); ok {
		at = m.files.Position(b.OpPos)
	}
	m.all = append(m.all, mutant{
		number: m.next(), file: m.base, line: at.Line, column: at.Column, begins: begins.Line,
		what: strings.Join(strings.Fields(what), " "), edits: edits, safe: safe,
	})
}

func (m *mutator) offset(p token.Pos) int { return m.files.Position(p).Offset }

func (m *mutator) text(n ast.Node) string {
	return string(m.source[m.offset(n.Pos()):m.offset(n.End())])
}

// applied is the source with all its mutants, each behind its switch.
func applied(source []byte, mutants []mutant) []byte {
	var all []edit
	for _, m := range mutants {
		for _, e := range m.edits {
			e.depth = e.depth<<16 | m.number
			all = append(all, e)
		}
	}
	slices.SortStableFunc(all, func(a, b edit) int {
		if a.at != b.at {
			return cmp.Compare(a.at, b.at)
		}
		if a.close != b.close {
			return map[bool]int{true: -1, false: 1}[a.close]
		}
		if a.close {
			return cmp.Compare(b.depth, a.depth)
		}
		return cmp.Compare(a.depth, b.depth)
	})
	var b bytes.Buffer
	at := 0
	for _, e := range all {
		b.Write(source[at:max(at, e.at)])
		b.WriteString(e.text)
		at = max(at, e.at+e.skip)
	}
	b.Write(source[at:])
	return b.Bytes()
}

// surveying is the number that switches no mutant on, and has those written down that
// are come by.
const surveying = -1

// switches is the Go file that reads which mutant is at work.
func switches(pkg, number string, mutants int) []byte {
	return fmt.Appendf(nil, `package %s

import (
	mutantCmp "cmp"
	mutantOS "os"
	mutantReflect "reflect"
	mutantStrconv "strconv"
	mutantAtomic "sync/atomic"
)

var mutantNumber = func() int {
	text, _ := mutantOS.ReadFile(%[2]q)
	n, _ := mutantStrconv.Atoi(string(text))
	return n
}()

func mutant(k int) bool {
	if mutantNumber == %[4]d {
		mutantReach(k)
	}
	return mutantNumber == k
}

var mutantReached [%[3]d + 1]mutantAtomic.Bool

func mutantReach(k int) {
	if mutantReached[k].Load() || mutantReached[k].Swap(true) {
		return
	}
	flags := mutantOS.O_APPEND|mutantOS.O_CREATE|mutantOS.O_WRONLY
	f, err := mutantOS.OpenFile(%[2]q+".reached", flags, 0o600)
	if err == nil {
		_, _ = f.WriteString(mutantStrconv.Itoa(k) + "\n")
		_ = f.Close()
	}
}

func mutantAdd[T mutantCmp.Ordered](k int, a, b T) T {
	if !mutant(k) {
		return a + b
	}
	return mutantMinus(a, b)
}

func mutantSub[T mutantCmp.Ordered](k int, a, b T) T {
	if !mutant(k) {
		return mutantMinus(a, b)
	}
	return a + b
}

// mutantMinus of texts is the second alone.
func mutantMinus[T mutantCmp.Ordered](a, b T) T {
	v := mutantReflect.New(mutantReflect.TypeFor[T]()).Elem()
	x, y := mutantReflect.ValueOf(a), mutantReflect.ValueOf(b)
	switch {
	case x.CanInt():
		v.SetInt(x.Int() - y.Int())
	case x.CanUint():
		v.SetUint(x.Uint() - y.Uint())
	case x.CanFloat():
		v.SetFloat(x.Float() - y.Float())
	default:
		v.SetString(y.String())
	}
	return v.Interface().(T)
}
`, pkg, number, mutants, surveying)
}
