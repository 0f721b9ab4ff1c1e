//go:build real

package rpc_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"postpatch/cmd/postpatch/realtest"
	"postpatch/probes/lab"
	"postpatch/probes/lab/estate"
)

const host = `
estate: rpc-real-test
network: 127.42.0.0/16
hosts:
  dc01.corp.test:
    rpc:
      interfaces:
        12345678-1234-abcd-ef00-01234567cffb: {port: 49664}
        e3514235-4b06-11d1-ab04-00c04fc2dcd2: {port: 49665, version: 4.0, fault: error}
`

// TestSambaClient has Samba's own client find an interface and bind it.
func TestSambaClient(t *testing.T) {
	if err := exec.CommandContext(t.Context(), "/usr/bin/python3", "-c", "import samba.dcerpc.spoolss").Run(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("python3-samba is not installed: %v", err)
		}
		t.Skip("python3-samba is not installed")
	}
	if !realtest.OwnNetwork(t) {
		return
	}
	e, err := estate.Parse("test", []byte(host))
	if err != nil {
		t.Fatal(err)
	}
	l, err := lab.Start(t.Context(), e, lab.Options{RealPorts: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	out, err := exec.CommandContext(t.Context(), "/usr/bin/python3", "testdata/client.py", "127.42.0.10").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{"netlogon bound", "drsuapi (3221356582,", "spoolss (3221226047,"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("no %q in:\n%s", want, out)
		}
	}
	t.Logf("%s", out)
}
