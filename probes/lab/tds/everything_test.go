package tds_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	mssql "github.com/microsoft/go-mssqldb"

	"postpatch/probes/lab/estate"
)

// cell is a column of every type that the lab has, with a value as YAML reads it and as
// text.
type cell struct {
	name, typ string
	value     any
	text      string
}

func everything() []cell {
	return []cell{
		{"i", "int not null", -7, "-7"},
		{"ti", "tinyint", 255, "255"},
		{"si", "smallint", -32768, "-32768"},
		{"bi", "bigint", 1 << 40, "1099511627776"},
		{"b", "bit", true, "true"},
		{"d", "decimal(38,10)", "-1234567890123456789012345678.0123456789", "-1234567890123456789012345678.0123456789"},
		{"n", "numeric(9,2)", "1.5", "1.50"},
		{"m", "money", "-922337203685477.5808", "-922337203685477.5808"},
		{"sm", "smallmoney", "214748.3647", "214748.3647"},
		{"f", "float", 1.5, "1.5"},
		{"r", "real", 0.25, "0.25"},
		{"dt", "datetime", "2026-11-20 03:12:44.123", "2026-11-20T03:12:44.123Z"},
		{"sdt", "smalldatetime", "2026-11-20 03:12", "2026-11-20T03:12:00Z"},
		{"da", "date", "0001-01-01", "0001-01-01T00:00:00Z"},
		{"tm", "time(3)", "03:12:44.123", "03:12:44.123"},
		{"dt2", "datetime2", "9999-12-31 23:59:59.9999999", "9999-12-31T23:59:59.9999999Z"},
		{"dto", "datetimeoffset(0)", "2026-11-20 03:12:44 +05:30", "2026-11-20T03:12:44+05:30"},
		{"g", "uniqueidentifier", "6F9619FF-8B86-D011-B42D-00C04FC964FF", "6F9619FF-8B86-D011-B42D-00C04FC964FF"},
		{"bin", "binary(4)", "0x01ff", "01ff0000"},
		{"vb", "varbinary(8)", "0x01ff", "01ff"},
		{"vbm", "varbinary(max)", "0x01ff", "01ff"},
		{"c", "char(5)", "é", "é    "},
		{"vc", "varchar(10)", "Käse €", "Käse €"},
		{"vcm", "varchar(max)", long("ö", 9000), long("ö", 9000)},
		{"nc", "nchar(3)", "日本", "日本 "},
		{"nvc", "nvarchar(10)", "日本 🔑", "日本 🔑"},
		{"nvm", "nvarchar(max)", long("日", 9000), long("日", 9000)},
		{"x", "xml", "<a>日</a>", "<a>日</a>"},
		{"nt", "ntext", "日本", "日本"},
		{"t", "text", "Käse", "Käse"},
		{"im", "image", "0x01ff", "01ff"},
		{"v", "sql_variant", "any", "any"},
	}
}

func long(s string, n int) string {
	all := ""
	for range 10 {
		all += s
	}
	whole := ""
	for range n / 10 {
		whole += all
	}
	return whole
}

// withEverything is a host with a table of every type: a row of values, and one of nulls.
func withEverything() estate.Host {
	h := withTables()
	var table estate.Table
	values, nulls := []any{}, []any{1}
	for _, c := range everything() {
		table.Columns = append(table.Columns, estate.Column{Name: c.name, Type: c.typ})
		values = append(values, c.value)
	}
	table.Rows = [][]any{values, nulls}
	db := h.SQL.Databases["Orders"]
	db.Tables["dbo.Everything"] = table
	h.SQL.Databases["Orders"] = db
	return h
}

// TestEveryType reads each type as go-mssqldb does, in rows of the table and in
// sql_variant.
func TestEveryType(t *testing.T) {
	db := open(t, serve(t, withEverything()), plain+"&database=Orders")
	for _, c := range everything() {
		var value, null any
		rows, err := db.QueryContext(t.Context(), "SELECT "+c.name+" FROM Everything")
		if err != nil {
			t.Errorf("%s: %v", c.typ, err)
			continue
		}
		for _, into := range []*any{&value, &null} {
			if !rows.Next() {
				t.Fatalf("%s: no row: %v", c.typ, rows.Err())
			}
			if err := rows.Scan(into); err != nil {
				t.Errorf("%s: %v", c.typ, err)
			}
		}
		_ = rows.Close()
		if diff := cmp.Diff(c.text, asText(c, value)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.typ, diff)
		}
		if null != nil && c.name != "i" {
			t.Errorf("%s: null is %v", c.typ, null)
		}
	}
}

func asText(c cell, v any) string {
	switch v := v.(type) {
	case time.Time:
		if c.name == "tm" {
			return v.Format("15:04:05.000")
		}
		return v.Format(time.RFC3339Nano)
	case []byte:
		switch c.name {
		case "bin", "vb", "vbm", "im":
			return fmt.Sprintf("%x", v)
		case "g":
			var id mssql.UniqueIdentifier
			_ = id.Scan(v)
			return id.String()
		}
		return string(v)
	}
	return fmt.Sprint(v)
}

// TestParameters sends values of each type as go-mssqldb does and reads them back.
func TestParameters(t *testing.T) {
	db := open(t, serve(t, withEverything()), plain)
	at := time.Date(2026, 11, 20, 3, 12, 44, 123456700, time.FixedZone("", 3600))
	for _, c := range []struct{ value, want any }{
		{int64(1 << 40), int64(1 << 40)},
		{-1.5, -1.5},
		{true, true},
		{"日本 🔑", "日本 🔑"},
		{long("x", 5000), long("x", 5000)},
		{[]byte{1, 255}, []byte{1, 255}},
		{at, at},
		{nil, nil},
	} {
		var got any
		if err := db.QueryRowContext(t.Context(), "SELECT @p1", c.value).Scan(&got); err != nil {
			t.Errorf("%v: %v", c.value, err)
			continue
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}
