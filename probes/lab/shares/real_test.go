//go:build real

package shares_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"postpatch/probes/lab"
	"postpatch/probes/lab/estate"
)

// TestSmbclient has Samba's own client read from the lab, by each dialect, signed.
func TestSmbclient(t *testing.T) {
	for _, dialect := range []string{"2.0.2", "2.1", "3.0", "3.0.2", "3.1.1"} {
		t.Run(dialect, func(t *testing.T) {
			e, err := estate.Parse("test", []byte("estate: files\nhosts:\n    fs01.corp.test:\n      smb: {dialect: "+dialect+
				`, signing: required, user: CORP\probe, password: swordfish, shares: {docs: {'deep\b.txt': hello}}}`+"\n"))
			if err != nil {
				t.Fatal(err)
			}
			l, err := lab.Start(t.Context(), e, lab.Options{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = l.Close() })
			route := l.Routes()["fs01.corp.test"]
			_, port, _ := strings.Cut(route.Ports["tcp/445"], ":")
			ask := func(password, command string) string {
				client := exec.CommandContext(t.Context(), "smbclient", "-s", "/dev/null", "-p", port, "-I", route.Address,
					"-U", `CORP\probe%`+password, "--use-kerberos=off", "-c", command, "//fs01.corp.test/docs")
				out, _ := client.CombinedOutput() // what became of it is in there
				return string(out)
			}
			to := filepath.Join(t.TempDir(), "got")
			if out := ask("swordfish", `get deep\b.txt `+to); !strings.Contains(out, "of size 5") {
				t.Errorf("reading: %s", out)
			}
			if out := ask("swordfish", `get no.txt `+to); !strings.Contains(out, "NT_STATUS_OBJECT_NAME_NOT_FOUND") {
				t.Errorf("reading what is not there: %s", out)
			}
			if out := ask("wrong", "exit"); !strings.Contains(out, "NT_STATUS_LOGON_FAILURE") {
				t.Errorf("with a wrong password: %s", out)
			}
		})
	}
}
