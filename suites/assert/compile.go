package assert

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/types"

	"postpatch/probes/fact"
)

const (
	maxSource = 4000 // bytes of one expression
	maxNodes  = 400  // operators, names and values in it
)

// Problem is a mistake in an expression.
type Problem struct {
	Offset    int // characters from the expression's begin
	Msg, Hint string
	Word      string   // one that is not known; "" for none
	Known     []string // what it could have been
}

// Compile reads an expression for a kind with these readings. The Assertion is nil
// where there is a problem.
func Compile(source string, readings map[string]fact.Type) (*Assertion, []Problem) {
	return NewLanguage(readings).Compile(source)
}

func (l look) isReading() bool { return l.root == "before" || l.root == "after" }

// oneLine is the expression as a person wrote it, or where that has several lines
// as a machine would.
func oneLine(source string, root ast.Node) string {
	if text := strings.TrimSpace(source); !strings.ContainsAny(text, "\n\r") {
		return text
	}
	return root.String()
}

// builtins are those of the language's functions that depend on nothing but their
// arguments, make nothing large of something small and always have a value.
func builtins() []string {
	return []string{
		"all", "none", "any", "one", "filter", "map", "count", "sum",
		"len", "abs", "ceil", "floor", "round", "int", "float", "string", "max", "min",
		"trim", "trimPrefix", "trimSuffix", "upper", "lower", "indexOf", "lastIndexOf", "hasPrefix", "hasSuffix",
		"duration",
	}
}

// methods are what can be asked of durations and times.
func methods() []string { return []string{"Hours", "Minutes", "Seconds", "Milliseconds", "Unix"} }

func options(readings map[string]fact.Type) []expr.Option {
	side := types.Map{}
	for name, t := range readings {
		side[name] = types.TypeOf(zero(t))
	}
	text, texts := types.String, types.TypeOf([]string(nil))
	env := types.Map{
		"before": side, "after": side, "item": text,
		"host": types.Map{"name": text, "address": text, "tags": texts, "vars": types.TypeOf(map[string]string(nil))},
	}
	all := []expr.Option{
		expr.Env(env), expr.AsBool(), expr.WarnOnAny(), expr.MaxNodes(maxNodes), expr.DisableAllBuiltins(),
		expr.Optimize(false), // or what an expression needs would not be needed any more
		expr.Function(nameOfLook, lookAt), scaled(),
	}
	for _, name := range builtins() {
		all = append(all, expr.EnableBuiltin(name))
	}
	for _, f := range functions() {
		all = append(all, expr.Function(f.name, f.call, f.shapes...))
	}
	return all
}

// zero is a value of the type as expressions know it.
func zero(t fact.Type) any {
	switch t {
	case fact.TypeBool:
		return false
	case fact.TypeInt:
		return 0
	case fact.TypeDuration:
		return time.Duration(0)
	case fact.TypeTime:
		return time.Time{}
	case fact.TypeSet:
		return []string(nil)
	default:
		return ""
	}
}

// typed puts lookAt in place of every name, and refuses what the types show.
type typed struct {
	readings map[string]fact.Type
	looks    []look
	found    []Problem
}

// Visit implements ast.Visitor; children come before their parents.
func (t *typed) Visit(node *ast.Node) {
	if l, ok := lookOf(*node); ok {
		index := &ast.IntegerNode{Value: slices.Index(t.looks, l)}
		index.SetType(reflect.TypeFor[int]())
		t.put(node, t.typeOf(l), nameOfLook, &ast.IdentifierNode{Value: nameOfRun}, index)
		return
	}
	switch n := (*node).(type) {
	case *ast.BinaryNode:
		t.binary(node, n)
	case *ast.BuiltinNode:
		for _, arg := range n.Arguments {
			if (n.Name == "max" || n.Name == "min") && kindOf(arg) != reflect.Int && kindOf(arg) != reflect.Float64 {
				t.add(arg, "", "%s: want numbers", n.Name)
			}
		}
	case *ast.ConditionalNode:
		if n.Exp1.Type() != n.Exp2.Type() {
			t.add(n.Exp2, "", "both values of ?: have to be of one type")
		}
	case *ast.ArrayNode:
		for _, elem := range n.Nodes[min(1, len(n.Nodes)):] {
			if elem.Type() != n.Nodes[0].Type() {
				t.add(elem, "", "the values of a list have to be of one type")
			}
		}
	}
}

func (t *typed) binary(node *ast.Node, n *ast.BinaryNode) {
	left, right := n.Left.Type(), n.Right.Type()
	span, fraction := reflect.TypeFor[time.Duration](), reflect.TypeFor[float64]()
	switch n.Operator {
	case "<", "<=", ">", ">=":
		if left.Kind() == reflect.String {
			t.add(n, "compareVersions(a, b) < 0 orders version numbers; int(text) makes a number of a text",
				"%s orders texts letter by letter: \"9\" comes after \"10\"", n.Operator)
		}
	case "*":
		if left == span && right == fraction || left == fraction && right == span {
			t.put(node, span, nameOfScaled, n.Left, n.Right)
		}
	}
}

// put puts a function of ours in place of a node.
func (t *typed) put(node *ast.Node, result reflect.Type, name string, args ...ast.Node) {
	call := &ast.CallNode{Callee: &ast.IdentifierNode{Value: name}, Arguments: args}
	ast.Patch(node, call)
	call.SetType(result)
}

func kindOf(n ast.Node) reflect.Kind { return n.Type().Kind() }

func (t *typed) typeOf(l look) reflect.Type {
	switch l.root {
	case "before", "after":
		return reflect.TypeOf(zero(t.readings[l.name]))
	case "host.tags":
		return reflect.TypeFor[[]string]()
	default:
		return reflect.TypeFor[string]()
	}
}

func (t *typed) add(n ast.Node, hint, format string, args ...any) {
	t.found = append(t.found, Problem{Offset: n.Location().From, Msg: fmt.Sprintf(format, args...), Hint: hint})
}

// problemOf puts an error of the language into a suite author's words.
func problemOf(err error, source string) Problem {
	at := (*file.Error)(nil)
	if !errors.As(err, &at) {
		text, _ := strings.CutPrefix(err.Error(), "expected bool, but got ")
		if text == err.Error() {
			return Problem{Msg: plainTypes(text)}
		}
		return Problem{Msg: "want true or false, got " + plainTypes(text), Hint: "compare it with something"}
	}
	p := Problem{Offset: at.From, Msg: plainTypes(at.Message)}
	switch {
	case strings.Contains(at.Message, `Operator("=")`):
		p.Msg, p.Hint = `"=" where none can be`, `write == to compare`
	case strings.Contains(at.Message, "token EOF"):
		p.Offset, p.Msg = utf8.RuneCountInString(strings.TrimRight(source, " \t\r\n")), "the expression ends too early"
	case strings.Contains(at.Message, "coalesce"):
		p.Msg = "?? is not part of an assertion"
	case strings.Contains(at.Message, "maximum allowed nodes"):
		p.Msg, p.Hint = fmt.Sprintf("it has more than %d parts", maxNodes), "write several assertions"
	}
	return p
}

// plainTypes names types as the pages on kinds do.
func plainTypes(msg string) string {
	return strings.NewReplacer(
		"time.Duration", "duration", "time.Time", "time", "[]string", "set", "string", "text",
		"strconv.ParseInt: parsing ", "", "[]interface {}", "list", "interface {}", "anything",
	).Replace(strings.TrimSpace(msg))
}
