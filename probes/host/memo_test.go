package host

import (
	"runtime"
	"strconv"
	"sync"
	"testing"
)

func TestMemo(t *testing.T) {
	var m Memo[string]
	made := 0
	name := func(row Row) string { made++; return row.Get("Name").Text }
	a, alike, b := Row{"Name": {Text: "a"}}, Row{"Name": {Text: "a"}}, Row{"Name": {Text: "b"}}
	for i := range 4 {
		for want, row := range map[string]Row{"a": a, "b": b, "": nil} {
			if got := m.Of(row, name); got != want {
				t.Errorf("%q, want %q", got, want)
			}
		}
		if want := []int{3, 6, 7, 8}[i]; made != want { // nil is nobody's
			t.Errorf("%d times: %d were made, want %d", i+1, made, want)
		}
	}
	if m.Of(alike, name) != "a" || made != 9 {
		t.Error("a row that is another one was taken for the same")
	}
	if (*Memo[string])(nil).Of(a, name) != "a" || made != 10 {
		t.Error("nobody remembers, and yet it was not made")
	}
}

// Rows come and go, and others stand where they stood: none is taken for another, and what is
// remembered has its bounds.
func TestMemoOfManyRows(t *testing.T) {
	var m Memo[string]
	name := func(row Row) string { return row.Get("Name").Text }
	var all sync.WaitGroup
	for g := range 4 {
		all.Go(func() {
			for i := range 3 * mostMemos {
				want := strconv.Itoa(g) + "-" + strconv.Itoa(i)
				row := Row{"Name": {Text: want}}
				for range i % 3 {
					if got := m.Of(row, name); got != want {
						t.Errorf("%q, want %q", got, want)
						return
					}
				}
				if i%4096 == 0 {
					runtime.GC()
				}
			}
		})
	}
	all.Wait()
	if len(m.once) > mostMemos || len(m.kept) > mostMemos || len(m.kept) == 0 {
		t.Errorf("%d and %d are remembered", len(m.once), len(m.kept))
	}
}
