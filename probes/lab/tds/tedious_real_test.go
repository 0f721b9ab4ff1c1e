//go:build real

package tds_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/lab/tds"
)

// batch is what tedious is to run; a transaction instead is beginTransaction.
type batch struct {
	SQL         string           `json:"sql"`
	Params      []map[string]any `json:"params,omitempty"`
	Transaction string           `json:"transaction,omitempty"`
}

// answer is what came back.
type answer struct {
	Columns []string    `json:"columns"`
	Rows    [][]*string `json:"rows"`
	Error   int         `json:"error"`
	Message string      `json:"message"`
	Login   string      `json:"login"`
}

// tedious runs batches with the client of Node.js, which shares no code with ours.
func tedious(t *testing.T, l *lab, encrypt any, batches []batch) []answer {
	t.Helper()
	modules := os.Getenv("POSTPATCH_TEDIOUS")
	if modules == "" {
		if os.Getenv("CI") == "true" {
			t.Fatal("POSTPATCH_TEDIOUS does not say where node_modules with tedious is")
		}
		t.Skip("POSTPATCH_TEDIOUS does not say where node_modules with tedious is")
	}
	_, port, err := net.SplitHostPort(l.address)
	if err != nil {
		t.Fatal(err)
	}
	number, _ := strconv.Atoi(port)
	ca, err := os.ReadFile(l.pem)
	if err != nil {
		t.Fatal(err)
	}
	h := l.get()
	plan, err := json.Marshal(map[string]any{
		"port": number, "user": h.SQL.User, "password": h.SQL.Password, "encrypt": encrypt, "ca": string(ca),
		"serverName": h.Name, "database": "master", "batches": batches,
	})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", "testdata/tedious.js")
	cmd.Env = append(os.Environ(), "NODE_PATH="+modules)
	cmd.Stdin = bytes.NewReader(plan)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil && len(out) == 0 {
		t.Fatalf("running node: %v\n%s", err, stderr.String())
	}
	var answers []answer
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var a answer
		err := d.Decode(&a)
		switch {
		case err != nil && !errors.Is(err, io.EOF):
			t.Fatalf("%v in:\n%s", err, out)
		case err == nil:
		case len(answers) != len(batches) && (len(answers) != 1 || answers[0].Login == ""):
			t.Fatalf("%d answers to %d batches:\n%s%s", len(answers), len(batches), out, stderr.String())
		default:
			return answers
		}
		answers = append(answers, a)
	}
}

func (a answer) text() string {
	var lines []string
	for _, row := range a.Rows {
		var cells []string
		for _, cell := range row {
			if cell == nil {
				cells = append(cells, "NULL")
			} else {
				cells = append(cells, *cell)
			}
		}
		lines = append(lines, strings.Join(cells, ", "))
	}
	return strings.Join(lines, "; ")
}

// everyView asks for all of every view that the catalogue has.
func everyView() []batch {
	var all []batch
	for _, name := range tds.Catalogue() {
		if strings.HasPrefix(name, "dbo.") {
			name = "msdb." + name
		}
		all = append(all, batch{SQL: "SELECT * FROM " + name})
	}
	return all
}

// What tedious makes of the types that it does not show as they are.
func tediousText(c cell) string {
	return map[string]string{
		"d": "-1.2345678901234567e+27", "n": "1.5", "m": "-922337203685477.6", "dt": "2026-11-20T03:12:44.123Z",
		"sdt": "2026-11-20T03:12:00.000Z", "da": "0001-01-01T00:00:00.000Z", "tm": "1970-01-01T03:12:44.123Z",
		"dt2": "9999-12-31T23:59:59.999Z", "dto": "2026-11-19T21:42:44.000Z",
	}[c.name]
}

// TestTedious reads the whole catalogue and a table of every type.
func TestTedious(t *testing.T) {
	for _, encrypt := range []any{false, true, "strict"} {
		batches := everyView()
		for _, c := range everything() {
			batches = append(batches, batch{SQL: "SELECT " + c.name + " FROM Orders.dbo.Everything"})
		}
		views := len(batches) - len(everything())
		for i, a := range tedious(t, serve(t, withEverything()), encrypt, batches) {
			if i < views {
				if a.Error != 0 || a.Login != "" || len(a.Columns) == 0 {
					t.Errorf("encrypt %v: %s: %+v", encrypt, batches[i].SQL, a)
				}
				continue
			}
			c := everything()[i-views]
			want := c.text
			if other := tediousText(c); other != "" {
				want = other
			}
			null := "NULL"
			if c.name == "i" {
				null = "1"
			}
			if diff := cmp.Diff(want+"; "+null, a.text()); diff != "" {
				t.Errorf("encrypt %v: %s: %s (-want +got):\n%s", encrypt, c.typ, a.Message, diff)
			}
		}
	}
}

func TestTediousSendsParameters(t *testing.T) {
	type fields = map[string]any
	params := []fields{
		{"type": "Int", "value": -7},
		{"type": "BigInt", "value": "1099511627776"},
		{"type": "TinyInt", "value": 255},
		{"type": "Bit", "value": true},
		{"type": "Float", "value": 1.5},
		{"type": "Real", "value": 0.25},
		{"type": "Numeric", "value": 12.34, "options": fields{"precision": 9, "scale": 2}},
		{"type": "Money", "value": 1.25},
		{"type": "SmallMoney", "value": -1.25},
		{"type": "NVarChar", "value": "日本"},
		{"type": "VarChar", "value": "Kaese"},
		{"type": "NVarChar", "value": long("日", 5000)},
		{"type": "Text", "value": "alt"},
		{"type": "NText", "value": "älter"},
		{"type": "UniqueIdentifier", "value": "6F9619FF-8B86-D011-B42D-00C04FC964FF"},
		{"type": "DateTime", "value": "2026-11-20T03:12:44.123Z", "date": true},
		{"type": "SmallDateTime", "value": "2026-11-20T03:12:00.000Z", "date": true},
		{"type": "DateTime2", "value": "2026-11-20T03:12:44.123Z", "date": true},
		{"type": "DateTimeOffset", "value": "2026-11-20T03:12:44.123Z", "date": true},
		{"type": "Date", "value": "2026-11-20T00:00:00.000Z", "date": true},
		{"type": "Time", "value": "1970-01-01T03:12:44.123Z", "date": true},
	}
	var batches []batch
	for _, p := range params {
		p["name"] = "p"
		null := fields{"name": "p", "type": p["type"], "value": nil, "options": p["options"]}
		for _, one := range []fields{p, null} {
			batches = append(batches, batch{SQL: "SELECT @p", Params: []fields{one}})
		}
	}
	for i, a := range tedious(t, serve(t, healthy()), false, batches) {
		want := "NULL"
		if i%2 == 0 {
			text, err := json.Marshal(params[i/2]["value"])
			if err != nil {
				t.Fatal(err)
			}
			want = strings.Trim(string(text), `"`)
		}
		if got := a.text(); got != want {
			t.Errorf("%s: got %s and %d %s, want %s", params[i/2]["type"], got, a.Error, a.Message, want)
		}
	}
}

// What tedious sees of a transaction, and of errors by number.
func TestTediousTransactions(t *testing.T) {
	answers := tedious(t, serve(t, withTables()), true, []batch{
		{Transaction: "beginTransaction"},
		{SQL: "DELETE FROM Orders.dbo.Jobs"},
		{SQL: "SELECT @@TRANCOUNT, COUNT(*) FROM Orders.dbo.Jobs"},
		{Transaction: "rollbackTransaction"},
		{SQL: countJobs},
		{Transaction: "beginTransaction"},
		{SQL: "DELETE FROM Orders.dbo.Jobs WHERE id = 1"},
		{Transaction: "commitTransaction"},
		{SQL: countJobs},
		{SQL: "SELECT none FROM Orders.dbo.Jobs"},
		{SQL: "SELECT 1/0"},
		{SQL: "EXEC sp_executesql N'SELECT @a + 1', N'@a int', @a = 1"},
		{SQL: "SELECT SERVERPROPERTY('ProductVersion'), SERVERPROPERTY('EngineEdition')"},
	})
	var got []string
	for _, a := range answers {
		if text := a.text(); text != "" || a.Error != 0 {
			if a.Error != 0 {
				text = "error " + strconv.Itoa(a.Error)
			}
			got = append(got, text)
		}
	}
	want := []string{"1, 0", "3", "2", "error 207", "error 8134", "2", "16.0.4165.4, 2"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTediousIsRefused(t *testing.T) {
	h := healthy()
	h.SQL.LoginError = 18401
	if got := tedious(t, serve(t, h), false, nil); len(got) != 1 || !strings.Contains(got[0].Login, "script upgrade") {
		t.Errorf("got %+v", got)
	}
	h = healthy()
	h.SQL.Version = "15.0.4420.2"
	if got := tedious(t, serve(t, h), "strict", nil); len(got) != 1 || got[0].Login == "" {
		t.Errorf("TDS 8 at a server before 2022: got %+v", got)
	}
}
