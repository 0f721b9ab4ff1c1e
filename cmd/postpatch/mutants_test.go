//go:build mutants

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// The judge and the store, which people stake a maintenance window on.
var mutated = flag.String("mutated", "runner/*.go,baseline/*.go,baseline/*/*.go", "the files to mutate, globs")

// depth is how many stages of tests are tried.
var depth = flag.Int("depth", 3, "how many stages of tests a mutant has to outlive")

// stages are the tests that a mutant has to outlive, the quick ones first.
func stages(own string) [][]string {
	return [][]string{
		{"./" + own},
		{"./baseline/...", "./runner/..."},
		{"-run", "Missing|JudgedAgain|Accept|Sample|Scenarios|Scripts/(resume|sign|baselines|damage|judge|waiv|rules|assert)", "./cmd/postpatch"},
	}
}

// TestMutants changes one condition or statement after another, and wants some test to
// fail of each. It runs for hours, and is for who changes the judge or the store:
// task mutants FILES=runner/sheet.go.
func TestMutants(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	killed, unviable := 0, 0
	for glob := range strings.SplitSeq(*mutated, ",") {
		files, err := filepath.Glob(filepath.Join(root, glob))
		if err != nil || len(files) == 0 {
			t.Fatal(glob, err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			for _, m := range mutantsOf(t, file) {
				switch m.try(t, root) {
				case "":
					place, _ := filepath.Rel(root, file)
					t.Errorf("%s:%d: %s lives", place, m.line, m.what)
				case "unviable":
					unviable++
				default:
					killed++
				}
			}
		}
	}
	t.Logf("%d mutants killed, %d do not compile", killed, unviable)
}

// mutant is one changed file.
type mutant struct {
	file, what string
	line       int
	source     []byte
}

// mutantsOf makes every mutant of a file.
func mutantsOf(t *testing.T, path string) []mutant {
	t.Helper()
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	files := token.NewFileSet()
	tree, err := parser.ParseFile(files, path, source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var all []mutant
	keep := func(at token.Pos, what string) {
		var b bytes.Buffer
		if err := format.Node(&b, files, tree); err != nil {
			t.Fatal(err)
		}
		all = append(all, mutant{path, what, files.Position(at).Line, b.Bytes()})
	}
	ast.Inspect(tree, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BinaryExpr:
			for _, op := range others(n.Op) {
				was := n.Op
				n.Op = op
				keep(n.OpPos, fmt.Sprintf("%s for %s", op, was))
				n.Op = was
			}
		case *ast.IfStmt:
			n.Cond = negated(n.Cond, func() { keep(n.Pos(), "not, in if") }, func(e ast.Expr) { n.Cond = e })
		case *ast.CaseClause:
			for i := range n.List {
				if isCondition(n.List[i]) {
					at := n.List[i].Pos()
					n.List[i] = negated(n.List[i], func() { keep(at, "not, in case") }, func(e ast.Expr) { n.List[i] = e })
				}
			}
		case *ast.Ident:
			if n.Name == "true" || n.Name == "false" {
				was := n.Name
				n.Name = map[string]string{"true": "false", "false": "true"}[was]
				keep(n.Pos(), n.Name+" for "+was)
				n.Name = was
			}
		case *ast.BlockStmt:
			for i, s := range n.List {
				if removable(s) {
					n.List[i] = &ast.EmptyStmt{Semicolon: s.Pos(), Implicit: true}
					keep(s.Pos(), "left out")
					n.List[i] = s
				}
			}
		}
		return true
	})
	return all
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

// negated tries an expression's opposite and returns the expression.
func negated(e ast.Expr, keep func(), set func(ast.Expr)) ast.Expr {
	set(&ast.UnaryExpr{Op: token.NOT, X: &ast.ParenExpr{X: e}})
	keep()
	return e
}

// isCondition tells a case of a switch over conditions; of others, not does not compile.
func isCondition(e ast.Expr) bool {
	switch e.(type) {
	case *ast.BinaryExpr, *ast.CallExpr, *ast.UnaryExpr, *ast.Ident, *ast.SelectorExpr, *ast.ParenExpr, *ast.IndexExpr:
		return true
	default:
		return false
	}
}

func removable(s ast.Stmt) bool {
	switch s := s.(type) {
	case *ast.ExprStmt, *ast.IncDecStmt:
		return true
	case *ast.AssignStmt:
		return s.Tok != token.DEFINE
	case *ast.BranchStmt:
		return s.Tok == token.CONTINUE
	default:
		return false
	}
}

// try says which tests kill the mutant: "" for none.
func (m mutant) try(t *testing.T, root string) string {
	t.Helper()
	dir := t.TempDir()
	changed, overlay := filepath.Join(dir, "mutant.go"), filepath.Join(dir, "overlay.json")
	replace, err := json.Marshal(map[string]map[string]string{"Replace": {m.file: changed}})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.WriteFile(changed, m.source, 0o600), os.WriteFile(overlay, replace, 0o600)); err != nil {
		t.Fatal(err)
	}
	own, _ := filepath.Rel(root, filepath.Dir(m.file))
	for _, stage := range stages(own)[:*depth] {
		args := slices.Concat([]string{"test", "-vet", "off", "-overlay", overlay, "-failfast", "-timeout", "2m"}, stage)
		output, err := goTool(t, root, args)
		switch {
		case err == nil:
		case bytes.Contains(output, []byte("[build failed]")):
			return "unviable"
		default:
			return strings.Join(stage, " ")
		}
	}
	return ""
}

func goTool(t *testing.T, root string, args []string) ([]byte, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, "go", args...)
	command.Dir = root
	return command.CombinedOutput()
}
