package estate

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A table's columns come in the order in which they are written.
func TestTable(t *testing.T) {
	e, err := Parse("f", []byte(`estate: a
hosts:
  h:
    sql:
      databases:
        Orders:
          tables:
            dbo.Jobs: {columns: {id: int not null, n: nvarchar(5), at: date, a: bit}, rows: [[1, x, null, true]]}
`))
	if err != nil {
		t.Fatal(err)
	}
	want := Table{
		Columns: Columns{{"id", "int not null"}, {"n", "nvarchar(5)"}, {"at", "date"}, {"a", "bit"}},
		Rows:    [][]any{{1, "x", nil, true}},
	}
	if diff := cmp.Diff(want, e.Hosts("before")[0].SQL.Databases["Orders"].Tables["dbo.Jobs"]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	_, err = Parse("f", []byte("estate: a\nhosts:\n  h: {sql: {databases: {O: {tables: {T: {columns: {a: strng}}}}}}}"))
	if err == nil || !strings.Contains(err.Error(), `f:3:55: want a type of SQL Server`) {
		t.Errorf("an unknown type: got %v", err)
	}
}
