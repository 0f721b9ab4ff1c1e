package named_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/host"
	"postpatch/probes/internal/gather"
	"postpatch/probes/internal/named"
	"postpatch/probes/probetest"
)

func TestTwinsNeverGetOneItem(t *testing.T) {
	var twins named.Twins
	seen := map[string]bool{}
	for _, name := range []string{"a", "A", "a (2)", "a", ""} {
		item := named.Fold(twins.Item(name))
		if seen[item] {
			t.Errorf("%q is %q, as another", name, item)
		}
		seen[item] = true
	}
	for _, item := range []string{"a", "a (2)", "a (3)"} {
		if !seen[named.Fold(item)] {
			t.Errorf("no %q in %v", item, seen)
		}
	}
}

func TestRows(t *testing.T) {
	for name, tt := range map[string]struct {
		names, want []string
		failed      bool
	}{
		"doubles, in any case":   {names: []string{"b", "A", "a"}, want: []string{"vm/A", "vm/a (2)", "vm/b"}},
		"a number that is taken": {names: []string{"a", "a", "a (2)"}, want: []string{"vm/a", "vm/a (3)", "vm/a (2)"}},
		"three of one name":      {names: []string{"a", "a", "a"}, want: []string{"vm/a", "vm/a (2)", "vm/a (3)"}},
		"left out":               {names: []string{"Temp1", "web"}, want: []string{"vm/web"}},
		"one without a name":     {names: []string{"", "a"}, want: []string{"vm/a"}, failed: true},
	} {
		t.Run(name, func(t *testing.T) {
			var rows []host.Row
			for _, n := range tt.names {
				rows = append(rows, probetest.Row("Name", n))
			}
			var r gather.Reader
			var got []string
			for _, row := range named.Rows(&r, "machines", rows, named.Naming{
				Prefix: "vm/", Name: named.Column("Name"), Except: []string{"temp*"},
			}) {
				got = append(got, row.Item)
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("items (-want +got):\n%s", d)
			}
			if _, err := r.Result(); (err != nil) != tt.failed {
				t.Errorf("error %v", err)
			}
		})
	}
}

// Which of two doubles has the number must not hang on the order of the answer.
func TestDoublesAreToldApart(t *testing.T) {
	a, b := probetest.Row("Name", "web", "Id", "1"), probetest.Row("Name", "web", "Id", "2")
	for _, rows := range [][]host.Row{{a, b}, {b, a}} {
		var r gather.Reader
		all := named.Rows(&r, "machines", rows, named.Naming{Name: named.Column("Name"), Tie: "Id"})
		if all[0].Item != "web" || all[0].Get("Id").Text != "1" || all[1].Item != "web (2)" {
			t.Errorf("got %+v", all)
		}
	}
}

func TestWord(t *testing.T) {
	words := map[int64]string{0: "up"}
	for text, want := range map[string]string{
		"0": "up", "-1": "unknown", "4294967295": "unknown", "7": "unknown (7)", "": "", "auf": "",
	} {
		var r gather.Reader
		got, known := named.Word(&r, named.Row{Item: "n", Row: probetest.Row("State", text)}, "State", words)
		if _, err := r.Result(); got != want || known != (want != "") || (err == nil) != known {
			t.Errorf("%q: got %q, %v, %v", text, got, known, err)
		}
	}
}

func TestWhatAHostWritesIsBounded(t *testing.T) {
	if got := named.Line(" Zugriff\r\n verweigert\n"); got != "Zugriff verweigert" {
		t.Errorf("got %q", got)
	}
	if got := named.Line(strings.Repeat("ö", 400)); got != strings.Repeat("ö", 300)+"…" {
		t.Errorf("got %q", got)
	}
	if told, silent := named.Why("Zugriff\nverweigert").Error(), named.Why(" ").Error(); told != "Zugriff verweigert" ||
		silent != "the host does not say why" {
		t.Errorf("got %q, %q", told, silent)
	}
	if got := named.Within("a\xff\r\n  b", 10); got != "a� b" {
		t.Errorf("got %q", got)
	}
	for most, want := range map[int]string{0: "…", 4: "ääää…", 5: "äääää", 6: "äääää"} {
		if got := named.Short("äääää", most); got != want {
			t.Errorf("%d: got %q", most, got)
		}
	}
}

func TestSet(t *testing.T) {
	var many []string
	for i := range 11 {
		many = append(many, fmt.Sprint(i))
	}
	if set, err := named.Set("zones", many, 10); err == nil || !strings.Contains(err.Error(), "11 zones") {
		t.Errorf("got %v, %v", set, err)
	}
	if set, err := named.Set("zones", []string{"b", " ", "a", "b"}, 10); err != nil || set.String() != "a, b" {
		t.Errorf("got %v, %v", set, err)
	}
}
