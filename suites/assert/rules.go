package assert

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/expr-lang/expr/ast"

	"postpatch/probes/fact"
	"postpatch/suites/expect"
)

// rules holds an expression to the part of the language that always ends soon and
// depends on nothing but what it looks at.
type rules struct {
	readings map[string]fact.Type
	looks    []look
	vars     []Var
	seen     map[ast.Node]bool
	found    []Problem
}

func (r *rules) add(offset int, hint, format string, args ...any) {
	r.found = append(r.found, Problem{Offset: offset, Msg: fmt.Sprintf(format, args...), Hint: hint})
}

// unknown reports a word that is none of the known ones.
func (r *rules) unknown(n ast.Node, word string, known []string, what string) {
	r.found = append(r.found, Problem{
		Offset: n.Location().From, Msg: fmt.Sprintf(what, word), Word: word, Known: known,
	})
}

func (r *rules) refuse(n ast.Node, hint, format string, args ...any) {
	r.add(n.Location().From, hint, format, args...)
}

// check walks an expression; closed says that it stands in all(…) or its like.
func (r *rules) check(node ast.Node, closed bool) {
	if l, ok := lookOf(node); ok {
		if r.exists(node, l) && !slices.Contains(r.looks, l) {
			r.looks = append(r.looks, l)
			if m, is := node.(*ast.MemberNode); is && l.root == "host.vars" {
				r.vars = append(r.vars, Var{l.name, m.Property.Location().From})
			}
		}
		return
	}
	if r.again(node) {
		return
	}
	switch n := node.(type) {
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.StringNode, *ast.PointerNode:
	case *ast.IdentifierNode:
		r.name(n)
	case *ast.UnaryNode:
		r.check(n.Node, closed)
	case *ast.BinaryNode:
		r.binary(n)
		r.check(n.Left, closed)
		r.check(n.Right, closed)
	case *ast.ConditionalNode:
		if !n.Ternary {
			r.refuse(n.Cond, "write condition ? this : that", "if is not part of an assertion")
		}
		r.all(closed, n.Cond, n.Exp1, n.Exp2)
	case *ast.ArrayNode:
		r.all(closed, n.Nodes...)
	case *ast.MemberNode:
		r.member(n, closed)
	case *ast.SliceNode:
		r.check(n.Node, closed)
		for _, end := range []ast.Node{n.From, n.To} {
			if end != nil {
				r.check(end, closed)
			}
		}
	case *ast.BuiltinNode:
		r.builtin(n, closed)
	case *ast.CallNode:
		r.call(n, closed)
	case *ast.PredicateNode:
		if closed {
			r.refuse(n, "", "one all(…), any(…) and their like cannot stand inside of another")
		}
		r.check(n.Node, true)
	default:
		r.foreign(node)
	}
}

// again refuses what the parser puts into the tree twice, as the middle of a < b < c:
// where such stands inside of such, it would be walked a number of times that doubles
// with every level.
func (r *rules) again(node ast.Node) bool {
	switch node.(type) {
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.StringNode, *ast.PointerNode:
		return false
	}
	if r.seen[node] {
		r.refuse(node, "", "in a < b < c and in a ?: b, want the name of a reading or a plain value in place of b and a")
		return true
	}
	if r.seen == nil {
		r.seen = map[ast.Node]bool{}
	}
	r.seen[node] = true
	return false
}

func (r *rules) all(closed bool, nodes ...ast.Node) {
	for _, n := range nodes {
		r.check(n, closed)
	}
}

func (r *rules) foreign(node ast.Node) {
	what := map[string]string{
		"*ast.NilNode": "nil", "*ast.MapNode": "{…}", "*ast.SequenceNode": ";", "*ast.VariableDeclaratorNode": "let",
		"*ast.ChainNode": "?.", "*ast.BytesNode": `b"…"`,
	}[fmt.Sprintf("%T", node)]
	hint := ""
	if what == "nil" || what == "?." {
		hint = "an assertion that needs a reading that is not there is not met"
	}
	r.refuse(node, hint, "%s is not part of an assertion", what)
}

func (r *rules) binary(n *ast.BinaryNode) {
	switch n.Operator {
	case "..", "??":
		r.refuse(n, "", "%s is not part of an assertion", n.Operator)
	case "matches":
		pattern, literal := n.Right.(*ast.StringNode)
		if !literal {
			r.refuse(n.Right, "", "matches: want a regular expression in quotes")
			return
		}
		if _, err := regexp.Compile(pattern.Value); err != nil {
			r.refuse(pattern, "", "matches: %v", err)
		}
	}
}

// lookOf recognizes what an expression takes from its subject.
func lookOf(node ast.Node) (l look, ok bool) {
	if id, is := node.(*ast.IdentifierNode); is && id.Value == "item" {
		return look{root: "item"}, true
	}
	m, is := node.(*ast.MemberNode)
	if !is || m.Optional || m.Method {
		return look{}, false
	}
	name, isName := m.Property.(*ast.StringNode)
	if !isName {
		return look{}, false
	}
	switch base := m.Node.(type) {
	case *ast.IdentifierNode:
		switch base.Value {
		case "before", "after":
			return look{base.Value, name.Value}, true
		case "host":
			return look{root: "host." + name.Value}, name.Value != "vars"
		}
	case *ast.MemberNode:
		host, isHost := base.Node.(*ast.IdentifierNode)
		vars, isVars := base.Property.(*ast.StringNode)
		if isHost && isVars && host.Value == "host" && vars.Value == "vars" {
			return look{"host.vars", name.Value}, true
		}
	}
	return look{}, false
}

// exists says whether there is what an expression wants to look at.
func (r *rules) exists(node ast.Node, l look) bool {
	m, isMember := node.(*ast.MemberNode)
	switch {
	case !isMember, l.root == "host.vars":
		return true
	case l.isReading():
		if _, known := r.readings[l.name]; known {
			return true
		}
		r.unknown(m.Property, l.name, slices.Sorted(maps.Keys(r.readings)), "unknown reading %q")
		return false
	case slices.Contains([]string{"host.name", "host.address", "host.tags"}, l.root):
		return true
	default:
		known := []string{"name", "address", "tags", "vars"}
		r.unknown(m.Property, strings.TrimPrefix(l.root, "host."), known, "unknown field %q of host")
		return false
	}
}

// name refuses a name that stands for nothing by itself.
func (r *rules) name(n *ast.IdentifierNode) {
	_, isReading := r.readings[n.Value]
	switch {
	case n.Value == "before" || n.Value == "after":
		r.refuse(n, "write "+n.Value+".NAME", "%s: want one of its readings", n.Value)
	case n.Value == "host":
		r.refuse(n, "write host.name, host.address, host.tags or host.vars.NAME", "host: want one of its fields")
	case isReading:
		r.refuse(n, fmt.Sprintf("write after.%s, or before.%s", n.Value, n.Value), "%q is a reading", n.Value)
	default:
		r.unknown(n, n.Value, []string{"after", "before", "item", "host"}, "unknown name %q")
	}
}

func (r *rules) member(n *ast.MemberNode, closed bool) {
	name, isName := n.Property.(*ast.StringNode)
	base, isBase := n.Node.(*ast.IdentifierNode)
	switch {
	case n.Optional:
		r.refuse(n, "an assertion that needs a reading that is not there is not met", "?. is not part of an assertion")
	case isBase && slices.Contains([]string{"before", "after", "host"}, base.Value):
		r.refuse(n, "write the name: "+base.Value+".NAME", "%s: want a name, written out", base.Value)
	case isBase:
		r.name(base)
	case isName && slices.Contains(methods(), name.Value):
		r.refuse(name, "write "+name.Value+"()", "%s is a function", name.Value)
	case isName:
		r.unknown(name, name.Value, methods(), "unknown field %q")
	default:
		r.all(closed, n.Node, n.Property)
	}
}

func (r *rules) builtin(n *ast.BuiltinNode, closed bool) {
	if !slices.Contains(builtins(), n.Name) {
		r.unknownFunction(n, n.Name)
	}
	if text, ok := literal(n.Arguments); ok && n.Name == "duration" {
		if _, err := time.ParseDuration(text.Value); err != nil {
			r.refuse(text, "", "duration: want one like 20ms or 5s, got %q", text.Value)
		}
	}
	r.all(closed, n.Arguments...)
}

func (r *rules) unknownFunction(n ast.Node, name string) {
	known := builtins()
	for _, f := range functions() {
		known = append(known, f.name)
	}
	if name == "now" {
		r.refuse(n, "compare with date(\"2026-11-23\"), or with before", "now is not part of an assertion")
		return
	}
	r.unknown(n, name, known, "unknown function %q")
}

func (r *rules) call(n *ast.CallNode, closed bool) {
	switch callee := n.Callee.(type) {
	case *ast.IdentifierNode:
		if !slices.ContainsFunc(functions(), func(f function) bool { return f.name == callee.Value }) {
			r.unknownFunction(n, callee.Value)
		}
		r.literals(callee.Value, n.Arguments)
	case *ast.MemberNode:
		name, isName := callee.Property.(*ast.StringNode)
		if !isName || callee.Optional || !slices.Contains(methods(), name.Value) {
			word := ""
			if isName {
				word = name.Value
			}
			r.unknown(n, word, methods(), "unknown function %q")
			return
		}
		r.check(callee.Node, closed)
	default:
		r.refuse(n, "", "want the name of a function")
	}
	r.all(closed, n.Arguments...)
}

// literals reads what is written out, so that a mistake in it shows before it counts.
func (r *rules) literals(function string, args []ast.Node) {
	for _, arg := range args {
		text, is := arg.(*ast.StringNode)
		if !is {
			continue
		}
		if _, ok := expect.Time(text.Value); !ok && function == "date" {
			r.refuse(text, "", "date: want a time like 2026-11-23T22:15:00Z or 2026-11-23, got %q", text.Value)
		}
		if _, ok := expect.CompareVersions(text.Value, "0"); !ok && function == "compareVersions" {
			r.refuse(text, "", "compareVersions: want a version number like 15.2.1748.10, got %q", text.Value)
		}
	}
}

func literal(args []ast.Node) (*ast.StringNode, bool) {
	if len(args) != 1 {
		return nil, false
	}
	text, is := args[0].(*ast.StringNode)
	return text, is
}
