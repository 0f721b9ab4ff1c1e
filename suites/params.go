package suites

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"postpatch/probes"
	"postpatch/probes/fact"
)

// argument is what a check gives for one parameter of its kind.
type argument struct {
	param  probes.Param
	node   *yaml.Node  // the value, for problems
	values []*template // one, or a list's or map's values
	keys   []string    // a map's
	file   probes.File // a file's
}

func paramNames(k probes.Kind) []string {
	var names []string
	for _, p := range k.Params {
		names = append(names, p.Name)
	}
	return names
}

// arguments reads what stands behind the kind's name: nothing, a value of the
// main parameter, or a mapping of parameters. It is ok when all of it is.
func (s *suiteEntries) arguments(k probes.Kind, e entry) (args []argument, ok bool) {
	if isNull(e.value) {
		return nil, true
	}
	if e.value.Kind != yaml.MappingNode {
		i := slices.IndexFunc(k.Params, func(p probes.Param) bool { return p.Name == k.Main })
		if i < 0 {
			s.hintf(e.value, paramsHint(k), "%s: want a mapping of parameters, got %s", k.Name, s.describe(e.value))
			return nil, false
		}
		a, ok := s.argument(k.Params[i], e.value, k.Name)
		return []argument{a}, ok
	}
	o, _ := s.object(e.value, k.Name)
	ok = 2*len(o.entries) == len(e.value.Content)
	for _, field := range o.entries {
		i := slices.IndexFunc(k.Params, func(p probes.Param) bool { return p.Name == field.name() })
		if i < 0 {
			s.unknown(field.key, "parameter", k.Name, paramNames(k))
			ok = false
			continue
		}
		a, good := s.argument(k.Params[i], field.value, k.Name+": "+field.name())
		args = append(args, a)
		ok = ok && good
	}
	return args, ok
}

func paramsHint(k probes.Kind) string {
	if len(k.Params) == 0 {
		return "write " + k.Name + ": {}"
	}
	return "parameters: " + strings.Join(paramNames(k), ", ")
}

func (s *suiteEntries) argument(p probes.Param, n *yaml.Node, what string) (argument, bool) {
	a := argument{param: p, node: n}
	var scalars []*yaml.Node
	switch {
	case p.Type == probes.ParamMap:
		o, ok := s.object(n, what)
		if !ok {
			return a, false
		}
		for _, e := range o.entries {
			a.keys = append(a.keys, e.name())
			scalars = append(scalars, e.value)
		}
	case n.Kind == yaml.SequenceNode && isList(p.Type):
		scalars, _ = s.list(n, what)
		if len(scalars) == 0 {
			s.errorf(n, "%s: the list is empty", what)
			return a, false
		}
	case n.Kind == yaml.ScalarNode:
		scalars = []*yaml.Node{n}
	default:
		s.hintf(n, textHint(n), "%s: want %s, got %s", what, article(p.Type), s.describe(n))
		return a, false
	}
	all := true
	for _, scalar := range scalars {
		if scalar.Kind != yaml.ScalarNode || isNull(scalar) {
			s.hintf(scalar, textHint(scalar), "%s: want %s, got %s", what, article(single(p.Type)), s.describe(scalar))
			all = false
			continue
		}
		t, ok := s.template(scalar)
		all = all && ok
		a.values = append(a.values, t)
	}
	if all && p.Type == probes.ParamFile {
		a.file, all = s.beside(n, what)
		return a, all
	}
	return a, all && s.converts(a, what)
}

// mostScript bounds a file that a suite brings along.
const mostScript = 64 << 10

// beside reads a file of the suite's folder. No link and no name leads out of it.
func (s *suiteEntries) beside(n *yaml.Node, what string) (f probes.File, ok bool) {
	f.Name = filepath.ToSlash(n.Value)
	wrong := func(format string, args ...any) (probes.File, bool) {
		s.errorf(n, "%s: %s", what, fmt.Sprintf(format, args...))
		return f, false
	}
	if strings.Contains(n.Value, "{{") || !filepath.IsLocal(n.Value) {
		return wrong("want a file of the suite's folder or below it, got %q", shorten(n.Value, 80))
	}
	file, err := s.of(n).openBeside(n.Value)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return wrong("%q is not in the suite's folder", n.Value)
	case err != nil:
		if at, is := errors.AsType[*fs.PathError](err); is {
			err = at.Err
		}
		return wrong("%q cannot be read: %v", n.Value, err)
	}
	defer func() { _ = file.Close() }()
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return wrong("%q is no file", n.Value)
	}
	data, err := io.ReadAll(io.LimitReader(file, mostScript+1))
	text := Decoded(data) // PowerShell's own editor writes UTF-16
	switch {
	case err != nil:
		return wrong("%v", err)
	case len(data) > mostScript:
		return wrong("%q is larger than %d KiB", n.Value, mostScript>>10)
	case !utf8.Valid(text) || bytes.IndexByte(text, 0) >= 0:
		return wrong("%q is no text in UTF-8", n.Value)
	}
	f.Text = string(text)
	return f, true
}

// converts reports values that are of the wrong type on every host.
func (s *suiteEntries) converts(a argument, what string) bool {
	all := true
	for _, t := range a.values {
		one := argument{param: probes.Param{Type: single(a.param.Type)}, values: []*template{t}}
		if !t.literal() {
			continue
		}
		text, _ := t.fill(nil)
		if _, err := one.convert([]string{text}); err != nil {
			s.hintf(t.node, s.paramWayOut(text, a.param.Type), "%s: %v", what, err)
			all = false
		}
	}
	return all
}

func isList(t probes.ParamType) bool { return t == probes.ParamTexts || t == probes.ParamInts }

// single is the type of a list's or map's elements.
func single(t probes.ParamType) probes.ParamType {
	switch t {
	case probes.ParamTexts, probes.ParamMap:
		return probes.ParamText
	case probes.ParamInts:
		return probes.ParamInt
	default:
		return t
	}
}

func article(t probes.ParamType) string {
	if t == probes.ParamBool {
		return string(t)
	}
	return "a " + string(t)
}

// typeError is a text that is no value of its parameter's type.
type typeError struct {
	param string
	node  *yaml.Node
	msg   string
}

func (e *typeError) Error() string { return e.msg }

// wrong is what is said of the i-th text.
func (a argument) wrong(i int, text string) error {
	return &typeError{
		param: a.param.Name, node: a.values[i].node,
		msg: fmt.Sprintf("want %s, got %q", article(single(a.param.Type)), shorten(text, 80)),
	}
}

// convert makes the Go value that the kind wants of the filled-in texts.
func (a argument) convert(texts []string) (any, error) {
	var ints []int
	for i, text := range texts {
		switch t := single(a.param.Type); t {
		case probes.ParamInt:
			n, ok := fact.Whole(strings.TrimSpace(text))
			if !ok || int64(int(n)) != n {
				return nil, a.wrong(i, text)
			}
			ints = append(ints, int(n))
		case probes.ParamDuration:
			d, err := time.ParseDuration(strings.TrimSpace(text))
			if err != nil {
				return nil, a.wrong(i, text)
			}
			return d, nil
		case probes.ParamBool:
			if b := strings.ToLower(strings.TrimSpace(text)); b == "true" || b == "false" {
				return b == "true", nil
			}
			return nil, a.wrong(i, text)
		case probes.ParamText, probes.ParamTexts, probes.ParamInts, probes.ParamMap, probes.ParamFile:
		}
	}
	switch a.param.Type {
	case probes.ParamInt:
		return ints[0], nil
	case probes.ParamInts:
		return ints, nil
	case probes.ParamTexts:
		return slices.Clone(texts), nil
	case probes.ParamMap:
		m := map[string]string{}
		for i, key := range a.keys {
			m[key] = texts[i]
		}
		return m, nil
	case probes.ParamFile:
		return a.file, nil
	default:
		return texts[0], nil
	}
}
