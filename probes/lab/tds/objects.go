package tds

import "time"

// objectsTable lists of a database's objects the system tables, which each one has and
// everybody sees. Source: Microsoft, "sys.objects".
func (sc scope) objectsTable() table {
	t := table{columns: []column{
		tableColumn("name", colType{kind: kindText, size: 128}), tableColumn("object_id", colType{kind: kindInt}),
		tableColumn("schema_id", colType{kind: kindInt}),
		tableColumn("type", colType{kind: kindText, size: 2, nullable: true}),
		tableColumn("type_desc", colType{kind: kindText, size: 60, nullable: true}),
		tableColumn("create_date", colType{kind: kindDateTime}), tableColumn("is_ms_shipped", colType{kind: kindBit}),
	}}
	made := time.Date(2019, 9, 24, 13, 1, 28, 0, time.UTC)
	for _, o := range []struct {
		name string
		id   int64
	}{{"sysrscols", 3}, {"sysrowsets", 5}, {"sysclones", 6}, {"sysallocunits", 7}} {
		t.rows = append(t.rows, []any{o.name, o.id, int64(4), "S ", "SYSTEM_TABLE", made, true})
	}
	return t
}
