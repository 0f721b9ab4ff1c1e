package ssh

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	xssh "golang.org/x/crypto/ssh"

	"postpatch/probes/host"
	"postpatch/probes/lab/estate"
	lab "postpatch/probes/lab/ssh"
)

// pipes is a network on which every dial is served by serve.
type pipes struct {
	serve func(net.Conn)
	dials int
}

func (p *pipes) dial(context.Context, string, string) (net.Conn, error) {
	p.dials++
	here, there := net.Pipe()
	go p.serve(newQueued(there))
	return newQueued(here), nil
}

// queued is the end of a pipe that takes what is written before anybody reads, as a socket
// does: both sides of SSH begin by writing.
type queued struct {
	net.Conn
	queue chan []byte
	ended chan struct{}
	once  sync.Once
}

func newQueued(c net.Conn) *queued {
	q := &queued{Conn: c, queue: make(chan []byte, 64), ended: make(chan struct{})}
	go func() {
		for {
			select {
			case p := <-q.queue:
				if _, err := q.Conn.Write(p); err != nil {
					_ = q.Close()
					return
				}
			case <-q.ended:
				return
			}
		}
	}()
	return q
}

func (q *queued) Write(p []byte) (int, error) {
	select {
	case q.queue <- bytes.Clone(p):
		return len(p), nil
	case <-q.ended:
		return 0, net.ErrClosed
	}
}

func (q *queued) Close() error {
	q.once.Do(func() { close(q.ended) })
	return q.Conn.Close()
}

func newKey(t *testing.T) xssh.Signer {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := xssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

func lineOf(s xssh.Signer) string { return string(xssh.MarshalAuthorizedKey(s.PublicKey())) }

// labbed leads to a server of the lab.
func labbed(t *testing.T, h estate.Host) Options {
	t.Helper()
	key := newKey(t)
	server := lab.New(func() estate.Host { return h }, key, nil)
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(ln)
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-ended
	})
	return Options{
		Host: "srv01.corp.test", Address: "127.0.0.1", Port: ln.Addr().(*net.TCPAddr).Port, Pins: []string{lineOf(key)},
		Credential: host.Credential{User: "probe", Password: host.NewSecret("open sesame")}, Accounts: &host.Accounts{},
	}
}

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
				if !errors.Is(err, host.ErrNoPowerShell) || !strings.Contains(err.Error(), "blocked by group policy") {
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
		if _, err := answers.To(registry()); !errors.Is(err, host.ErrNoClass) || !strings.Contains(err.Error(), "runs Linux") {
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
			if err == nil || c.is != nil && !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.want) ||
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
			if c.want == "" && err != nil || c.want != "" && (!errors.Is(err, ErrHostKey) || !strings.Contains(err.Error(), c.want)) {
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
	if got := o.Accounts.Refusals(o.Credential); len(got) != 1 || !strings.HasPrefix(got[0], "srv01.corp.test: SSH at port ") {
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

func portOf(o Options) string {
	_, port, _ := net.SplitHostPort((&net.TCPAddr{Port: o.Port}).String())
	return port
}

// served is a server of one session's behaviour, over pipes.
type served struct {
	key      xssh.Signer
	config   xssh.ServerConfig
	session  func(xssh.Channel, <-chan *xssh.Request)
	refuse   xssh.RejectionReason
	requests func(<-chan *xssh.Request)
}

func (s *served) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	server, channels, requests, err := xssh.NewServerConn(conn, &s.config)
	if err != nil {
		return
	}
	if s.requests == nil {
		go xssh.DiscardRequests(requests)
	} else {
		go s.requests(requests)
	}
	for c := range channels {
		if s.refuse != 0 {
			_ = c.Reject(s.refuse, "no more sessions")
			continue
		}
		if channel, asked, err := c.Accept(); err == nil {
			go s.session(channel, asked)
		}
	}
	_ = server.Wait()
}

func (s *served) options(t *testing.T) (Options, *pipes) {
	t.Helper()
	s.key = newKey(t)
	s.config.AddHostKey(s.key)
	if s.config.PasswordCallback == nil && s.config.KeyboardInteractiveCallback == nil {
		s.config.PasswordCallback = func(xssh.ConnMetadata, []byte) (*xssh.Permissions, error) { return nil, nil }
	}
	network := &pipes{serve: s.serve}
	return Options{
		Host: "srv01", Pins: []string{lineOf(s.key)}, Dial: network.dial, Accounts: &host.Accounts{},
		Credential: host.Credential{User: "probe", Password: host.NewSecret("open sesame")},
	}, network
}

// run accepts every request, and carries the first command out.
func run(do func(xssh.Channel)) func(xssh.Channel, <-chan *xssh.Request) {
	return func(c xssh.Channel, asked <-chan *xssh.Request) {
		for r := range asked {
			_ = r.Reply(r.Type == "exec", nil)
			if r.Type == "exec" {
				go do(c)
			}
		}
	}
}

func TestHostileServers(t *testing.T) {
	for name, c := range map[string]struct {
		server served
		is     error
		want   string
	}{
		"endless output": {served{session: run(func(c xssh.Channel) {
			for line := []byte(strings.Repeat("y", 1<<15)); ; {
				if _, err := c.Write(line); err != nil {
					return
				}
			}
		})}, errTooLong, ""},
		"no command": {served{session: func(c xssh.Channel, asked <-chan *xssh.Request) {
			for r := range asked {
				_ = r.Reply(false, nil)
			}
		}}, host.ErrDenied, "ForceCommand"},
		"no more sessions": {served{refuse: xssh.ResourceShortage}, host.ErrBusy, "no more sessions"},
		"no session":       {served{refuse: xssh.Prohibited}, host.ErrDenied, ""},
		"nothing at all":   {served{session: run(func(c xssh.Channel) { _ = c.Close() })}, nil, ""},
		"neither shell": {served{session: run(func(c xssh.Channel) {
			_, _ = c.Stderr().Write([]byte("what?\x1b[2J"))
			_, _ = c.SendRequest("exit-status", false, []byte{0, 0, 0, 9})
			_ = c.Close()
		})}, nil, `it said "what?[2J"`},
		"a second question": {served{config: xssh.ServerConfig{
			KeyboardInteractiveCallback: func(_ xssh.ConnMetadata, ask xssh.KeyboardInteractiveChallenge) (*xssh.Permissions, error) {
				if _, err := ask("", "", []string{"Password:"}, []bool{false}); err != nil {
					return nil, err
				}
				_, err := ask("", "", []string{"New password:"}, []bool{false})
				return nil, err
			},
		}}, nil, `the host asks for more than the password: "New password:"`},
		"a code": {served{config: xssh.ServerConfig{
			KeyboardInteractiveCallback: func(_ xssh.ConnMetadata, ask xssh.KeyboardInteractiveChallenge) (*xssh.Permissions, error) {
				_, err := ask("", "", []string{"Password:", "Code:"}, []bool{false, true})
				return nil, err
			},
		}}, nil, "asks for more than the password"},
		"keys alone": {served{config: xssh.ServerConfig{
			PasswordCallback:  nil,
			PublicKeyCallback: func(xssh.ConnMetadata, xssh.PublicKey) (*xssh.Permissions, error) { return nil, nil },
			KeyboardInteractiveCallback: func(_ xssh.ConnMetadata, ask xssh.KeyboardInteractiveChallenge) (*xssh.Permissions, error) {
				return nil, errors.New("it never asks")
			},
		}}, host.ErrRefused, "the host asked for no password"},
	} {
		t.Run(name, func(t *testing.T) {
			o, _ := c.server.options(t)
			answers, _, err := asked(t, o, services())
			if err == nil {
				_, err = answers.To(services())
			}
			if err == nil || c.is != nil && !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.want) ||
				strings.ContainsRune(err.Error(), '\x1b') {
				t.Errorf("got %v", err)
			}
		})
	}
}

// mute reads and says nothing.
func mute(c net.Conn) {
	_, _ = io.Copy(io.Discard, c)
	_ = c.Close()
}

// What speaks another protocol is not waited for as long as a host that says nothing.
func TestAnotherProtocol(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, network := new(served).options(t)
		network.serve = func(c net.Conn) {
			_, _ = io.WriteString(c, "220 mail.corp.test ESMTP\r\n")
			mute(c)
		}
		start := time.Now()
		_, _, err := asked(t, o, services())
		if want := `no SSH answers there: it began with "220 mail.corp.test ESMTP"`; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v", err)
		}
		if took := time.Since(start); took > foreign {
			t.Errorf("it took %s", took)
		}
	})
}

// A host that hangs is left when the context ends, in whatever it hangs.
func TestEveryWaitEnds(t *testing.T) {
	for name, serve := range map[string]func(s *served, over <-chan struct{}) func(net.Conn){
		"before its version": func(*served, <-chan struct{}) func(net.Conn) { return mute },
		"in the logon": func(s *served, over <-chan struct{}) func(net.Conn) {
			s.config.PasswordCallback = func(xssh.ConnMetadata, []byte) (*xssh.Permissions, error) {
				<-over
				return nil, nil
			}
			return s.serve
		},
		"in the command": func(s *served, _ <-chan struct{}) func(net.Conn) {
			s.session = run(func(xssh.Channel) {})
			s.requests = func(all <-chan *xssh.Request) {
				for r := range all {
					_ = r.Reply(false, nil) // it is alive
				}
			}
			return s.serve
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, over := &served{}, make(chan struct{})
				defer close(over)
				o, network := s.options(t)
				network.serve = serve(s, over)
				session, err := Open(t.Context(), o)
				if err != nil {
					t.Fatal(err)
				}
				late := errors.New("the check's time is over")
				ctx, cancel := context.WithTimeoutCause(t.Context(), 50*time.Second, late)
				defer cancel()
				start := time.Now()
				_, err = session.Ask(ctx, []host.Question{services()})
				if !errors.Is(err, late) || time.Since(start) != 50*time.Second {
					t.Errorf("got %v after %s", err, time.Since(start))
				}
				_ = session.Close(t.Context())
			})
		})
	}
}

// A connection that has died is noticed long before the context ends.
func TestAHostThatDiesIsNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &served{session: run(func(xssh.Channel) {}), requests: func(all <-chan *xssh.Request) {
			for range all { // and answers none
				continue
			}
		}}
		o, _ := s.options(t)
		start := time.Now()
		if _, _, err := asked(t, o, services()); err == nil {
			t.Error("no error")
		}
		if took := time.Since(start); took < alive || took > 3*alive {
			t.Errorf("noticed after %s", took)
		}
	})
}

// A connection that is lost when the password was shown says nothing about it.
func TestALostConnectionIsNoRefusal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &served{}
		var conn net.Conn
		s.config.PasswordCallback = func(xssh.ConnMetadata, []byte) (*xssh.Permissions, error) {
			_ = conn.Close()
			return nil, nil
		}
		o, network := s.options(t)
		network.serve = func(c net.Conn) {
			conn = c
			s.serve(c)
		}
		_, _, err := asked(t, o, services())
		if err == nil || errors.Is(err, host.ErrRefused) || !strings.Contains(err.Error(), "hung up without a word on the password") {
			t.Errorf("got %v", err)
		}
		if got := o.Accounts.Refusals(o.Credential); len(got) > 0 {
			t.Errorf("the run takes it for refused by %q", got)
		}
	})
}

// Whoever waits long for leave to show a password does so on a fresh connection.
func TestWaitingForLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &served{session: run(func(c xssh.Channel) { _ = c.Close() })}
		o, network := s.options(t)
		done, err := o.Accounts.Try(t.Context(), o.Credential, "elsewhere")
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			time.Sleep(patience + time.Second)
			done(host.Later)
		}()
		if _, _, err := asked(t, o, services()); errors.Is(err, host.ErrNotTried) || errors.Is(err, host.ErrRefused) {
			t.Errorf("got %v", err)
		}
		if network.dials != 2 {
			t.Errorf("%d connections", network.dials)
		}
		// It was taken: who comes next waits for nobody.
		if done, err := o.Accounts.Try(t.Context(), o.Credential, "elsewhere"); err != nil {
			t.Error(err)
		} else {
			done(host.Taken)
		}
	})
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
	out.stderr.WriteString(`#< CLIXML` + "\r\n" + `<Objs><S S="Error">a &lt;b&gt;_x000D__x000A_</S><S S="Error">c</S></Objs>`)
	if got := said(out); got != "a <b> c" {
		t.Errorf("got %q", got)
	}
}
