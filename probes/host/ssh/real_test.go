//go:build real

package ssh

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	xssh "golang.org/x/crypto/ssh"

	"postpatch/cmd/postpatch/realtest"
	"postpatch/probes/host"
	"postpatch/probes/lab/estate"
	"postpatch/probes/lab/wsman"
)

// stub is set where the test's program stands in for powershell.exe on a host.
const stub = "POSTPATCH_TEST_POWERSHELL"

func TestMain(m *testing.M) {
	if os.Getenv(stub) == "" {
		os.Exit(m.Run())
	}
	input, err := io.ReadAll(os.Stdin)
	if err != nil {
		panic(err)
	}
	ran := wsman.Run(windows(), nil, "powershell "+strings.Join(os.Args[1:], " "), string(input))
	_, _ = os.Stdout.Write(ran.Stdout)
	_, _ = os.Stderr.Write(ran.Stderr)
	os.Exit(ran.Exit)
}

func windows() estate.Host {
	return estate.Host{
		Name:     "srv01",
		WinRM:    &estate.WinRM{User: "probe"},
		OS:       estate.OS{Caption: "Microsoft Windows Server 2025 Standard", Build: 26100, UBR: 4202},
		Services: map[string]estate.Service{"Spooler": {State: "Running", Mode: "Auto"}},
	}
}

// options lead to a real server, under the name by which its keys are known.
func options(t *testing.T, s *realtest.SSHD) Options {
	t.Helper()
	known, err := ReadKnownHosts(s.Known)
	if err != nil {
		t.Fatal(err)
	}
	address, port, err := net.SplitHostPort(s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	return Options{
		Host: realtest.SSHDName, Address: address, Port: number, Known: known,
		Credential: host.Credential{User: s.User}, Accounts: &host.Accounts{},
	}
}

// withKey makes a key that the server takes.
func withKey(t *testing.T, s *realtest.SSHD, o Options, args ...string) Options {
	t.Helper()
	file := filepath.Join(s.Dir, "probe")
	s.Authorize(t, realtest.SSHKey(t, file, args...))
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	o.Credential.Key = host.NewSecret(string(text))
	return o
}

func askReal(t *testing.T, o Options, questions ...host.Question) (host.Answers, string, error) {
	t.Helper()
	s, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close(t.Context()) }()
	answers, err := s.Ask(t.Context(), questions)
	return answers, s.How(), err
}

func system() host.WQL {
	return host.WQL{Class: "Win32_OperatingSystem", Columns: []string{"Caption", "BuildNumber", "LastBootUpTime"}}
}

func TestRealLinuxByKey(t *testing.T) {
	server := realtest.StartSSHD(t, "PrintMotd yes")
	o := options(t, server)
	for name, args := range map[string][]string{
		"ed25519":           {"-t", "ed25519"},
		"rsa":               {"-t", "rsa", "-b", "3072"},
		"ecdsa":             {"-t", "ecdsa"},
		"with a passphrase": {"-t", "ed25519", "-N", "correct horse", "-a", "1"},
		"as PEM":            {"-t", "rsa", "-m", "PEM"},
	} {
		t.Run(name, func(t *testing.T) {
			_ = os.Remove(filepath.Join(server.Dir, "probe"))
			o := withKey(t, server, o, args...)
			if name == "with a passphrase" {
				if _, _, err := askReal(t, o, system()); !errors.Is(err, host.ErrNotTried) ||
					!strings.Contains(err.Error(), "passphrase") {
					t.Errorf("without its passphrase: got %v", err)
				}
				o.Credential.Passphrase = host.NewSecret("correct horse")
			}
			answers, how, err := askReal(t, o, system(), host.IdentityQuestion())
			if err != nil {
				t.Fatal(err)
			}
			rows, err := answers.To(system())
			if err != nil || len(rows) != 1 || rows[0].Get("OSType").Text != "36" {
				t.Errorf("got %v, %v", rows, err)
			}
			if !strings.HasPrefix(how, "SSH by key SHA256:") || !strings.HasSuffix(how, "asked by sh on Linux") {
				t.Errorf("how: %s", how)
			}
			if release, err := exec.CommandContext(t.Context(), "uname", "-r").Output(); err != nil ||
				rows[0].Get("BuildNumber").Text != strings.TrimSpace(string(release)) {
				t.Errorf("build %s, uname says %s, %v", rows[0].Get("BuildNumber").Text, release, err)
			}
		})
	}
}

func TestRealHostKeyComesBeforeTheAccount(t *testing.T) {
	server := realtest.StartSSHD(t, "PasswordAuthentication yes", "LogLevel DEBUG1")
	o := options(t, server)
	o.Credential.Password = host.NewSecret("never shown")
	good, err := os.ReadFile(server.Known)
	if err != nil {
		t.Fatal(err)
	}
	other := realtest.SSHKey(t, filepath.Join(server.Dir, "other"), "-t", "ed25519")
	at := fmt.Sprintf("[%s]:%d", realtest.SSHDName, o.Port)
	for name, known := range map[string]string{
		"another key":      at + " " + other,
		"no key":           "else.example.test " + other,
		"a revoked key":    strings.ReplaceAll(string(good), "[", "@revoked [") + string(good),
		"another one's CA": "@cert-authority " + at + " " + other,
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "known_hosts")
			if err := os.WriteFile(file, []byte(known+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			o := o
			if o.Known, err = ReadKnownHosts(file); err != nil {
				t.Fatal(err)
			}
			s, err := Open(t.Context(), o)
			if err == nil {
				_, err = s.Ask(t.Context(), []host.Question{system()})
				_ = s.Close(t.Context())
			}
			if !errors.Is(err, ErrHostKey) {
				t.Errorf("got %v", err)
			}
			// Whoever was shown the password would have told the run's memory.
			if done, err := o.Accounts.Try(t.Context(), o.Credential, "elsewhere"); err != nil {
				t.Errorf("the password was shown: %v", err)
			} else {
				done(host.Later)
			}
		})
	}
}

func TestRealPinsAndCertificates(t *testing.T) {
	server := realtest.StartSSHD(t)
	o := withKey(t, server, options(t, server), "-t", "ed25519")
	o.Known = nil
	text, err := os.ReadFile(filepath.Join(server.Dir, "host_rsa.pub"))
	if err != nil {
		t.Fatal(err)
	}
	key, _, _, _, err := xssh.ParseAuthorizedKey(text)
	if err != nil {
		t.Fatal(err)
	}
	o.Pins = []string{string(text)}
	if _, how, err := askReal(t, o, system()); err != nil || !strings.Contains(how, "host key ssh-rsa, pinned") {
		t.Errorf("a whole key: %s, %v", how, err)
	}
	// The server has a better key, which it shows as long as nobody says which one is meant.
	o.Pins = []string{xssh.FingerprintSHA256(key)}
	if _, _, err := askReal(t, o, system()); !fails(err, ErrHostKey, "the whole line") {
		t.Errorf("a fingerprint of another key of it: %v", err)
	}
}

func TestRealCertificates(t *testing.T) {
	dir := t.TempDir()
	ca := filepath.Join(dir, "ca")
	authority := realtest.SSHKey(t, ca, "-t", "ed25519")
	server := realtest.StartSSHD(t, "TrustedUserCAKeys "+ca+".pub", "HostCertificate "+filepath.Join(dir, "host-cert.pub"))
	sign := func(args ...string) {
		t.Helper()
		args = append([]string{"-q", "-s", ca, "-V", "+1h"}, args...)
		out, err := exec.CommandContext(t.Context(), "ssh-keygen", args...).CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	public := filepath.Join(dir, "host.pub")
	text, err := os.ReadFile(filepath.Join(server.Dir, "host_ed25519.pub"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(public, text, 0o600); err != nil {
		t.Fatal(err)
	}
	sign("-h", "-I", "host", "-n", realtest.SSHDName, public)
	server.Stop(t) // it reads its certificate when it starts
	server.Start(t)
	o := withKey(t, server, options(t, server), "-t", "ed25519")
	server.Authorize(t, "") // nothing but the certificate lets in
	sign("-I", "probe", "-n", server.User, filepath.Join(server.Dir, "probe.pub"))
	if o.Credential.Certificate, err = os.ReadFile(filepath.Join(server.Dir, "probe-cert.pub")); err != nil {
		t.Fatal(err)
	}
	known := filepath.Join(dir, "known_hosts")
	if err := os.WriteFile(known, []byte("@cert-authority *.example.test "+authority+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadKnownHosts(known); err != nil {
		t.Fatal(err)
	}
	line := fmt.Appendf(nil, "@cert-authority [*.example.test]:%d %s\n", o.Port, authority)
	if err := os.WriteFile(known, line, 0o600); err != nil {
		t.Fatal(err)
	}
	if o.Known, err = ReadKnownHosts(known); err != nil {
		t.Fatal(err)
	}
	if _, how, err := askReal(t, o, system()); err != nil || !strings.Contains(how, "cert-v01@openssh.com, known") {
		t.Errorf("got %s, %v", how, err)
	}
	o.Credential.Certificate = nil
	if _, _, err := askReal(t, o, system()); !errors.Is(err, host.ErrRefused) {
		t.Errorf("without the certificate: %v", err)
	}
}

func TestRealAgent(t *testing.T) {
	server := realtest.StartSSHD(t)
	socket := filepath.Join(server.Dir, "agent")
	command := exec.CommandContext(context.WithoutCancel(t.Context()), "ssh-agent", "-D", "-a", socket)
	realtest.ServeUnix(t, socket, command)
	o := options(t, server)
	o.Agent = func(ctx context.Context) (io.ReadWriteCloser, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}
	if _, _, err := askReal(t, o, system()); !fails(err, host.ErrNotTried, "ssh-add") {
		t.Errorf("an empty agent: %v", err)
	}
	var public string
	for _, kind := range []string{"ed25519", "rsa", "ecdsa"} {
		file := filepath.Join(server.Dir, "agent_"+kind)
		public = realtest.SSHKey(t, file, "-t", kind)
		add := exec.CommandContext(t.Context(), "ssh-add", "-q", file)
		add.Env = []string{"SSH_AUTH_SOCK=" + socket}
		if out, err := add.CombinedOutput(); err != nil {
			t.Fatalf("ssh-add: %v\n%s", err, out)
		}
		server.Authorize(t, public)
		if _, how, err := askReal(t, o, system()); err != nil || !strings.HasPrefix(how, "SSH by agent, ") {
			t.Errorf("%s: %s, %v", kind, how, err)
		}
	}
	key, _, _, _, err := xssh.ParseAuthorizedKey([]byte(public))
	if err != nil {
		t.Fatal(err)
	}
	o.Identity = xssh.FingerprintSHA256(key)
	if _, how, err := askReal(t, o, system()); err != nil || !strings.Contains(how, o.Identity) {
		t.Errorf("the one key: %s, %v", how, err)
	}
	server.Authorize(t, realtest.SSHKey(t, filepath.Join(server.Dir, "stranger"), "-t", "ed25519"))
	if _, _, err := askReal(t, o, system()); !fails(err, host.ErrRefused, "authorized_keys") {
		t.Errorf("a key that is not authorized: %v", err)
	}
}

// One wrong password ends it, by whichever method the server asks for it.
func TestRealPassword(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root's sshd knows other users")
	}
	for name, settings := range map[string][]string{
		"password":             {"PasswordAuthentication yes"},
		"keyboard-interactive": {"KbdInteractiveAuthentication yes", "UsePAM yes"},
		"both":                 {"PasswordAuthentication yes", "KbdInteractiveAuthentication yes", "UsePAM yes"},
	} {
		t.Run(name, func(t *testing.T) {
			server := realtest.StartSSHD(t, settings...)
			server.GiveUser(t, "probe", "open sesame")
			o := options(t, server)
			o.Credential.Password = host.NewSecret("open sesame")
			if _, how, err := askReal(t, o, system()); err != nil || !strings.HasPrefix(how, "SSH by password") {
				t.Errorf("got %s, %v", how, err)
			}
			o.Credential.Password = host.NewSecret("close sesame")
			_, _, err := askReal(t, o, system())
			if !errors.Is(err, host.ErrRefused) || strings.Contains(err.Error(), "sesame") {
				t.Errorf("a wrong password: %v", err)
			}
			want := []string{fmt.Sprintf("%s: SSH at port %d", o.Host, o.Port)}
			if d := cmp.Diff(want, o.Accounts.Refusals(o.Credential)); d != "" {
				t.Errorf("refused (-want +got):\n%s", d)
			}
			if _, _, err := askReal(t, o, system()); !fails(err, host.ErrRefused, "earlier in this run") {
				t.Errorf("once more: %v", err)
			}
			o.Host = "srv02.example.test" // another one that the account would be shown to
			o.Known, o.Pins = nil, []string{pinOf(t, server)}
			if _, _, err := askReal(t, o, system()); !errors.Is(err, host.ErrNotTried) {
				t.Errorf("on another host: %v", err)
			}
		})
	}
}

func pinOf(t *testing.T, s *realtest.SSHD) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.Dir, "host_ed25519.pub"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The shell of the account says of itself that it is on Windows, and its powershell is the
// lab's.
func TestRealWindowsByTheCollector(t *testing.T) {
	bin := t.TempDir()
	if err := os.Chmod(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"powershell": "echo a profile says good morning\necho and complains >&2\n" + stub + "=1 exec " + self + ` "$@"`,
		"uname":      "echo MINGW64_NT-10.0-26100",
	} {
		if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"+text+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	server := realtest.StartSSHD(t, "SetEnv PATH="+bin+":/usr/bin:/bin", "Banner "+filepath.Join(bin, "uname"))
	o := withKey(t, server, options(t, server), "-t", "ed25519")
	services := host.WQL{Class: "Win32_Service", Columns: []string{"Name", "State"}}
	registry := host.Collector{Name: "registry", Args: map[string][]string{
		"key": {`HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion`}, "values": {"UBR"},
	}}
	answers, how, err := askReal(t, o, services, registry, system())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, q := range []host.Question{services, registry, system()} {
		rows, err := answers.To(q)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, rows[0].Get("Name").Text+rows[0].Get("UBR").Text+rows[0].Get("Caption").Text)
	}
	if d := cmp.Diff([]string{"Spooler", "4202", "Microsoft Windows Server 2025 Standard"}, got); d != "" {
		t.Errorf("answers (-want +got):\n%s", d)
	}
	if !strings.HasSuffix(how, "asked by PowerShell") {
		t.Errorf("how: %s", how)
	}
	blocked := []byte("#!/bin/sh\necho blocked by policy >&2\nexit 1\n")
	if err := os.WriteFile(filepath.Join(bin, "powershell"), blocked, 0o755); err != nil {
		t.Fatal(err)
	}
	answers, _, err = askReal(t, o, services)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := answers.To(services); !fails(err, host.ErrNoPowerShell, "blocked by policy") {
		t.Errorf("a PowerShell that does not run: %v", err)
	}
}
