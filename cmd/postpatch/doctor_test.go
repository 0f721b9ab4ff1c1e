package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/host"
	"postpatch/probes/host/winrm"
	"postpatch/probes/lab"
)

// bedside is a lab of ill hosts, with the files that the doctor needs.
type bedside struct {
	lab                    *lab.Lab
	credentials, addresses string
	ca                     string
}

func newBedside(t *testing.T) bedside {
	t.Helper()
	b := bedside{lab: startTestLab(t, "testdata/doctor/clinic.estate.yaml")}
	dir := t.TempDir()
	b.credentials, b.addresses = filepath.Join(dir, "creds.yaml"), filepath.Join(dir, "lab.json")
	b.ca = filepath.Join(dir, "ca.pem")
	write(t, b.ca, string(b.lab.CA()))
	addresses, err := json.Marshal(b.lab.Addresses(""))
	if err != nil {
		t.Fatal(err)
	}
	write(t, b.addresses, string(addresses))
	const account = "    user: LAB\\probe\n    password: {env: LAB_PASSWORD}\n"
	conf := filepath.Join(dir, "krb5.conf")
	write(t, conf, b.lab.Krb5Conf())
	noKDC := filepath.Join(dir, "no-kdc.conf")
	write(t, noKDC, "[libdefaults]\ndefault_realm = CORP.TEST\ndns_lookup_kdc = false\n")
	const inDomain = "    user: probe@CORP.TEST\n    password: {env: LAB_PASSWORD}\n"
	write(t, b.credentials, "credentials:\n"+
		"  - hosts: ticket.corp.test\n"+inDomain+"    winrm: {krb5_conf: "+conf+"}\n"+
		"  - hosts: no-ticket.corp.test\n"+inDomain+"    winrm: {krb5_conf: "+conf+", spn: HTTP/nosuch.corp.test, auth: kerberos}\n"+
		"  - hosts: no-kdc.corp.test\n"+inDomain+"    winrm: {krb5_conf: "+noKDC+"}\n"+
		"  - hosts: '*'\n"+account+"    winrm: {auth: ntlm}\n"+
		"  - hosts: [well-tls.corp.test, other-name.corp.test, expired.corp.test, ending.corp.test]\n"+account+
		"    winrm: {auth: ntlm, tls: true, ca_file: "+b.ca+"}\n"+
		"  - hosts: stranger.corp.test\n"+account+"    winrm: {auth: ntlm, tls: true}\n"+
		"  - hosts: readable.corp.test\n"+account+"    winrm: {allow_plain: true}\n")
	return b
}

// call runs the doctor as its user does.
func (b bedside) call(t *testing.T, password string, args ...string) (out, talk string, code int) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	args = append([]string{"doctor", "--credentials", b.credentials, "--connect-to", b.addresses}, args...)
	code = run(t.Context(), args, app{
		stdout: &stdout, stderr: &stderr, width: 100, getenv: func(name string) string {
			return map[string]string{"LAB_PASSWORD": password}[name]
		},
	})
	if all := stdout.String() + stderr.String(); password != "" && strings.Contains(all, password) {
		t.Errorf("the password is shown:\n%s", all)
	}
	return stdout.String(), stderr.String(), code
}

// calm replaces what is different in every run, and joins what was wrapped,
// since how long a time is decides about that.
func calm(output string) string {
	output = strings.ReplaceAll(output, "\n"+strings.Repeat(" ", sawColumn), " ")
	for _, changing := range [][2]string{
		{`\b(127|10)\.\d+\.\d+\.\d+\b`, "ADDRESS"},
		{`\(<?[\d.]+m?s\)`, "(TIME)"},
		{`   <?[\d.]+m?s\n`, "   TIME\n"},
		{`\d{4}-\d\d-\d\d\s+\d\d:\d\dZ`, "MOMENT"},
		{`up\s+\d+ d \d+ h`, "up SPAN"},
		{`\d+\s+days`, "DAYS"},
	} {
		output = regexp.MustCompile(changing[0]).ReplaceAllString(output, changing[1])
	}
	return output
}

// golden holds an output against its file, or writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", "doctor", name+".out")
	if *update {
		write(t, file, got)
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s (-want +got); go test ./cmd/postpatch -update:\n%s", file, d)
	}
}

// TestDoctorSays shows what the operator reads of each illness.
func TestDoctorSays(t *testing.T) {
	b := newBedside(t)
	for name, c := range map[string]struct {
		password string
		code     int
		more     []string
	}{
		"well":        {"open-sesame", 0, nil},
		"well-tls":    {"open-sesame", 0, nil},
		"ending":      {"open-sesame", 0, nil},
		"readable":    {"open-sesame", 0, nil},
		"no-admin":    {"open-sesame", 0, nil},
		"refused":     {"open-sesame", 1, nil},
		"silent":      {"open-sesame", 1, []string{"--timeout", "1s"}},
		"website":     {"open-sesame", 1, nil},
		"stranger":    {"open-sesame", 1, nil},
		"other-name":  {"open-sesame", 1, nil},
		"expired":     {"open-sesame", 1, nil},
		"no-right":    {"open-sesame", 1, nil},
		"ticket":      {"open-sesame", 0, nil},
		"no-ticket":   {"open-sesame", 1, nil},
		"no-kdc":      {"open-sesame", 0, nil},
		"blocked":     {"open-sesame", 1, nil},
		"constrained": {"open-sesame", 1, nil},
	} {
		t.Run(name, func(t *testing.T) {
			out, talk, code := b.call(t, c.password, append([]string{name + ".corp.test"}, c.more...)...)
			if code != c.code || talk != "" {
				t.Errorf("exit %d, want %d, and the talk %q", code, c.code, talk)
			}
			golden(t, name, calm(out))
		})
	}
	t.Run("wrong-password", func(t *testing.T) {
		out, _, code := b.call(t, "guessed", "well.corp.test")
		if code != 1 {
			t.Errorf("exit %d, want 1", code)
		}
		golden(t, "wrong-password", calm(out))
	})
	t.Run("unknown-authority is trusted by --ca", func(t *testing.T) {
		if out, _, code := b.call(t, "open-sesame", "stranger.corp.test", "--ca", b.ca); code != 0 {
			t.Errorf("exit %d\n%s", code, out)
		}
	})
}

// TestREADMEDoctor holds what the README shows against what really comes out.
func TestREADMEDoctor(t *testing.T) {
	const path = "../../README.md"
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	readme := string(content)
	got, _, _ := newBedside(t).call(t, "open-sesame", "constrained.corp.test")
	start, end := block(t, readme, "doctor")
	if *update {
		write(t, path, readme[:start]+got+readme[end:])
		return
	}
	if d := cmp.Diff(calm(readme[start:end]), calm(got)); d != "" {
		t.Errorf("(-README +now); go test ./cmd/postpatch -update:\n%s", d)
	}
}

// TestDoctorSaysOfTheWay has what no lab on one machine has: names that are not
// there, and ports that swallow.
func TestDoctorSaysOfTheWay(t *testing.T) {
	noName := func(context.Context, string) (netip.Addr, error) {
		return netip.Addr{}, &net.DNSError{Err: "no such host", Name: "srv", IsNotFound: true}
	}
	known := func(context.Context, string) (netip.Addr, error) { return netip.MustParseAddr("10.1.2.3"), nil }
	for name, c := range map[string]struct {
		resolve  func(context.Context, string) (netip.Addr, error)
		swallows string // the end of the addresses that do
	}{
		"unknown-name": {noName, ""},
		"silent-port":  {known, ":5985"},
		"silent-host":  {known, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			e := winrm.Examination{Resolve: c.resolve, Timeout: 200 * time.Millisecond, Options: winrm.Options{
				Host: "srv", Auth: winrm.NTLM, Credential: host.Credential{User: "u", Password: host.NewSecret("p")},
				Dial: func(ctx context.Context, _, address string) (net.Conn, error) {
					if !strings.HasSuffix(address, c.swallows) {
						ours, theirs := net.Pipe()
						return ours, theirs.Close()
					}
					<-ctx.Done()
					return nil, ctx.Err()
				},
			}}
			one, err := examine(t.Context(), app{stdout: &out, width: 100}, examination{e.Options.Host, e, nil})
			if err != nil || len(one.Steps) != 9 {
				t.Errorf("error %v, %d steps", err, len(one.Steps))
			}
			golden(t, name, calm(out.String()))
		})
	}
}

func TestDoctorSeveralHostsAsJSON(t *testing.T) {
	b := newBedside(t)
	file := filepath.Join(t.TempDir(), "out", "doctor.json")
	out, _, code := b.call(t, "open-sesame", "well.corp.test", "refused.corp.test", "--json", file)
	if code != 1 || strings.Count(out, "VERDICT") != 2 {
		t.Errorf("exit %d\n%s", code, out)
	}
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Hosts    []examined
		ExitCode int `json:"exit_code"`
	}
	if err := json.Unmarshal(content, &document); err != nil {
		t.Fatal(err)
	}
	if document.ExitCode != 1 || len(document.Hosts) != 2 || len(document.Hosts[1].Steps) != 9 {
		t.Fatalf("%s", content)
	}
	port, last := document.Hosts[1].Steps[2], document.Hosts[1].Steps[8]
	if port.Name != "port" || port.State != "failed" || port.Cure == "" ||
		last.State != "skipped" || last.Saw != "needs port" {
		t.Errorf("%+v and %+v", port, last)
	}
}

// TestDoctorShowsAWrongPasswordToThreeHosts asks more of them about one account
// of a domain, which counts what all of them refuse.
func TestDoctorShowsAWrongPasswordToThreeHosts(t *testing.T) {
	b := newBedside(t)
	out, _, code := b.call(t, "guessed", "well.corp.test", "no-admin.corp.test", "no-right.corp.test", "blocked.corp.test")
	if code != 1 || strings.Count(out, "it was tried only once") != 3 || strings.Count(out, "4625") != 3 {
		t.Errorf("exit %d, want three refusals:\n%s", code, out)
	}
	_, last, _ := strings.Cut(calm(out), "blocked.corp.test\n")
	if !strings.Contains(last, `LAB\probe was not tried on this host`) ||
		!strings.Contains(last, "so it is tried on no other host") {
		t.Errorf("the fourth host:\n%s", last)
	}
}

// TestDoctorTriesNothing has what is told before anything is sent.
func TestDoctorTriesNothing(t *testing.T) {
	b := newBedside(t)
	for name, c := range map[string]struct {
		password string
		args     []string
		talk     string
	}{
		"no secret":               {"", []string{"well.corp.test"}, "nothing was sent to any host"},
		"no host":                 {"x", nil, "requires at least 1 arg"},
		"a port":                  {"x", []string{"well.corp.test:5985"}, "no host name; its port"},
		"an address for two":      {"x", []string{"a", "b", "--address", "10.0.0.1"}, "leads one host there"},
		"no time":                 {"x", []string{"a", "--timeout", "0s"}, "want more than nothing"},
		"an address that is \"\"": {"x", []string{"a", "--address", ""}, "given and empty"},
	} {
		t.Run(name, func(t *testing.T) {
			out, talk, code := b.call(t, c.password, c.args...)
			if code != 2 || out != "" || !strings.Contains(talk, c.talk) {
				t.Errorf("exit %d, %q, %q", code, out, talk)
			}
		})
	}
}

func TestDoctorIsInterrupted(t *testing.T) {
	b := newBedside(t)
	ctx, interrupt := context.WithCancel(t.Context())
	var stdout, stderr bytes.Buffer
	code := run(ctx, []string{
		"doctor", "silent.corp.test", "--credentials", b.credentials, "--connect-to", b.addresses,
	}, app{
		stdout: at{&stdout, "port", interrupt}, stderr: &stderr, width: 100,
		getenv: func(name string) string { return map[string]string{"LAB_PASSWORD": "open-sesame"}[name] },
	})
	if code != 130 || stderr.String() != "interrupted\n" || strings.Contains(stdout.String(), "VERDICT") {
		t.Errorf("exit %d, %q\n%s", code, stderr.String(), stdout.String())
	}
}

// at calls then when a word is written.
type at struct {
	*bytes.Buffer
	word string
	then func()
}

func (a at) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte(a.word)) {
		a.then()
	}
	return a.Buffer.Write(p)
}

// TestDoctorWraps shows a step on a narrow terminal, whatever a host has in it.
func TestDoctorWraps(t *testing.T) {
	var out bytes.Buffer
	v := &doctorView{app: app{stdout: &out, width: 60}, host: "srv\x1b[31m"}
	v.step(winrm.Step{
		Name: "port", State: winrm.Failed, Took: 1234 * time.Millisecond, Saw: "5985 \x1b]0;title\a refuses",
		Cause: "the service WinRM does not run there, or has no listener", Cure: "run winrm quickconfig",
	})
	v.step(winrm.Step{Name: "wmi", State: winrm.Skipped, Saw: "needs port"})
	v.verdict(1500 * time.Millisecond)
	want := `srv<ESC>[31m
  FAIL  port        5985 <ESC>]0;title<U+0007> refuses
                    (1.2s)
        cause       the service WinRM does not run there, or
                    has no listener
        cure        run winrm quickconfig
  skip  wmi: needs port
VERDICT  FAIL  srv<ESC>[31m: port does not work   1.5s
`
	if d := cmp.Diff(want, out.String()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestWrapWords(t *testing.T) {
	for text, want := range map[string][]string{
		"":                  {""},
		"one two three":     {"one two", "three"},
		"aaaaaaaaaaaaa b c": {"aaaaaaaaaaaaa", "b c"},
		"  a   b  ":         {"a b"},
	} {
		if d := cmp.Diff(want, wrapWords(text, 8)); d != "" {
			t.Errorf("%q (-want +got):\n%s", text, d)
		}
	}
}
