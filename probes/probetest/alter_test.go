package probetest

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/host"
)

func TestChange(t *testing.T) {
	cell := func(text string) host.Cell { return host.Cell{Text: text} }
	rows := func() []host.Row {
		return []host.Row{{"Name": cell("a"), "State": cell("1")}, {"Name": cell("b"), "State": cell("1")}}
	}
	refused := errors.New("refused")
	for name, tt := range map[string]struct {
		change Change
		was    host.Answer
		want   host.Answer
	}{
		"one cell": {
			Change{Row: "b", Column: "State", Value: "2"},
			host.Answer{Rows: rows()},
			host.Answer{Rows: []host.Row{rows()[0], {"Name": cell("b"), "State": cell("2")}}},
		},
		"every row": {
			Change{Column: "Name", Value: "c"},
			host.Answer{Rows: rows()[:1]},
			host.Answer{Rows: []host.Row{{"Name": cell("c"), "State": cell("1")}}},
		},
		"a row goes":  {Change{Row: "a"}, host.Answer{Rows: rows()}, host.Answer{Rows: rows()[1:]}},
		"a row comes": {Change{Add: map[string]string{"Name": "b", "State": "1"}}, host.Answer{Rows: rows()[:1]}, host.Answer{Rows: rows()}},
		"instead of an error": {
			Change{Add: map[string]string{"Name": "a", "State": "1"}}, host.Answer{Err: refused}, host.Answer{Rows: rows()[:1]},
		},
		"an error": {Change{Err: refused}, host.Answer{Rows: rows()}, host.Answer{Err: refused}},
	} {
		got := tt.was
		tt.change.apply(t, &got)
		if d := cmp.Diff(tt.want.Rows, got.Rows); d != "" || !errors.Is(got.Err, tt.want.Err) {
			t.Errorf("%s: rows (-want +got), %v:\n%s", name, got.Err, d)
		}
	}
}
