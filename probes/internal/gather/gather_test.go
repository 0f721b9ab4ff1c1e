package gather_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/gather"
)

func class(name string) host.WQL { return host.WQL{Class: name, Columns: []string{"Name"}} }

func TestWhatCannotBeReadIsNamedByItsCause(t *testing.T) {
	denied := fmt.Errorf("%w: Zugriff verweigert", host.ErrDenied)
	var answers host.Answers
	answers.Put(class("A"), host.Answer{Err: denied})
	answers.Put(class("B"), host.Answer{Err: denied})
	answers.Put(class("C"), host.Answer{Rows: []host.Row{{"Name": {Text: "c"}}}})
	answers.Put(class("D"), host.Answer{})
	answers.Put(class("E"), host.Answer{Err: host.ErrNoClass})
	answers.Put(class("F"), host.Answer{Rows: []host.Row{{}, {}}})
	r := gather.Reader{Answers: answers}
	for what, ask := range map[string]func(string, host.Question) ([]host.Row, bool){
		"A": r.Rows, "B": r.Optional, "D": r.Some, "E": r.Optional, "G": r.Rows,
	} {
		if rows, ok := ask(what, class(what)); ok {
			t.Errorf("%s: got %v", what, rows)
		}
	}
	if _, ok := r.One("F", class("F")); ok {
		t.Error("one of two rows is taken for the only one")
	}
	if row, ok := r.One("C", class("C")); !ok || gather.Text(row, "name") != "c" {
		t.Errorf("got %v", row)
	}
	r.Add("c", "name", fact.Text("c"))
	readings, err := r.Result()
	if len(readings) != 1 || !errors.Is(err, host.ErrDenied) || errors.Is(err, host.ErrNoClass) {
		t.Errorf("got %v, %v", readings, err)
	}
	for _, want := range []string{"D: the host named none", "F: the host named 2", "Zugriff", "G: "} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v: want %q in it", err, want)
		}
	}
	if strings.Count(err.Error(), "Zugriff") != 1 || strings.Contains(err.Error(), "no such class") {
		t.Errorf("%v: want each cause once, and nothing of what is only not there", err)
	}
}

func TestAnErrorIsBounded(t *testing.T) {
	var r gather.Reader
	for i := range 1000 {
		r.Failf(fmt.Sprint("thing ", i), "odd")
		r.Failf("other", "odd %d", i)
	}
	if _, err := r.Result(); err == nil || len(err.Error()) > 500 || !strings.Contains(err.Error(), "and 993 more") {
		t.Errorf("got %v", err)
	}
	if readings, err := new(gather.Reader).Result(); err != nil || readings != nil {
		t.Errorf("got %v, %v", readings, err)
	}
}

func TestCells(t *testing.T) {
	row := host.Row{
		"N": {Text: " 12 "}, "T": {Text: "TRUE"}, "L": {List: []string{"a", "b"}}, "One": {Text: "a"}, "Null": {Null: true},
	}
	n, known := gather.Number(row, "N")
	_, odd := gather.Number(row, "T")
	_, null := gather.Number(row, "Null")
	if n != 12 || !known || odd || null {
		t.Errorf("numbers: %d, %v, %v, %v", n, known, odd, null)
	}
	if !gather.True(row, "T") || gather.True(row, "N") || gather.True(row, "absent") {
		t.Error("truths")
	}
	got := [][]string{gather.List(row, "L"), gather.List(row, "One"), gather.List(row, "Null")}
	if d := cmp.Diff([][]string{{"a", "b"}, {"a"}, nil}, got); d != "" {
		t.Errorf("lists (-want +got):\n%s", d)
	}
}
