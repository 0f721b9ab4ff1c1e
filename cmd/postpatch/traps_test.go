package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestTraps holds every Go file that is no test against what is wrong, or slow, with many
// hosts only, so that no test of a few would show it.
func TestTraps(t *testing.T) {
	eachGoFile(t, func(path string, source []byte) {
		forTests := slices.ContainsFunc([]string{"_test.go", "/realtest/", "/probetest/"}, func(part string) bool {
			return strings.Contains(filepath.ToSlash(path), part)
		})
		if forTests {
			return
		}
		for _, trap := range traps(path, source) {
			t.Error(trap)
		}
	})
}

// traps lists those that a file walks into, as "path:line: what".
func traps(path string, source []byte) []string {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, source, parser.SkipObjectResolution)
	if err != nil {
		return []string{err.Error()}
	}
	w := &trapWalk{files: files, path: filepath.ToSlash(path)}
	for _, imported := range file.Imports {
		if strings.Contains(imported.Path.Value, "/pro-bing") && filepath.ToSlash(filepath.Dir(path)) != "probes/ping" {
			w.add(imported, "a ping of its own: a socket for each is wrong when there are many; probes/ping knows")
		}
	}
	for _, decl := range file.Decls {
		w.nodes, w.decoders = nil, nil
		ast.Inspect(decl, w.noteNode)
		ast.Inspect(decl, w.look)
	}
	return w.found
}

// trapWalk gathers the traps of one file.
type trapWalk struct {
	files    *token.FileSet
	path     string
	nodes    []string // variables that are YAML nodes, in one declaration
	decoders []string // and decoders of YAML
	found    []string
}

func (w *trapWalk) add(at ast.Node, what string) {
	w.found = append(w.found, fmt.Sprintf("%s:%d: %s", w.path, w.files.Position(at.Pos()).Line, what))
}

// noteNode remembers the names of what is, or points to, a yaml.Node, and of decoders.
func (w *trapWalk) noteNode(node ast.Node) bool {
	switch node := node.(type) {
	case *ast.ValueSpec:
		if isNamed(node.Type, "yaml.Node") {
			for _, name := range node.Names {
				w.nodes = append(w.nodes, name.Name)
			}
		}
	case *ast.AssignStmt:
		name, ok := node.Lhs[0].(*ast.Ident)
		call, made := node.Rhs[0].(*ast.CallExpr)
		switch {
		case !ok || !made:
		case isNewNode(call):
			w.nodes = append(w.nodes, name.Name)
		case isNamed(call.Fun, "yaml.NewDecoder"):
			w.decoders = append(w.decoders, name.Name)
		}
	case *ast.Field:
		if star, ok := node.Type.(*ast.StarExpr); ok && isNamed(star.X, "yaml.Node") {
			for _, name := range node.Names {
				w.nodes = append(w.nodes, name.Name)
			}
		}
	}
	return true
}

func isNamed(expr ast.Expr, name string) bool {
	selector, ok := expr.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	from, ok := selector.X.(*ast.Ident)
	return ok && from.Name+"."+selector.Sel.Name == name
}

func isNewNode(expr ast.Expr) bool {
	call, ok := expr.(*ast.CallExpr)
	if !ok || len(call.Args) != 1 {
		return false
	}
	made, ok := call.Fun.(*ast.Ident)
	return ok && made.Name == "new" && isNamed(call.Args[0], "yaml.Node")
}

// typed are the files that may decode YAML into types of Go: such a file is of few lines,
// and people write it. The library compares every key of a mapping with every other.
func typed() []string {
	return []string{"cmd/postpatch/scenario.go", "cmd/postpatch/scenariowindow.go", "cmd/postpatch/scenariopart.go"}
}

func (w *trapWalk) look(node ast.Node) bool {
	switch node := node.(type) {
	case *ast.CompositeLit:
		w.literal(node)
	case *ast.AssignStmt:
		for _, left := range node.Lhs {
			if selector, ok := left.(*ast.SelectorExpr); ok && selector.Sel.Name == "LocalAddr" {
				w.add(node, "an address to dial from: every connection closed here keeps a port of it for a minute")
			}
		}
	case *ast.SelectorExpr:
		for _, name := range []string{"http.DefaultClient", "http.DefaultTransport", "http.Get", "http.Post", "http.Head"} {
			if isNamed(node, name) {
				w.add(node, name+" keeps a connection and two goroutines for every host")
			}
		}
		if isNamed(node, "dns.Client") || isNamed(node, "dns.Exchange") || isNamed(node, "dns.ExchangeContext") {
			w.add(node, "a socket for every question; probes/dns has them for several")
		}
	case *ast.CallExpr:
		w.call(node)
	}
	return true
}

func (w *trapWalk) literal(literal *ast.CompositeLit) {
	keys := map[string]bool{}
	for _, element := range literal.Elts {
		if pair, ok := element.(*ast.KeyValueExpr); ok {
			if key, ok := pair.Key.(*ast.Ident); ok {
				keys[key.Name] = !isOfUDP(pair.Value) // which keeps no port
			}
		}
	}
	switch {
	case isNamed(literal.Type, "net.Dialer") && keys["LocalAddr"]:
		w.add(literal, "an address to dial from: every connection closed here keeps a port of it for a minute")
	case isNamed(literal.Type, "http.Client") && !keys["Transport"]:
		w.add(literal, "the transport of all keeps a connection and two goroutines for every host")
	case isNamed(literal.Type, "http.Transport") && !keys["DisableKeepAlives"] && !keys["DialTLSContext"] &&
		!keys["MaxIdleConnsPerHost"]:
		w.add(literal, "a transport that keeps two connections for every host, and opens more for more requests: "+
			"DisableKeepAlives, or MaxIdleConnsPerHost, or one connection of your own by DialTLSContext")
	}
}

func isOfUDP(expr ast.Expr) bool {
	address, ok := expr.(*ast.UnaryExpr)
	if !ok {
		return false
	}
	literal, ok := address.X.(*ast.CompositeLit)
	return ok && isNamed(literal.Type, "net.UDPAddr")
}

// call looks at yaml.Unmarshal(text, into) and decoder.Decode(into).
func (w *trapWalk) call(call *ast.CallExpr) {
	selector, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || slices.Contains(typed(), w.path) {
		return
	}
	from, _ := selector.X.(*ast.Ident)
	decodes := isNamed(selector, "yaml.Unmarshal") ||
		from != nil && selector.Sel.Name == "Decode" && slices.Contains(w.decoders, from.Name)
	if decodes && len(call.Args) > 0 && !w.isNode(call.Args[len(call.Args)-1]) {
		w.add(call, "YAML decoded into types: the time grows with the square of a mapping; "+
			"decode into a yaml.Node and walk it")
	}
}

func (w *trapWalk) isNode(into ast.Expr) bool {
	if address, ok := into.(*ast.UnaryExpr); ok {
		into = address.X
	}
	name, ok := into.(*ast.Ident)
	return ok && slices.Contains(w.nodes, name.Name) || isNewNode(into)
}

func TestTrapsBite(t *testing.T) {
	const head = "package p\n\nfunc f(text []byte, given *yaml.Node, d net.Dialer, in io.Reader) {\n"
	for body, want := range map[string]string{
		"d.LocalAddr = nil":                                              "an address to dial from",
		"_ = net.Dialer{Timeout: 1, LocalAddr: nil}":                     "an address to dial from",
		"_ = net.Dialer{Timeout: 1}":                                     "",
		"_ = net.Dialer{LocalAddr: &net.UDPAddr{Port: 68}}":              "",
		"_ = net.Dialer{LocalAddr: &net.TCPAddr{Port: 68}}":              "an address to dial from",
		"_ = c.LocalAddr()":                                              "",
		"_ = http.Client{Timeout: 1}":                                    "the transport of all",
		"_ = http.Client{Transport: nil}":                                "",
		"_ = &http.Transport{ForceAttemptHTTP2: true}":                   "a transport that keeps two connections",
		"_ = &http.Transport{DisableKeepAlives: true}":                   "",
		"_ = &http.Transport{MaxIdleConnsPerHost: 9}":                    "",
		"_, _ = http.Get(u)":                                             "http.Get keeps",
		"_ = http.DefaultTransport":                                      "http.DefaultTransport keeps",
		"c := new(dns.Client); _ = c":                                    "a socket for every question",
		"_ = dns.Conn{Conn: c}":                                          "",
		"var m map[string]any; _ = yaml.Unmarshal(text, &m)":             "YAML decoded into types",
		"var n yaml.Node; _ = yaml.Unmarshal(text, &n)":                  "",
		"_ = yaml.Unmarshal(text, given)":                                "",
		"_ = yaml.Unmarshal(text, new(yaml.Node))":                       "",
		"e := yaml.NewDecoder(in); _ = e.Decode(&x)":                     "YAML decoded into types",
		"e := yaml.NewDecoder(in); n := new(yaml.Node); _ = e.Decode(n)": "",
		"e := json.NewDecoder(in); _ = e.Decode(&x)":                     "",
	} {
		found := strings.Join(traps("p/p.go", []byte(head+body+"\n}\n")), "\n")
		if want == "" && found != "" || !strings.Contains(found, want) {
			t.Errorf("%s: found %q, want %q", body, found, want)
		}
	}
	source := []byte("package p\n\nimport _ \"github.com/prometheus-community/pro-bing\"\n")
	if d := cmp.Diff([]string{"probes/dns/p.go:3: a ping of its own: a socket for each is wrong when there are many; " +
		"probes/ping knows"}, traps("probes/dns/p.go", source)); d != "" {
		t.Error(d)
	}
	if found := traps("probes/ping/p.go", source); found != nil {
		t.Error(found)
	}
}
