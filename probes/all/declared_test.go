package all_test

import (
	"errors"
	"strings"
	"testing"

	"postpatch/probes"
	"postpatch/probes/all"
	"postpatch/probes/fact"
)

// What is declared is all that pages, the schema and its readers know of a kind.
func TestEverythingIsDeclared(t *testing.T) {
	for _, k := range all.Kinds() {
		if !isSentence(k.Doc) || k.Item == "" || k.Example == "" {
			t.Errorf("%s: %q, %q, %q: want a sentence, what an item is, and an example", k.Name, k.Doc, k.Item, k.Example)
		}
		for _, p := range k.Params {
			undeclaredParam(t, k.Name+"."+p.Name, p)
		}
		for _, r := range k.Readings {
			undeclaredReading(t, k.Name+"."+r.Name, r)
		}
		for name := range k.Words {
			if _, found := param(k, name); !found {
				t.Errorf("%s: words of %q, which is no parameter", k.Name, name)
			}
		}
	}
}

func undeclaredParam(t *testing.T, name string, p probes.Param) {
	t.Helper()
	isPort := strings.Contains(p.Name, "port") || p.Name == "implicit_tls"
	isNumber := p.Type == probes.ParamInt || p.Type == probes.ParamInts
	switch {
	case !isSentence(p.Doc):
		t.Errorf("%s: %q is no sentence", name, p.Doc)
	case p.Otherwise() == "":
		t.Errorf("%s: what is it unless it is given?", name)
	case p.Required && (p.Default != "" || p.Absent != ""):
		t.Errorf("%s is required, and has a default", name)
	case isNumber == (p.Unit == "") && !isPort:
		t.Errorf("%s is a %s, and its unit is %q", name, p.Type, p.Unit)
	}
}

func undeclaredReading(t *testing.T, name string, r probes.ReadingSpec) {
	t.Helper()
	switch {
	case !isSentence(r.Doc):
		t.Errorf("%s: %q is no sentence", name, r.Doc)
	case r.Type == fact.TypeUnknown:
		t.Errorf("%s has no type", name)
	case (r.Type == fact.TypeInt) == (r.Unit == "" && r.Of == ""):
		t.Errorf("%s is of type %s, its unit is %q and it counts %q", name, r.Type, r.Unit, r.Of)
	case r.Unit != "" && r.Of != "":
		t.Errorf("%s has a unit, %q, and counts %q", name, r.Unit, r.Of)
	case r.Expected() == "":
		t.Errorf("%s: what is expected?", name)
	}
}

func isSentence(s string) bool { return strings.HasSuffix(s, ".") && !strings.Contains(s, "\n") }

func param(k probes.Kind, name string) (probes.Param, bool) {
	for _, p := range k.Params {
		if p.Name == name {
			return p, true
		}
	}
	return probes.Param{}, false
}

// The words of a parameter are all taken, and no others.
func TestWordsAreTheWords(t *testing.T) {
	seen := 0
	for _, k := range all.Kinds() {
		for _, p := range k.Params {
			for _, word := range p.Words {
				seen++
				if err := wrong(k, p, word); err != nil && !strings.Contains(err.Error(), "needs") &&
					!strings.Contains(err.Error(), "goes with") {
					t.Errorf("%s: %s: %q is not taken: %v", k.Name, p.Name, word, err)
				}
			}
			if len(p.Words) > 0 && wrong(k, p, "weather") == nil {
				t.Errorf("%s: %s: %q is taken", k.Name, p.Name, "weather")
			}
		}
	}
	if seen < 40 {
		t.Errorf("only %d words", seen)
	}
}

// wrong is what a kind has against a word as one of its parameters.
func wrong(k probes.Kind, p probes.Param, word string) error {
	args := map[string]any{}
	for _, q := range k.Params {
		if q.Required && q.Type == probes.ParamTexts {
			args[q.Name] = []string{"example"}
		}
		if q.Required && q.Type == probes.ParamInts {
			args[q.Name] = []int{443}
		}
	}
	args[p.Name] = word
	if p.Type == probes.ParamTexts {
		args[p.Name] = []string{word}
	}
	_, err := k.Build(args)
	if field := (*probes.FieldError)(nil); errors.As(err, &field) && field.Field == p.Name {
		return err
	}
	return nil
}
