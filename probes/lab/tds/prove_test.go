package tds_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"

	mssql "github.com/microsoft/go-mssqldb"
	"github.com/microsoft/go-mssqldb/msdsn"

	"postpatch/probes/lab/estate"
	"postpatch/probes/lab/tds"
)

func withWindows(protection string) estate.Host {
	h := healthy()
	h.SQL.Windows = &estate.SQLWindows{User: `CORP\probe`, Password: "Pa55 word", Protection: protection}
	h.SQL.Token = "ey.lab"
	return h
}

// schemeOf asks as what the connection was let in, and returns the error's number where it was not.
func schemeOf(t *testing.T, connector *mssql.Connector) string {
	t.Helper()
	db := sql.OpenDB(connector)
	defer func() { _ = db.Close() }()
	var scheme, property string
	const query = "SELECT auth_scheme, CAST(CONNECTIONPROPERTY('auth_scheme') AS nvarchar(40))" +
		" FROM sys.dm_exec_connections"
	err := db.QueryRowContext(t.Context(), query).Scan(&scheme, &property)
	var answer mssql.Error
	switch {
	case errors.As(err, &answer):
		return fmt.Sprint(answer.Number)
	case err != nil:
		return err.Error()
	case scheme != property:
		t.Errorf("%s and %s", scheme, property)
	}
	return scheme
}

func config(t *testing.T, l *lab, more string) msdsn.Config {
	t.Helper()
	server, port, err := net.SplitHostPort(l.address)
	if err != nil {
		t.Fatal(err)
	}
	c, err := msdsn.Parse("server=" + server + ";port=" + port + ";TrustServerCertificate=true;" + more)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// The driver's own NTLM, of which the lab knows nothing, with and without Extended Protection.
func TestTheDriversOwnNTLM(t *testing.T) {
	for _, c := range []struct{ protection, more, want string }{
		{"", "password=Pa55 word", "NTLM"},
		{"", "password=guess", "18452"},
		{"allowed", "password=Pa55 word", "NTLM"},
		{"required", "password=Pa55 word", "18452"},
		{"required", "password=Pa55 word;epa enabled=true", "NTLM"},
		{"required", "password=Pa55 word;epa enabled=true;encrypt=false", "NTLM"},
		{"allowed", "password=Pa55 word;epa enabled=true;encrypt=true", "NTLM"},
	} {
		l := serve(t, withWindows(c.protection))
		got := schemeOf(t, mssql.NewConnectorConfig(config(t, l, `user id=CORP\probe;authenticator=ntlm;`+c.more)))
		if got != c.want {
			t.Errorf("%q, %s: got %s, want %s", c.protection, c.more, got, c.want)
		}
	}
	h := withWindows("")
	h.SQL.Windows.NoLogin = true
	more := `user id=CORP\probe;authenticator=ntlm;password=Pa55 word`
	if got := schemeOf(t, mssql.NewConnectorConfig(config(t, serve(t, h), more))); got != "18456" {
		t.Errorf("without a login: %s", got)
	}
	if got := schemeOf(t, mssql.NewConnectorConfig(config(t, serve(t, healthy()), more))); got != "18452" {
		t.Errorf("where no Windows account is taken: %s", got)
	}
}

// Tokens of Entra ID, in the login and after the server has said whom to ask for one.
func TestTokensOfEntra(t *testing.T) {
	const sts = "https://database.windows.net/ https://login.microsoftonline.com/lab"
	for token, want := range map[string]string{"ey.lab": "SQL", "ey.other": "18456"} {
		l := serve(t, withWindows(""))
		c := config(t, l, "encrypt=true")
		direct, err := mssql.NewSecurityTokenConnector(c, func(context.Context) (string, error) { return token, nil })
		if err != nil {
			t.Fatal(err)
		}
		if got := schemeOf(t, direct); got != want {
			t.Errorf("in the login, %s: got %s, want %s", token, got, want)
		}
		told := ""
		asked, err := mssql.NewActiveDirectoryTokenConnector(c, mssql.FedAuthADALWorkflowNone,
			func(_ context.Context, spn, sts string) (string, error) { told = spn + " " + sts; return token, nil })
		if err != nil {
			t.Fatal(err)
		}
		if got := schemeOf(t, asked); got != want || told != sts {
			t.Errorf("after %q, %s: got %s, want %s", told, token, got, want)
		}
	}
	h := withWindows("")
	h.SQL.Token = ""
	c := config(t, serve(t, h), "encrypt=true")
	asked, err := mssql.NewActiveDirectoryTokenConnector(c, mssql.FedAuthADALWorkflowNone,
		func(context.Context, string, string) (string, error) { return "ey.lab", nil })
	if err != nil {
		t.Fatal(err)
	}
	if got := schemeOf(t, asked); !strings.Contains(got, "not supported by the server") {
		t.Errorf("where no token is taken: %s", got)
	}
}

func FuzzProof(f *testing.F) {
	f.Add(make([]byte, 94))
	login := make([]byte, 110)
	login[27], login[56], login[94], login[98], login[99] = 0x10, 94, 98, 2, 6
	f.Add(login)
	login = append([]byte{}, login...)
	login[78], login[80], login[81], login[90] = 94, 0xff, 0xff, 8
	f.Add(login)
	f.Fuzz(func(t *testing.T, b []byte) {
		if token, err := tds.SSPIOf(b); err == nil && len(token) > len(b) {
			t.Errorf("a token of %d bytes out of %d", len(token), len(b))
		}
		tds.FedAuthOf(b)
	})
}
