package probetest

import (
	"errors"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/host"
)

func TestChange(t *testing.T) {
	row := func(name, state string) host.Row { return Row("Name", name, "State", state) }
	rows := func() []host.Row { return []host.Row{row("a", "1"), row("b", "1")} }
	refused := errors.New("refused")
	for name, tt := range map[string]struct {
		change Change
		was    host.Answer
		want   host.Answer
	}{
		"one cell": {
			Set("A", "b", "State", "2"), host.Answer{Rows: rows()}, host.Answer{Rows: []host.Row{row("a", "1"), row("b", "2")}},
		},
		"every row": {
			Set("A", "", "Name", "c"), host.Answer{Rows: rows()}, host.Answer{Rows: []host.Row{row("c", "1"), row("c", "1")}},
		},
		"a null": {
			Null("A", "", "State"),
			host.Answer{Rows: rows()[:1]},
			host.Answer{Rows: []host.Row{{"Name": {Text: "a"}, "State": {Null: true}}}},
		},
		"a list": {
			List("A", "", "State", "1\n2"),
			host.Answer{Rows: rows()[:1]},
			host.Answer{Rows: []host.Row{{"Name": {Text: "a"}, "State": {List: []string{"1", "2"}}}}},
		},
		"a row goes":    {Drop("A", "a"), host.Answer{Rows: rows()}, host.Answer{Rows: rows()[1:]}},
		"all rows go":   {Drop("A", ""), host.Answer{Rows: rows()}, host.Answer{Rows: []host.Row{}}},
		"a row comes":   {Add("A", "Name", "b", "State", "1"), host.Answer{Rows: rows()[:1]}, host.Answer{Rows: rows()}},
		"another order": {Turn("A"), host.Answer{Rows: rows()}, host.Answer{Rows: []host.Row{row("b", "1"), row("a", "1")}}},
		"instead of an error": {
			Add("A", "Name", "a", "State", "1"), host.Answer{Err: refused}, host.Answer{Rows: rows()[:1]},
		},
		"an error": {Refuse("A", refused), host.Answer{Rows: rows()}, host.Answer{Err: refused}},
		"an edit": {
			Edit(func(question string, rows []host.Row) []host.Row {
				if question != "A" {
					return rows
				}
				return rows[1:]
			}), host.Answer{Rows: rows()}, host.Answer{Rows: rows()[1:]},
		},
	} {
		// What is called A is meant where it is there, not all that has an A in it.
		other := host.Answer{Rows: rows()}
		r := &Recording{t: t, all: []exchange{
			{host.Collector{Name: "A"}, tt.was}, {host.WQL{Class: "AB", Columns: []string{"Name"}}, other},
		}}
		got := r.With(tt.change).Answer("A")
		if d := cmp.Diff(tt.want.Rows, got.Rows); d != "" || !errors.Is(got.Err, tt.want.Err) {
			t.Errorf("%s: rows (-want +got), %v:\n%s", name, got.Err, d)
		}
		if d := cmp.Diff(rows(), r.Answer("AB").Rows); d != "" {
			t.Errorf("%s: another question's rows (-want +got):\n%s", name, d)
		}
		if name == "an error" {
			if r.With(Refuse("Name", refused)); !errors.Is(r.Answer("AB").Err, refused) {
				t.Error("what stands in a question does not find it")
			}
		}
	}
}

// A change that finds nothing to change would make a test of nothing.
func TestAChangeOfNothingFails(t *testing.T) {
	for name, change := range map[string]Change{
		"no question": Drop("B", ""), "no row": Drop("A", "c"), "no row to write": Set("A", "c", "Name", "d"),
		"no question to refuse": Refuse("B", errors.New("no")),
	} {
		watched := &failing{TB: t}
		answer := host.Answer{Rows: []host.Row{Row("Name", "a")}}
		r := &Recording{t: watched, all: []exchange{{host.Collector{Name: "A"}, answer}}}
		done := make(chan struct{})
		go func() {
			defer close(done)
			r.With(change)
		}()
		<-done
		if !watched.failed {
			t.Errorf("%s: passes", name)
		}
	}
}

// failing is a test that may fail.
type failing struct {
	testing.TB
	failed bool
}

func (f *failing) Helper() {}

func (f *failing) Fatalf(string, ...any) {
	f.failed = true
	runtime.Goexit()
}
