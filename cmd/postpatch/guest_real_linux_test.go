//go:build real

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"postpatch/cmd/postpatch/realtest"
	"postpatch/probes"
	"postpatch/probes/host"
	"postpatch/probes/host/winrm/auth"
	"postpatch/probes/probetest"
	"postpatch/probes/smb"
)

// TestRealGuest shows a wrong password to a file server that makes guests of all whom it does not
// know, and shares with them.
func TestRealGuest(t *testing.T) {
	if !realtest.OwnNetwork(t) {
		return
	}
	if _, ci := os.LookupEnv("CI"); os.Getuid() != 0 && !ci {
		t.Skip("a file server at port 445 needs root")
	}
	dir := t.TempDir()
	config := filepath.Join(dir, "smb.conf")
	var text strings.Builder
	text.WriteString("[global]\nserver role = standalone server\nmap to guest = Bad User\nguest account = root\n" +
		"interfaces = 127.0.0.1/8\nbind interfaces only = yes\nsmb ports = 445\ndisable spoolss = yes\nlog level = 1\n")
	for _, name := range []string{
		"private dir", "state directory", "cache directory", "lock directory", "pid directory", "ncalrpc dir",
	} {
		fmt.Fprintf(&text, "%s = %s/run\n", name, dir)
	}
	fmt.Fprintf(&text, "[open]\npath = %s/open\nguest ok = yes\n", dir)
	for _, folder := range []string{"run", "open"} {
		if err := os.Mkdir(filepath.Join(dir, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(config, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	smbd := exec.CommandContext(context.WithoutCancel(t.Context()),
		"smbd", "--foreground", "--no-process-group", "--debug-stdout", "-s", config)
	smbd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID, Setpgid: true}
	realtest.Serve(t, "127.0.0.1:445", smbd)

	const name = "nas01.corp.test"
	target := probetest.Routed(name, probes.Routes{name: {Address: "127.0.0.1"}})
	j := job{logins: auth.NewLogins()}
	target.Accounts = j.logins.Accounts()
	target.Credential = func(use string) (host.Credential, error) {
		c := host.Credential{User: `CORP\probe`, Password: host.NewSecret("wrong")}
		var err error
		c.Prove, err = proveWay(j, c, use)
		return c, err
	}
	has(t, observed(t, smb.Kind, target, map[string]any{"share": []string{"open"}, "login": "ntlm"}), []string{
		"445 state=ready", "445 login=guest",
	})
}
