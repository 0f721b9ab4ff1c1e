package cells_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/cells"
	"postpatch/probes/probetest"
)

func TestValue(t *testing.T) {
	for name, tt := range map[string]struct {
		cell host.Cell
		want []string
	}{
		"text":                        {host.Cell{Text: "abc"}, []string{"x value=abc"}},
		"empty is not null":           {host.Cell{Text: ""}, []string{"x value="}},
		"null":                        {host.Cell{Null: true}, []string{"x value=null"}},
		"a text that says null":       {host.Cell{Text: "null"}, []string{`x value="null"`}},
		"a number":                    {host.Cell{Text: "4294"}, []string{"x value=4294", "x number=4294"}},
		"a number too large":          {host.Cell{Text: "18446744073709551615"}, []string{"x value=18446744073709551615"}},
		"a list keeps its order":      {host.Cell{List: []string{"b", "a"}}, []string{"x value=b, a"}},
		"an element with a comma":     {host.Cell{List: []string{"b, c", "a"}}, []string{`x value="b, c", a`}},
		"an empty element":            {host.Cell{List: []string{"", "a"}}, []string{`x value="", a`}},
		"an empty list":               {host.Cell{List: []string{}}, []string{"x value="}},
		"a time of a script":          {host.Cell{Text: "2026-11-10T02:00:00.5000000Z"}, []string{"x value=2026-11-10T02:00:00.5Z"}},
		"a text that ends like times": {host.Cell{Text: "A-Z"}, []string{"x value=A-Z"}},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(tt.want, probetest.Texts(cells.Value("x", tt.cell, "null"))); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}

// A list of one element comes as a value by WS-Man and as a list by a script;
// both have to be the same.
func TestElements(t *testing.T) {
	one := fact.SetOf("a")
	for name, tt := range map[string]struct {
		cell host.Cell
		want fact.Set
	}{
		"null": {host.Cell{Null: true}, fact.SetOf()}, "an empty list": {host.Cell{List: []string{}}, fact.SetOf()},
		"an empty text":  {host.Cell{}, fact.SetOf("")},
		"by a query":     {host.Cell{Text: "a"}, one},
		"by a script":    {host.Cell{List: []string{"a"}}, one},
		"in other order": {host.Cell{List: []string{"b", "a"}}, fact.SetOf("a", "b")},
	} {
		if got := cells.Elements("x", tt.cell).Value; !fact.Equal(tt.want, got) {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
}
