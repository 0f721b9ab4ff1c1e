//go:build real

package tds_test

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"postpatch/probes/lab/estate"
)

// freetds runs one of FreeTDS's clients, which share no code with ours.
func freetds(t *testing.T, l *lab, encryption, stdin string, command ...string) string {
	t.Helper()
	host, port, err := net.SplitHostPort(l.address)
	if err != nil {
		t.Fatal(err)
	}
	conf := filepath.Join(t.TempDir(), "freetds.conf")
	text := "[global]\ntds version = 7.4\nclient charset = UTF-8\n[lab]\nhost = " + host + "\nport = " + port +
		"\nencryption = " + encryption + "\n"
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
	cmd.Env = append(os.Environ(), "FREETDSCONF="+conf, "LC_ALL=C.UTF-8")
	cmd.Stdin = strings.NewReader(stdin)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatalf("running %s, of the package freetds-bin: %v", command[0], err)
	}
	return out.String()
}

func has(t *testing.T, out string, wanted ...string) {
	t.Helper()
	for _, want := range wanted {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in:\n%s", want, out)
		}
	}
}

func TestTsql(t *testing.T) {
	for _, encryption := range []string{"off", "request", "require"} {
		t.Run(encryption, func(t *testing.T) {
			l := serve(t, healthy())
			out := freetds(t, l, encryption, "select @@VERSION\ngo\n"+
				"select name, state_desc, create_date, collation_name, is_read_only from sys.databases order by name\ngo\n"+
				"select SERVERPROPERTY('ProductVersion') as v, SYSDATETIME() as now, SYSDATETIMEOFFSET()\ngo\n"+
				"use Orders\ngo\nselect db_name() as here\ngo\n"+
				"select 1 from sys.nothing\ngo\nuse Archive\ngo\nexit\n",
				"tsql", "-S", "lab", "-U", "probe", "-P", healthy().SQL.Password)
			has(t, out, "Microsoft SQL Server 2022 (RTM-CU16)", "Stock\tRECOVERY_PENDING\t", "\tNULL\t0",
				"Nov 20 2026 03:12AM", "16.0.4165.4", "here\nOrders", "Msg 208 (severity 16, state 1)", "Msg 942 (severity 14",
				"from sql01.corp.test")
		})
	}
}

func TestTsqlAtATroubledServer(t *testing.T) {
	h := healthy()
	h.SQL.LoginError = 18401
	has(t, freetds(t, serve(t, h), "off", "exit\n", "tsql", "-S", "lab", "-U", "probe", "-P", h.SQL.Password),
		"Msg 18401 (severity 14, state 1)", "script upgrade mode")
	has(t, freetds(t, serve(t, healthy()), "off", "exit\n", "tsql", "-S", "lab", "-U", "probe", "-P", "guess"),
		"Msg 18456 (severity 14, state 1)")
	has(t, freetds(t, serve(t, healthy()), "off", "exit\n",
		"tsql", "-S", "lab", "-U", "probe", "-D", "Nowhere", "-P", healthy().SQL.Password), "Msg 4060")
}

func TestBsqldb(t *testing.T) {
	h := healthy()
	h.SQL.Databases["Ümläut"] = estate.Database{State: "SUSPECT"}
	out := freetds(t, serve(t, h), "request",
		"select name, state_desc, compatibility_level from sys.databases where state = 4\n"+
			"select cast(SERVERPROPERTY('Edition') as nvarchar(64))\n",
		"bsqldb", "-S", "lab", "-U", "probe", "-P", h.SQL.Password, "-D", "master", "-t", "|")
	has(t, out, "Ümläut|SUSPECT|160", "Standard Edition")
}

// TestTsqlReadsAll reads the whole catalogue and a table of every type.
func TestTsqlReadsAll(t *testing.T) {
	var script strings.Builder
	for _, b := range everyView() {
		script.WriteString(b.SQL + "\ngo\n")
	}
	for _, c := range everything() {
		script.WriteString("select '" + c.name + "' as [in], " + c.name + ", '.' as e from Orders.dbo.Everything\ngo\n")
	}
	script.WriteString("begin tran\ngo\ndelete from Orders.dbo.Jobs\ngo\nrollback\ngo\n" +
		"select 'rows' as r, count(*) as n from Orders.dbo.Jobs\ngo\nexec master..xp_msver\ngo\nexit\n")
	for _, encryption := range []string{"off", "request", "require"} {
		l := serve(t, withEverything())
		out := freetds(t, l, encryption, script.String(), "tsql", "-S", "lab", "-U", "probe", "-P", healthy().SQL.Password)
		if strings.Contains(out, "Msg ") {
			t.Errorf("%s: an error in:\n%.4000s", encryption, out)
		}
		for _, c := range everything() {
			want := c.text
			if other := freetdsText(c); other != "" {
				want = other
			}
			for _, line := range []string{c.name + "\t" + want + "\t.\n", c.name + "\tNULL\t.\n"} {
				if c.name != "i" && !strings.Contains(out, line) {
					at := strings.Index(out, "\n"+c.name+"\t")
					t.Errorf("%s: %s: no %.100q in %.200q", encryption, c.typ, line, out[max(at, 0):])
				}
			}
		}
		has(t, out, "rows\t3\n", "ProductVersion")
	}
}

// freetdsText is what tsql makes of the types that it does not show as they are.
func freetdsText(c cell) string {
	return map[string]string{
		"b": "1", "dt": "Nov 20 2026 03:12AM", "sdt": "Nov 20 2026 03:12AM", "da": "Jan  1 1 12:00AM",
		"tm": "Jan  1 1900 03:12AM", "dt2": "Dec 31 9999 11:59PM", "dto": "Nov 20 2026 03:12AM",
	}[c.name]
}
