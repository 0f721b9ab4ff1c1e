//go:build real

package tds_test

import (
	"os"
	"path/filepath"
	"testing"

	simulated "postpatch/probes/lab"
	"postpatch/probes/lab/estate"
)

const windowsEstate = `estate: sql
realm: CORP.TEST
hosts:
  sql01.corp.test:
    os: {domain: corp.test}
    sql:
      {user: probe, password: lab, version: 16.0.4165.4, windows: {user: 'CORP\probe', password: 'Pa55 word'}}
states: {whole: {}}
`

// TestTsqlAsAWindowsAccount logs in by FreeTDS's own NTLM, and by MIT Kerberos with a ticket of
// the lab's domain.
func TestTsqlAsAWindowsAccount(t *testing.T) {
	e, err := estate.Parse("sql.estate.yaml", []byte(windowsEstate))
	if err != nil {
		t.Fatal(err)
	}
	running, err := simulated.Start(t.Context(), e, simulated.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = running.Close() })
	at := &lab{address: running.Routes()["sql01.corp.test"].Ports["tcp/1433"]}
	const query = "select auth_scheme from sys.dm_exec_connections\ngo\nexit\n"
	for _, encryption := range []string{"off", "request", "require"} {
		has(t, freetds(t, at, encryption, query, "tsql", "-S", "lab", "-U", `CORP\probe`, "-P", "Pa55 word"),
			"auth_scheme\nNTLM")
		has(t, freetds(t, at, encryption, query, "tsql", "-S", "lab", "-U", `CORP\probe`, "-P", "guess"), "Msg 18452")
	}
	folder := t.TempDir()
	cache, err := running.KDC().CCache("probe", 3600e9)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"cc": cache, "krb5.conf": []byte(running.Krb5Conf())} {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("KRB5CCNAME", "FILE:"+filepath.Join(folder, "cc"))
	t.Setenv("KRB5_CONFIG", filepath.Join(folder, "krb5.conf"))
	has(t, freetds(t, at, "require\nspn = MSSQLSvc/sql01.corp.test:1433", query, "tsql", "-S", "lab"),
		"auth_scheme\nKERBEROS")
}
