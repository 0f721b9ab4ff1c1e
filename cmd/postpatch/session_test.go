package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"postpatch/probes/host"
)

// TestKrb5ConfOfTheEnvironment reads what KRB5_CONFIG names through to the text.
func TestKrb5ConfOfTheEnvironment(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, name := range []string{"a.conf", "b.conf"} {
		if err := os.WriteFile(name, []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	account := host.Credential{User: "probe@CORP.TEST", Password: host.NewSecret("hunter2")}
	for list, want := range map[string]string{
		"a.conf": "a.conf", "a.conf b.conf": "a.conf", "gone.conf b.conf": "b.conf", " b.conf": "b.conf",
	} {
		list = strings.ReplaceAll(list, " ", string(filepath.ListSeparator))
		if got, err := readKrb5Conf(krb5ConfOf(list), account, "winrm"); got != want || err != nil {
			t.Errorf("%q: %q, %v; want %q", list, got, err, want)
		}
	}
	none := strings.Join([]string{"gone.conf", "away.conf"}, string(filepath.ListSeparator))
	_, err := readKrb5Conf(krb5ConfOf(none), account, "winrm")
	if err == nil || !strings.HasPrefix(err.Error(), "reading the krb5_conf of winrm: open gone.conf") {
		t.Errorf("no file is there, and got %v", err)
	}
	if got := krb5ConfOf(""); got != "" {
		t.Errorf("nothing is named, and got %q", got)
	}
}
