package ssh

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/host"
	"postpatch/probes/lab/estate"
)

func windowsHost() estate.Host {
	return estate.Host{
		Name: "srv01.corp.test", SSH: &estate.SSH{User: "probe", Password: "open sesame"},
		OS:       estate.OS{Caption: "Microsoft Windows Server 2025 Standard", Build: 26100, UBR: 4202},
		Services: map[string]estate.Service{"Spooler": {State: "Running", Mode: "Auto"}},
	}
}

func services() host.WQL {
	return host.WQL{Class: "Win32_Service", Columns: []string{"Name", "State"}}
}

func registry() host.Collector {
	return host.Collector{Name: "registry", Args: map[string][]string{
		"key": {`HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion`}, "values": {"UBR"},
	}}
}

func asked(t *testing.T, o Options, questions ...host.Question) (host.Answers, string, error) {
	t.Helper()
	s, err := Open(t.Context(), o)
	if err != nil {
		return host.Answers{}, "", err
	}
	defer func() { _ = s.Close(t.Context()) }()
	answers, err := s.Ask(t.Context(), questions)
	return answers, s.How(), err
}

func TestWindows(t *testing.T) {
	exchange := host.Cmdlet{Endpoint: "Microsoft.Exchange", Name: "Get-Queue", Properties: []string{"Identity"}}
	for name, blocked := range map[string]bool{"PowerShell runs": false, "PowerShell is blocked": true} {
		t.Run(name, func(t *testing.T) {
			h := windowsHost()
			h.WinRM = &estate.WinRM{Blocked: blocked, Noise: true}
			answers, how, err := asked(t, labbed(t, h), services(), registry(), exchange)
			if err != nil {
				t.Fatal(err)
			}
			rows, err := answers.To(registry())
			if blocked {
				if !fails(err, host.ErrNoPowerShell, "blocked by group policy") {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil || len(rows) != 1 || rows[0].Get("UBR").Text != "4202" {
				t.Errorf("got %v, %v", rows, err)
			}
			if rows, err := answers.To(services()); err != nil || len(rows) != 1 {
				t.Errorf("got %v, %v", rows, err)
			}
			if _, err := answers.To(exchange); err == nil || !strings.Contains(err.Error(), "WinRM alone") {
				t.Errorf("a command of Exchange: %v", err)
			}
			if how != "SSH by password (host key ssh-ed25519, pinned), asked by PowerShell" {
				t.Errorf("how: %s", how)
			}
		})
	}
}

// A server whose version says nothing of Windows, and whose shell knows no sh.
func TestWindowsIsFoundByItsAnswer(t *testing.T) {
	h := windowsHost()
	h.SSH.Version = "OpenSSH_9.9"
	answers, how, err := asked(t, labbed(t, h), services())
	if rows, problem := answers.To(services()); err != nil || problem != nil || len(rows) != 1 {
		t.Errorf("got %v, %v, %v", rows, problem, err)
	}
	if !strings.HasSuffix(how, "asked by PowerShell") {
		t.Errorf("how: %s", how)
	}
}

func TestLinux(t *testing.T) {
	h := windowsHost()
	h.Linux = &estate.Linux{}
	h.SSH.Interactive = true
	o := labbed(t, h)
	s, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close(t.Context()) }()
	for range 2 { // over the one connection
		answers, err := s.Ask(t.Context(), []host.Question{services(), registry()})
		if err != nil {
			t.Fatal(err)
		}
		if rows, err := answers.To(services()); err != nil || rows[0].Get("Manager").Text != "systemd" {
			t.Errorf("got %v, %v", rows, err)
		}
		if _, err := answers.To(registry()); !fails(err, host.ErrNoClass, "runs Linux") {
			t.Errorf("got %v", err)
		}
	}
	_ = s.Close(t.Context())
	if _, err := s.Ask(t.Context(), []host.Question{services()}); err == nil {
		t.Error("a closed session answers")
	}
}

func TestWhatIsNoHost(t *testing.T) {
	for name, c := range map[string]struct {
		fault estate.Fault
		is    error
		want  string
	}{
		"too many at once": {estate.Error, host.ErrBusy, "MaxStartups"},
		"it hangs up":      {estate.Drop, nil, "said nothing"},
	} {
		t.Run(name, func(t *testing.T) {
			h := windowsHost()
			h.SSH.Fault = c.fault
			_, _, err := asked(t, labbed(t, h), services())
			if err == nil || c.is != nil && !fails(err, c.is, c.want) ||
				errors.Is(err, host.ErrNoAnswer) {
				t.Errorf("got %v", err)
			}
		})
	}
	o := labbed(t, windowsHost())
	refused := errors.New("connection refused")
	o.Dial = func(context.Context, string, string) (net.Conn, error) { return nil, refused }
	if _, _, err := asked(t, o, services()); !errors.Is(err, host.ErrNoAnswer) || !errors.Is(err, refused) {
		t.Errorf("nobody listens: %v", err)
	}
}

// The key has to be the one of the name, and not of where the name leads.
func TestTheNameHasTheKey(t *testing.T) {
	o := labbed(t, windowsHost())
	right, other := o.Pins[0], lineOf(newKey(t))
	at := func(name string) string { return "[" + name + "]:" + portOf(o) + " " }
	for name, c := range map[string]struct{ known, want string }{
		"the name's":        {at("srv01.corp.test") + right, ""},
		"in capitals there": {at("srv01.corp.test") + right, ""},
		"the address' only": {at("127.0.0.1") + right, "no key is known of [srv01.corp.test]:"},
		"another one":       {at("srv01.corp.test") + other, "has another one for [srv01.corp.test]:"},
		"of another port":   {"srv01.corp.test " + right, "no key is known"},
	} {
		t.Run(name, func(t *testing.T) {
			o := o
			o.Pins, o.Accounts = nil, &host.Accounts{}
			if strings.Contains(name, "capitals") {
				o.Host = "SRV01.corp.test."
			}
			file := filepath.Join(t.TempDir(), "known_hosts")
			if err := os.WriteFile(file, []byte("# comment\n"+c.known), 0o600); err != nil {
				t.Fatal(err)
			}
			var err error
			if o.Known, err = ReadKnownHosts(file); err != nil {
				t.Fatal(err)
			}
			_, _, err = asked(t, o, services())
			if c.want == "" && err != nil || c.want != "" && !fails(err, ErrHostKey, c.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestPasswordsAreShownOnce(t *testing.T) {
	o := labbed(t, windowsHost())
	o.Credential.Password = host.NewSecret("wrong")
	if _, _, err := asked(t, o, services()); !errors.Is(err, host.ErrRefused) || strings.Contains(err.Error(), "wrong\"") {
		t.Errorf("got %v", err)
	}
	got := o.Accounts.Refusals(o.Credential)
	if len(got) != 1 || !strings.HasPrefix(got[0], "srv01.corp.test: SSH at port ") {
		t.Errorf("the run knows of %q", got)
	}
	if _, _, err := asked(t, o, services()); !strings.Contains(err.Error(), "earlier in this run") {
		t.Errorf("once more: %v", err)
	}
	o.Accounts = nil // who forgot it does not get to lock accounts
	if _, _, err := asked(t, o, services()); !errors.Is(err, host.ErrNotTried) {
		t.Errorf("without a memory: %v", err)
	}
}

func TestOptions(t *testing.T) {
	good := Options{
		Host: "srv01", Pins: []string{lineOf(newKey(t))},
		Credential: host.Credential{User: "probe", Password: host.NewSecret("x")},
	}
	var got []string
	for _, change := range []func(*Options){
		func(*Options) {},
		func(o *Options) { o.Host = "" },
		func(o *Options) { o.Port = 70000 },
		func(o *Options) { o.Credential.User = "" },
		func(o *Options) { o.Credential.Password = host.Secret{} },
		func(o *Options) { o.Pins = nil },
		func(o *Options) { o.Pins = []string{"MD5:00"} },
	} {
		o := good
		change(&o)
		text := ""
		if err := Check(o); err != nil {
			text = err.Error()
		}
		got = append(got, text)
	}
	want := []string{
		"", `want a host and a port, got "" and 22`, `want a host and a port, got "srv01" and 70000`, "want a user's name",
		"there is neither a password nor a key nor an agent", "there are no known host keys to tell the host by",
		`reading the host key "MD5:00": want SHA256:… or the line of a .pub file`,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("problems (-want +got):\n%s", d)
	}
}

func TestCLIXML(t *testing.T) {
	out := &output{}
	out.stderr.WriteString("#< CLIXML\r\n" + `<Objs><S S="Error">a &lt;b&gt;_x000D__x000A_</S><S S="Error">c</S></Objs>`)
	if got := out.said(); got != "a <b> c" {
		t.Errorf("got %q", got)
	}
}
