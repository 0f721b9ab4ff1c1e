package estate

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	goparser "go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write keys.txt anew")

// The list of keys is what the types say, with their own comments.
func TestKeys(t *testing.T) {
	l := lister{docs: fieldDocs(t), at: map[reflect.Type]string{}}
	for range 2 { // the first time to learn where each type is listed
		l.out.Reset()
		l.seen = nil
		l.list("a host", reflect.TypeFor[Host]())
	}
	if *update {
		if err := os.WriteFile("keys.txt", l.out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if d := cmp.Diff(l.out.String(), keys); d != "" {
		t.Errorf("keys.txt is not what the types say: go test ./probes/lab/estate -update (-types +file):\n%s", d)
	}
}

// The page's example is an estate, and comes to what the page says.
func TestPage(t *testing.T) {
	var example strings.Builder
	for line := range strings.Lines(aboutEstates) {
		if rest, found := strings.CutPrefix(line, "    "); found {
			example.WriteString(rest)
		}
	}
	e, err := Parse("page", []byte(example.String()))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := e.States(), []string{"before", "after", "later"}; !slices.Equal(got, want) {
		t.Errorf("states %v, want %v", got, want)
	}
	var seen []string
	for _, state := range e.States() {
		for _, h := range e.Hosts(state) {
			seen = append(seen, fmt.Sprint(state, " ", h.Name, " ", h.Power, " ", h.Services["W3SVC"].State))
		}
	}
	want := []string{
		"before web01.shop.test on Running", "before web02.shop.test on Running", "before sql01.shop.test on ",
		"after web01.shop.test on Stopped", "after web02.shop.test on Running", "after sql01.shop.test off ",
		"later web01.shop.test on Stopped", "later web02.shop.test on Running", "later sql01.shop.test on ",
	}
	if d := cmp.Diff(want, seen); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// lister writes the keys of types, each type once.
type lister struct {
	docs map[string]string
	at   map[reflect.Type]string // where a type is listed
	seen []reflect.Type
	out  bytes.Buffer
}

func (l *lister) list(where string, t reflect.Type) {
	if slices.Contains(l.seen, t) {
		return
	}
	l.seen, l.at[t] = append(l.seen, t), where
	fmt.Fprintf(&l.out, "\n%s\n", where)
	width := 0
	for field := range t.Fields() {
		width = max(width, len(field.Tag.Get("yaml")))
	}
	type section struct {
		where string
		t     reflect.Type
	}
	var below []section
	for field := range t.Fields() {
		key := field.Tag.Get("yaml")
		if key == "-" || key == "" {
			continue
		}
		place := strings.TrimPrefix(where+"."+key, "a host.")
		if field.Type.Kind() == reflect.Map {
			place += ".NAME"
		}
		what, in := l.what(place, field.Type)
		if words := field.Tag.Get("oneof"); words == "sql" {
			what = oneOf(sqlFaults)
		} else if words != "" {
			what = oneOf(words)
		}
		text := what
		if doc := l.docs[t.Name()+"."+field.Name]; doc != "" {
			text += "; " + doc
		}
		l.row(key, width, text)
		if in != nil {
			below = append(below, section{place, in})
		}
	}
	for _, s := range below {
		l.list(s.where, s.t)
	}
}

// row writes a key and its text, wrapped.
func (l *lister) row(key string, width int, text string) {
	line := fmt.Sprintf("  %-*s ", width, key)
	indent := strings.Repeat(" ", len(line))
	for word := range strings.FieldsSeq(text) {
		if len(line)+1+len(word) > 118 {
			fmt.Fprintln(&l.out, line)
			line = indent
		}
		line += " " + word
	}
	fmt.Fprintln(&l.out, line)
}

// what says what a key at a place holds; in is a type that has keys itself.
func (l *lister) what(place string, t reflect.Type) (what string, in reflect.Type) {
	words := exchangeWords(t)
	switch {
	case t == reflect.TypeFor[Columns]():
		return "column: type, by name", nil
	case t == reflect.TypeFor[Trouble]():
		return oneOf(strings.Join(troubles(), ",")), nil
	case t == reflect.TypeFor[Fault]():
		return "silent, garbage, error, endless, drop or refuse", nil
	case words != "":
		return oneOf(words), nil
	case t.Kind() == reflect.Pointer:
		return l.what(place, t.Elem())
	case t.Kind() == reflect.Slice:
		what, in = l.what(place, t.Elem())
		return "list of " + what, in
	case t.Kind() == reflect.Map:
		what, in = l.what(place, t.Elem())
		return "by name: " + what, in
	case t.Kind() == reflect.Interface:
		return "any value", nil
	case t.Kind() == reflect.Struct && t != reflect.TypeFor[time.Time]() && l.at[t] != "" && l.at[t] != place:
		return "as " + l.at[t], t
	case t.Kind() == reflect.Struct && t != reflect.TypeFor[time.Time]():
		return "keys below", t
	default:
		return word(t), nil
	}
}

// oneOf is a list of words for people.
func oneOf(words string) string {
	list := strings.Split(words, ",")
	if last := len(list) - 1; last > 0 {
		return strings.Join(list[:last], ", ") + " or " + list[last]
	}
	return words
}

// fieldDocs are the comments of all fields of this package's types, by "Type.Field".
func fieldDocs(t *testing.T) map[string]string {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	docs := map[string]string{}
	for _, file := range files {
		parsed, err := goparser.ParseFile(token.NewFileSet(), file, nil, goparser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			spec, isType := n.(*ast.TypeSpec)
			if !isType {
				return true
			}
			if fields, isStruct := spec.Type.(*ast.StructType); isStruct {
				for _, f := range fields.Fields.List {
					for _, name := range f.Names {
						text := strings.Join(strings.Fields(f.Doc.Text()+" "+f.Comment.Text()), " ")
						docs[spec.Name.Name+"."+name.Name] = strings.TrimSuffix(aboutKey(text, name.Name), ".")
					}
				}
			}
			return true
		})
	}
	return docs
}

// aboutKey is a field's comment without the field's name in Go, with which it begins.
func aboutKey(text, name string) string {
	for _, begin := range []string{name + " is ", name + " are ", name + " says that ", name + " holds ", name + " "} {
		if rest, found := strings.CutPrefix(text, begin); found {
			return rest
		}
	}
	return text
}
