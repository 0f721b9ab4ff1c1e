//go:build real

package wsman_test

import (
	"encoding/pem"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/lab/estate"
)

// need fails in CI, and skips elsewhere, when a command does not work.
func need(t *testing.T, what, name string, args ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is not installed: %v\n%s", what, err, out)
		}
		t.Skipf("%s is not installed", what)
	}
}

// run runs a client and returns what it prints.
func run(t *testing.T, env []string, name string, args ...string) (string, error) {
	t.Helper()
	command := exec.CommandContext(t.Context(), name, args...)
	command.Env = append(append(os.Environ(), "NO_PROXY=127.0.0.1,localhost", "no_proxy=127.0.0.1,localhost"), env...)
	out, err := command.CombinedOutput()
	return string(out), err
}

// secure is a server with both listeners as Windows has them, and its CA's file.
func secure(t *testing.T) (b *bench, http, https, caFile string) {
	t.Helper()
	b, ca, _ := newBenchTLS(t)
	caFile = filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.ca.Raw})
	if err := os.WriteFile(caFile, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return b, b.listen(t), "https://" + b.listenTLS(t) + "/wsman", caFile
}

// legacy lets Python have MD4, which OpenSSL has put aside.
func legacy(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "openssl.cnf")
	text := "openssl_conf = all\n[all]\nproviders = both\n[both]\ndefault = on\nlegacy = on\n[on]\nactivate = 1\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return "OPENSSL_CONF=" + path
}

// sealedScript drives the server with pywinrm, requests-ntlm and ntlm-auth.
const sealedScript = `
import sys, winrm
http, https, ca = sys.argv[1:4]
def ask(url, user, password, **more):
    try:
        p = winrm.Protocol(url, transport='ntlm', username=user, password=password, ca_trust_path=ca, **more)
        shell = p.open_shell()
        command = p.run_command(shell, 'hostname')
        print(p.get_command_output(shell, command))
        p.cleanup_command(shell, command)
        p.close_shell(shell)
    except winrm.exceptions.InvalidCredentialsError:
        print('rejected')
    except winrm.exceptions.WinRMTransportError as e:
        print('HTTP', e.code)
ask(http, 'probe', 'pw', message_encryption='always')
ask(http, 'SQL01\\probe', 'pw', message_encryption='always')
ask(http, 'probe', 'no', message_encryption='always')
ask(http, 'probe', 'pw', message_encryption='never')
ask(https, 'probe', 'pw', send_cbt=True)
ask(https, 'probe', 'pw', send_cbt=True, message_encryption='always')
ask(https, 'probe', 'pw', send_cbt=False)
`

func TestPywinrmSeals(t *testing.T) {
	const python = "/usr/bin/python3" // Debian's own
	need(t, "python3-winrm with python3-requests-ntlm", python, "-c", "import winrm, requests_ntlm")
	b, http, https, ca := secure(t)
	b.configure(func(c *estate.WinRM) { c.CBT = "strict" })
	got, err := run(t, []string{legacy(t)}, python, "-W", "ignore", "-c", sealedScript, http, https, ca)
	const good = `(b'SQL01\r\n', b'', 0)`
	want := strings.Join([]string{good, good, "rejected", "rejected", good, good, "rejected", ""}, "\n")
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if stats := b.Stats(); stats.Sealed < 15 || stats.Auth["NTLM"] < 4 || stats.Shells != 0 {
		t.Errorf("counted %+v", stats)
	}
}

// psrpPython is a Python with pypsrp: the one that POSTPATCH_PYPSRP_PYTHON
// names, or one in an environment made for the test.
func psrpPython(t *testing.T) string {
	t.Helper()
	if python := os.Getenv("POSTPATCH_PYPSRP_PYTHON"); python != "" {
		need(t, "pypsrp", python, "-c", "import pypsrp")
		return python
	}
	dir := filepath.Join(t.TempDir(), "venv")
	need(t, "python3-venv", "/usr/bin/python3", "-m", "venv", dir)
	need(t, "pypsrp", filepath.Join(dir, "bin/pip"), "install", "--quiet", "pypsrp==0.9.1")
	return filepath.Join(dir, "bin/python")
}

// psrpScript drives the server with pypsrp and pyspnego, which wrap NTLM in
// SPNEGO and sign its list of mechanisms.
const psrpScript = `
import sys
from pypsrp.wsman import WSMan
from pypsrp.shell import WinRS, Process
from pypsrp.exceptions import AuthenticationError, WinRMTransportError
http, https, ca = sys.argv[1:4]
def ask(auth, password='pw', port=http, **more):
    host, number = port.split('//')[1].split('/')[0].split(':')
    try:
        with WSMan(host, port=int(number), ssl=port == https, username='probe', password=password,
                   auth=auth, cert_validation=ca, **more) as wsman:
            with WinRS(wsman) as shell:
                process = Process(shell, 'hostname')
                process.invoke()
                print(auth, process.stdout, process.rc)
    except AuthenticationError:
        print(auth, 'rejected')
    except WinRMTransportError as e:
        print(auth, 'HTTP', e.code)
ask('negotiate')
ask('ntlm')
ask('negotiate', password='no')
ask('negotiate', port=https)
ask('negotiate', port=https, encryption='always')
ask('negotiate', port=https, negotiate_send_cbt=False)
ask('basic', port=https)
`

func TestPypsrp(t *testing.T) {
	python := psrpPython(t)
	b, http, https, ca := secure(t)
	b.configure(func(c *estate.WinRM) { c.CBT = "strict" })
	// Without a ticket Negotiate comes to NTLM.
	got, err := run(t, []string{"KRB5CCNAME=/nonexistent"}, python, "-W", "ignore", "-c", psrpScript, http, https, ca)
	const good = ` b'SQL01\r\n' 0`
	want := strings.Join([]string{
		"negotiate" + good, "ntlm" + good, "negotiate rejected", "negotiate" + good, "negotiate" + good,
		"negotiate rejected", "basic" + good, "",
	}, "\n")
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if stats := b.Stats(); stats.Sealed < 15 || stats.Auth["NTLM"] != 4 || stats.Auth["Basic"] < 5 || stats.Refused < 2 {
		t.Errorf("counted %+v", stats)
	}
}

func TestAnsible(t *testing.T) {
	const ansible = "/usr/bin/ansible"
	need(t, "ansible", ansible, "--version")
	b, plain, https, ca := secure(t)
	_, httpPort, _ := net.SplitHostPort(part(plain, "http://", "/"))
	_, httpsPort, _ := net.SplitHostPort(part(https, "https://", "/"))
	inventory := filepath.Join(t.TempDir(), "hosts.ini")
	text := "[all]\n" +
		"sealed ansible_port=" + httpPort + " ansible_winrm_transport=ntlm ansible_winrm_scheme=http" +
		" ansible_winrm_message_encryption=always\n" +
		"bound ansible_port=" + httpsPort + " ansible_winrm_transport=ntlm ansible_winrm_scheme=https\n" +
		"basic ansible_port=" + httpsPort + " ansible_winrm_transport=basic ansible_winrm_scheme=https\n" +
		"wrong ansible_port=" + httpPort + " ansible_winrm_transport=ntlm ansible_winrm_scheme=http ansible_password=no\n" +
		"[all:vars]\nansible_host=127.0.0.1\nansible_connection=winrm\nansible_user=probe\nansible_password=pw\n" +
		"ansible_winrm_ca_trust_path=" + ca + "\nansible_shell_type=cmd\n"
	if err := os.WriteFile(inventory, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	env := []string{
		legacy(t), "ANSIBLE_NOCOLOR=1", "HOME=" + home, "ANSIBLE_LOCAL_TEMP=" + home, "LC_ALL=C.UTF-8",
		"PYTHONWARNINGS=ignore", "ANSIBLE_DEPRECATION_WARNINGS=0",
	}
	got, err := run(t, env, ansible, "-i", inventory, "all", "-f", "1", "-m", "raw", "-a", "hostname")
	if err == nil { // one host must not be reached
		t.Error("want an error for a wrong password")
	}
	for _, name := range []string{"sealed", "bound", "basic"} {
		if !strings.Contains(got, name+" | CHANGED | rc=0 >>\nSQL01") {
			t.Errorf("%s is not reached", name)
		}
	}
	if !strings.Contains(got, "wrong | UNREACHABLE!") {
		t.Error("a wrong password is right")
	}
	if t.Failed() {
		t.Log(got)
	}
	if stats := b.Stats(); stats.Sealed < 3 || stats.Auth["NTLM"] < 2 || stats.Auth["Basic"] < 3 {
		t.Errorf("counted %+v", stats)
	}
}

func TestCurl(t *testing.T) {
	need(t, "curl", "curl", "--version")
	need(t, "gss-ntlmssp", "dpkg-query", "-W", "gss-ntlmssp")
	b, http, https, ca := secure(t)
	users := filepath.Join(t.TempDir(), "users")
	if err := os.WriteFile(users, []byte("SQL01:probe:pw\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ask := func(url string, args ...string) string {
		t.Helper()
		args = append([]string{
			"--silent", "--noproxy", "*", "--cacert", ca, "-H", "Content-Type: " + soap, "--data-binary", query(),
			"--output", "/dev/null", "--write-out", "%{http_code} %{num_connects}",
		}, append(args, url)...)
		got, err := run(t, []string{"NTLM_USER_FILE=" + users, "KRB5CCNAME=/nonexistent"}, "curl", args...)
		if err != nil {
			t.Errorf("%v: %s", err, got)
		}
		return got
	}
	for name, test := range map[string]struct {
		url  string
		args []string
		want string
	}{
		"NTLM under its own name":  {https, []string{"--ntlm", "-u", "probe:pw"}, "401 1"},
		"Negotiate, http in clear": {http, []string{"--negotiate", "-u", "SQL01\\probe:"}, "401 1"},
		"Negotiate":                {https, []string{"--negotiate", "-u", "SQL01\\probe:"}, "200 1"},
		"Basic":                    {https, []string{"--basic", "-u", "probe:pw"}, "200 1"},
		"Basic, wrong":             {https, []string{"--basic", "-u", "probe:no"}, "401 1"},
		"nobody":                   {https, nil, "401 1"},
	} {
		if got := ask(test.url, test.args...); got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
	if stats := b.Stats(); stats.Auth["NTLM"] < 1 {
		t.Errorf("counted %+v", stats)
	}
}
