package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The budgets of the house.
const (
	maxFileLines  = 500
	maxFuncLines  = 60
	maxParams     = 4
	maxInterfaces = 3
)

// TestHouse holds every Go file, for whatever system, to the budgets.
func TestHouse(t *testing.T) {
	eachGoFile(t, func(path string, source []byte) {
		for _, offence := range offences(path, source) {
			t.Error(offence)
		}
	})
}

// eachGoFile reads every Go file of the project, for whatever system, but for test data.
func eachGoFile(t *testing.T, read func(path string, source []byte)) {
	t.Helper()
	root := os.DirFS("../..")
	seen := 0
	err := fs.WalkDir(root, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := entry.Name(); entry.IsDir() && (name == "testdata" || name != "." && strings.HasPrefix(name, ".")) {
			return fs.SkipDir
		}
		if entry.IsDir() || !strings.HasSuffix(path, ".go") {
			return nil
		}
		source, err := fs.ReadFile(root, path)
		if err != nil {
			return err
		}
		seen++
		read(path, source)
		return nil
	})
	if err != nil || seen < 20 {
		t.Fatalf("%d Go files, %v", seen, err)
	}
}

// offences lists what a file does against the budgets, as "path:line: what".
func offences(path string, source []byte) []string {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return []string{err.Error()}
	}
	h := house{files: files, path: path}
	if strings.HasSuffix(path, "_test.go") {
		if !imports(file, "testing/synctest") { // in whose bubble sleep costs nothing
			h.calls(file, "time.Sleep")
		}
		return h.found
	}
	if lines := files.File(file.Pos()).LineCount(); lines > maxFileLines {
		h.add(file.Pos(), "%d lines, over %d", lines, maxFileLines)
	}
	if file.Name.Name != "main" {
		h.calls(file, "os.Exit", "os.Stdout", "os.Getenv")
	}
	for _, decl := range file.Decls {
		if general, ok := decl.(*ast.GenDecl); ok && general.Tok == token.VAR {
			h.variables(general)
		}
	}
	ast.Inspect(file, h.scale)
	return h.found
}

// house gathers the offences of one file.
type house struct {
	files *token.FileSet
	path  string
	found []string
}

func (h *house) add(at token.Pos, format string, args ...any) {
	line := h.files.Position(at).Line
	h.found = append(h.found, fmt.Sprintf("%s:%d: ", h.path, line)+fmt.Sprintf(format, args...))
}

// scale looks at the size of functions, parameter lists and interfaces.
func (h *house) scale(node ast.Node) bool {
	switch node := node.(type) {
	case *ast.FuncDecl:
		if node.Recv == nil && node.Name.Name == "init" {
			h.add(node.Pos(), "init()")
		}
		h.length(node.Name.Name, node.Body)
		h.params(node.Name.Name, node.Type)
	case *ast.FuncLit:
		h.length("a function", node.Body)
		h.params("a function", node.Type)
	case *ast.InterfaceType:
		if n := node.Methods.NumFields(); n > maxInterfaces {
			h.add(node.Pos(), "an interface of %d methods, over %d", n, maxInterfaces)
		}
	}
	return true
}

func (h *house) length(name string, body *ast.BlockStmt) {
	if body == nil {
		return
	}
	lines := h.files.Position(body.End()).Line - h.files.Position(body.Pos()).Line - 1
	if lines > maxFuncLines {
		h.add(body.Pos(), "%s: %d lines, over %d", name, lines, maxFuncLines)
	}
}

func (h *house) params(name string, function *ast.FuncType) {
	if n := function.Params.NumFields(); n > maxParams {
		h.add(function.Pos(), "%s: %d parameters, over %d", name, n, maxParams)
	}
}

// variables allows Kind, error sentinels, embedded files, assertions of an
// interface, and the version, which the linker sets.
func (h *house) variables(decl *ast.GenDecl) {
	for _, spec := range decl.Specs {
		value, ok := spec.(*ast.ValueSpec)
		if !ok || isEmbed(decl.Doc) || isEmbed(value.Doc) {
			continue
		}
		for _, name := range value.Names {
			isError := strings.HasPrefix(name.Name, "Err") || strings.HasPrefix(name.Name, "err")
			isVersion := name.Name == "version" && h.path == "cmd/postpatch/version.go"
			if name.Name != "Kind" && name.Name != "_" && !isError && !isVersion {
				h.add(name.Pos(), "package variable %s", name.Name)
			}
		}
	}
}

func isEmbed(doc *ast.CommentGroup) bool {
	if doc == nil {
		return false
	}
	for _, comment := range doc.List {
		if strings.HasPrefix(comment.Text, "//go:embed ") {
			return true
		}
	}
	return false
}

func imports(file *ast.File, path string) bool {
	return slices.ContainsFunc(file.Imports, func(spec *ast.ImportSpec) bool {
		return spec.Path.Value == strconv.Quote(path)
	})
}

// calls looks for names of the standard library that do not belong here.
func (h *house) calls(file *ast.File, names ...string) {
	ast.Inspect(file, func(node ast.Node) bool {
		selector, ok := node.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if pkg, ok := selector.X.(*ast.Ident); ok {
			for _, name := range names {
				if pkg.Name+"."+selector.Sel.Name == name {
					h.add(node.Pos(), "%s", name)
				}
			}
		}
		return true
	})
}

func TestHouseBites(t *testing.T) {
	long := strings.Repeat("\n", maxFuncLines+1)
	for name, test := range map[string]struct {
		path, source string
		want         []string
	}{
		"a long file":              {"a/a.go", "package a" + strings.Repeat("\n", 501), []string{"a/a.go:1: 501 lines, over 500"}},
		"a long function":          {"a/a.go", "package a\nfunc f() {" + long + "\n}", []string{"a/a.go:2: f: 61 lines, over 60"}},
		"five parameters":          {"a/a.go", "package a\nfunc f(a, b, c, d, e int) {}", []string{"a/a.go:2: f: 5 parameters, over 4"}},
		"a receiver is free":       {"a/a.go", "package a\nfunc (x X) f(a, b, c, d int) {}", nil},
		"four methods":             {"a/a.go", "package a\ntype i interface{a(); b(); c(); d()}", []string{"a/a.go:2: an interface of 4 methods, over 3"}},
		"init":                     {"a/a.go", "package a\nfunc init() {}", []string{"a/a.go:2: init()"}},
		"a global":                 {"a/a.go", "package a\nvar cache = 1", []string{"a/a.go:2: package variable cache"}},
		"what may be global":       {"a/a.go", "package a\nvar Kind = 1\nvar ErrX = 1\nvar _ I = T{}\n//go:embed x\nvar x []byte", nil},
		"what the linker sets":     {"cmd/postpatch/version.go", "package a\nvar version = 1", nil},
		"the same elsewhere":       {"a/a.go", "package a\nvar version = 1", []string{"a/a.go:2: package variable version"}},
		"standard output":          {"a/a.go", "package a\nfunc f() { print(os.Stdout) }", []string{"a/a.go:2: os.Stdout"}},
		"standard output at home":  {"a/a.go", "package main\nfunc f() { print(os.Stdout) }", nil},
		"sleeping in a test":       {"a/a_test.go", "package a\nfunc f() { time.Sleep(1) }", []string{"a/a_test.go:2: time.Sleep"}},
		"sleeping in a bubble":     {"a/a_test.go", "package a\nimport \"testing/synctest\"\nfunc f() { time.Sleep(1) }", nil},
		"a test may be long":       {"a/a_test.go", "package a\nfunc f() {" + long + "\n}", nil},
		"what is no Go is told of": {"a/a.go", "pakage", []string{"a/a.go:1:1: expected 'package', found pakage"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, offences(test.path, []byte(test.source))); diff != "" {
				t.Errorf("offences (-want +got):\n%s", diff)
			}
		})
	}
}
