//go:build real

package wsman_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// script drives the server with pywinrm, which knows nothing of ours.
const script = `
import base64, sys, winrm
url, transport = sys.argv[1], 'plaintext'
session = winrm.Session(url, auth=('probe', 'pw'), transport=transport)
r = session.run_cmd('hostname'); print(r.status_code, r.std_out, r.std_err)
r = session.run_cmd('echo', ['a', 'b']); print(r.status_code, r.std_out, r.std_err)
r = session.run_cmd('nix'); print(r.status_code, r.std_out, len(r.std_err))
r = session.run_ps('exit 3'); print(r.status_code, r.std_out, r.std_err)
p = winrm.Protocol(url, transport=transport, username='probe', password='pw', operation_timeout_sec=20)
shell = p.open_shell(env_vars={'A': 'b'})
command = p.run_command(shell, 'powershell', ['-enc', base64.b64encode('Get-Foo'.encode('utf-16le')).decode()])
out, err, code = p.get_command_output(shell, command)
print(code, out, err[:10])
p.cleanup_command(shell, command)
p.close_shell(shell)
try:
    p.run_command(shell, 'ver')
except winrm.exceptions.WinRMError as e:
    print('2150858843' in str(e), 'w:InvalidSelectors' in str(e))
try:
    winrm.Session(url, auth=('probe', 'no'), transport=transport).run_cmd('ver')
except winrm.exceptions.InvalidCredentialsError as e:
    print('rejected')
`

func TestPywinrm(t *testing.T) {
	const python = "/usr/bin/python3" // Debian's own, which has python3-winrm
	if err := exec.CommandContext(t.Context(), python, "-c", "import winrm").Run(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("python3-winrm is not installed: %v", err)
		}
		t.Skip("python3-winrm is not installed")
	}
	b := newBench(t)
	command := exec.CommandContext(t.Context(), python, "-W", "ignore", "-c", script, b.listen(t))
	command.Env = append(os.Environ(), "NO_PROXY=127.0.0.1")
	got, err := command.CombinedOutput()
	want := strings.Join([]string{
		`0 b'SQL01\r\n' b''`, `0 b'a b\r\n' b''`, `1 b'' 94`, `3 b'' b''`,
		`1 b'' b'#< CLIXML\r'`, `True True`, `rejected`, ``,
	}, "\n")
	if diff := cmp.Diff(want, string(got)); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if got := b.Stats().Messages; got["Create"] != 5 || got["Delete"] != 5 || got["Receive"] < 9 {
		t.Errorf("counted %v", got)
	}
}
