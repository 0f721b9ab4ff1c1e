package fold_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/runner/report"
	"postpatch/runner/report/fold"
)

// each is a host on which everything is broken, and nowhere in the same way.
func each(i, checks, length int) report.Host {
	h := report.Host{Host: fmt.Sprint("srv", i), Outcome: report.Regressed}
	for k := range checks {
		now := fmt.Sprint(i, " ", k) + strings.Repeat("x", length)
		h.Checks = append(h.Checks, report.Check{
			ID: fmt.Sprint("log ", k), Kind: "event", Suite: "web", Outcome: report.Regressed, Failing: true,
			Findings: []report.Finding{
				{Item: "a", Reading: "text", Outcome: report.Regressed, Now: now, HasNow: true},
				{Item: "b", Reading: "text", Outcome: report.Regressed, Now: now, HasNow: true},
			},
		})
	}
	return h
}

func TestOfVeryManyEntriesAPartIsKeptAndAllAreCounted(t *testing.T) {
	for _, test := range []struct {
		why    string
		all    bool
		hosts  int
		length int
		kept   int
	}{
		{"many", false, 500, 0, 2000},
		{"many of them long", false, 25, 100 << 10, 327},
		{"all are wanted", true, 500, 0, 10_000},
	} {
		f := fold.New(false, nil)
		f.All = test.all
		for i := range test.hosts {
			f.Add(each(i, 10, test.length))
		}
		entries := f.Of(fold.Regression)
		if len(entries) != test.kept {
			t.Errorf("%s: %d entries are kept, want %d", test.why, len(entries), test.kept)
		}
		n := test.hosts
		want := fold.Size{Told: 20 * n, Checks: 10 * n, Items: 20 * n, Hosts: n, Beyond: 20*n - test.kept}
		if diff := cmp.Diff(want, fold.SizeOf(entries)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.why, diff)
		}
		if diff := cmp.Diff(want, fold.SizeOf(fold.Together(entries))); diff != "" {
			t.Errorf("%s, put together (-want +got):\n%s", test.why, diff)
		}
	}
}

// What is kept grows on, however many others there are.
func TestWhatIsKeptIsFoldedOn(t *testing.T) {
	f := fold.New(false, nil)
	f.Add(stopped("first"))
	for i := range 300 {
		f.Add(each(i, 10, 0))
	}
	f.Add(stopped("last"))
	for _, e := range f.Of(fold.Regression) {
		if e.Subject == "service/Spooler" {
			if diff := cmp.Diff([]string{"first", "last"}, e.Hosts); diff != "" {
				t.Error(diff)
			}
			return
		}
	}
	t.Error("the first entry is lost")
}

// Whatever of a finding is different, it is not told as the same.
func TestFindingsThatDifferAreNotFolded(t *testing.T) {
	one := stopped("srv01")
	one.Checks = one.Checks[:1]
	one.Checks[0].Findings[0].Waiver = report.Waiver{Until: "2026-12-31"}
	var fields func(v reflect.Value, path []int) [][]int
	fields = func(v reflect.Value, path []int) [][]int {
		var all [][]int
		for i := range v.NumField() {
			at := append(append([]int{}, path...), i)
			if v.Field(i).Kind() == reflect.Struct {
				all = append(all, fields(v.Field(i), at)...)
				continue
			}
			all = append(all, at)
		}
		return all
	}
	for _, at := range fields(reflect.ValueOf(report.Finding{}), nil) {
		other := stopped("srv02")
		other.Checks = other.Checks[:1]
		other.Checks[0].Findings[0].Waiver = report.Waiver{Until: "2026-12-31"}
		field := reflect.ValueOf(&other.Checks[0].Findings[0]).Elem().FieldByIndex(at)
		name := reflect.TypeFor[report.Finding]().FieldByIndex(at).Name
		switch field.Kind() {
		case reflect.String:
			field.SetString(field.String() + "x")
		case reflect.Bool:
			field.SetBool(!field.Bool())
		case reflect.Int:
			field.SetInt(field.Int() + 1)
		default:
			t.Fatalf("%s is a %s", name, field.Kind())
		}
		f := fold.New(false, nil)
		f.Add(one)
		f.Add(other)
		told := 0
		for _, g := range fold.Groups() {
			told += len(f.Of(g))
		}
		if told != 2 {
			t.Errorf("with another %s there are %d entries, want 2", name, told)
		}
	}
}
