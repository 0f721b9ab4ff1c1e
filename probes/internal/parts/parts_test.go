package parts_test

import (
	"fmt"
	"strings"
	"testing"

	"postpatch/probes/host"
	"postpatch/probes/internal/gather"
	"postpatch/probes/internal/parts"
)

func row(cells ...string) host.Row {
	r := host.Row{}
	for i := 0; i < len(cells); i += 2 {
		r[cells[i]] = host.Cell{Text: cells[i+1]}
	}
	return r
}

// A part that failed is named with its reason on one line, and has no rows that
// could be taken for all of them.
func TestAPartThatFailed(t *testing.T) {
	r := &gather.Reader{}
	p := parts.Of(r, []host.Row{
		row("Part", "scope", "Id", "a"), row("Part", "scope", "Error", "Zugriff\r\nverweigert"),
		row("Part", "server", "Name", "x"), row("Id", "b"),
	})
	if rows, whole := p.Some("scope"); whole || len(rows) != 1 {
		t.Errorf("scope: %v, whole %t", rows, whole)
	}
	if _, ok := p.One("scope"); ok {
		t.Error("a part that failed has one row")
	}
	if row, ok := p.One("server"); !ok || gather.Text(row, "Name") != "x" {
		t.Errorf("server: %v, %t", row, ok)
	}
	if _, ok := p.One("missing"); ok {
		t.Error("a part that is missing has a row")
	}
	const want = "reading scope: Zugriff verweigert; a row: it does not say of what it is; " +
		"missing: the host told it in 0 rows, where there is one"
	if _, err := r.Result(); err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestWhatAHostWritesIsBounded(t *testing.T) {
	if got := parts.Line("a\xff\r\n  b", 10); got != "a? b" {
		t.Errorf("got %q", got)
	}
	if got := parts.Line(strings.Repeat("ä", 100), 5); got != "ää…" {
		t.Errorf("got %q", got)
	}
	var many []string
	for i := range 11 {
		many = append(many, fmt.Sprint(i))
	}
	if set, err := parts.Names("zones", many, 10); err == nil || !strings.Contains(err.Error(), "11 zones") {
		t.Errorf("got %v, %v", set, err)
	}
	if set, err := parts.Names("zones", []string{"b", " ", "a", "b"}, 10); err != nil || set.String() != "a, b" {
		t.Errorf("got %v, %v", set, err)
	}
}
