package winrm

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/host"
	"postpatch/probes/lab/estate"
	"postpatch/probes/lab/wsman"
)

// visit examines and returns the steps in their order, and by their names.
func visit(t *testing.T, e Examination) ([]Step, map[string]Step) {
	t.Helper()
	if e.Timeout == 0 {
		e.Timeout = 10 * time.Second
	}
	var steps []Step
	byName := map[string]Step{}
	if err := Examine(t.Context(), e, func(s Step) {
		steps = append(steps, s)
		byName[s.Name] = s
		if s.State != OK && (s.State == Skipped) != (s.Cause == "" || s.Cure == "") {
			t.Errorf("%s is %s with cause %q and cure %q", s.Name, s.State, s.Cause, s.Cure)
		}
		if s.Saw == "" || s.Took < 0 {
			t.Errorf("the step %q tells nothing: %+v", s.Name, s)
		}
	}); err != nil {
		t.Fatal(err)
	}
	return steps, byName
}

// atHome resolves every name to this machine.
func atHome(context.Context, string) (netip.Addr, error) {
	return netip.MustParseAddr("127.0.0.1"), nil
}

// clinic is a lab whose host the change has made ill.
func clinic(t *testing.T, change func(*estate.Host)) (*wsman.Server, Examination) {
	t.Helper()
	h := labHost()
	change(&h)
	server, o := lab(t, h)
	return server, Examination{Options: o, Resolve: atHome}
}

func TestExamineAHealthyHost(t *testing.T) {
	server, e := clinic(t, func(h *estate.Host) { h.WinRM.Plain, h.WinRM.HTTP = false, true })
	e.Options.Auth, e.Options.AllowPlain = NTLM, false
	steps, _ := visit(t, e)
	var got []string
	for _, s := range steps {
		got = append(got, s.Name+" "+s.State.String())
	}
	want := []string{
		"name ok", "address ok", "port ok", "identify ok", "logon ok", "access ok", "quotas ok", "wmi ok", "powershell ok",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("steps (-want +got):\n%s\n%+v", d, steps)
	}
	for _, want := range []string{"NTLM as probe", "messages sealed", "offered: Negotiate"} {
		if !strings.Contains(steps[4].Saw, want) {
			t.Errorf("logon saw %q, want %q in it", steps[4].Saw, want)
		}
	}
	stats := server.Stats()
	if m := stats.Messages; m["Create"] != 1 || m["Delete"] != 1 || m["Command"] != 2 {
		t.Errorf("messages %v, want one shell with two commands, and its end", m)
	}
}

// TestExamineFinds makes a host ill in one way after the other.
func TestExamineFinds(t *testing.T) {
	for name, c := range map[string]struct {
		change      func(*estate.Host)
		step        string
		state       State
		saw, cause  string
		cure        string
		skippedNext string // a step that must wait then; "" for none
	}{
		"silence": {
			func(h *estate.Host) { h.WinRM.Fault = estate.Silent }, "identify", Failed,
			"no answer in time", "nothing behind it speaks", "Restart-Service WinRM", "logon",
		},
		"garbage": {
			func(h *estate.Host) { h.WinRM.Fault = estate.Garbage }, "identify", Failed,
			"not HTTP", "not WinRM", "netstat", "logon",
		},
		"a server that fails": {
			func(h *estate.Host) { h.WinRM.Fault = estate.Error }, "identify", Failed,
			"HTTP 500, text/html; charset=us-ascii, from Microsoft-HTTPAPI", "fails by itself", "Operational", "logon",
		},
		"an endless answer": {
			func(h *estate.Host) { h.WinRM.Fault = estate.Endless }, "identify", Failed,
			"longer than", "not WinRM", "proxy", "logon",
		},
		"a closed connection": {
			func(h *estate.Host) { h.WinRM.Fault = estate.Drop }, "identify", Failed,
			"closed the connection", "starting or stopping", "iplisten", "logon",
		},
		"no right": {
			func(h *estate.Host) { h.WinRM.Denied = true }, "access", Failed,
			"Access is denied", "may not query", "Remote Management Users", "powershell",
		},
		"no administrator": {
			func(h *estate.Host) { h.WinRM.Limited = true }, "quotas", Note,
			"access denied", "only an administrator", "winrm get winrm/config", "",
		},
		"small quotas": {
			func(h *estate.Host) {
				h.WinRM.Config = map[estate.Setting]string{"MaxMemoryPerShellMB": "80", "MaxShellsPerUser": "2147483647"}
			}, "quotas", Note,
			"any number of shells, 25 processes a shell, 80 MB a shell", "MaxMemoryPerShellMB is 80, 1024 is usual",
			`winrm set winrm/config/winrs @{MaxMemoryPerShellMB="1024"}`, "",
		},
		"everything in clear": {
			func(*estate.Host) {}, "quotas", Note, "channel binding relaxed", "AllowUnencrypted and Basic are true",
			`winrm set winrm/config/service @{AllowUnencrypted="false"}`, "",
		},
		"readable passwords": {
			func(*estate.Host) {}, "logon", Note, "Basic as probe, in clear", "readable", "allow_plain", "",
		},
		"a policy against PowerShell": {
			func(h *estate.Host) { h.WinRM.Blocked = true }, "powershell", Failed,
			"blocked by group policy", "AppLocker", "Get-AppLockerPolicy", "",
		},
		"no PowerShell": {
			func(h *estate.Host) { h.WinRM.NoPowerShell = true }, "powershell", Failed,
			"not recognized as an internal", "path", "where powershell", "",
		},
		"a constrained PowerShell": {
			func(h *estate.Host) { h.WinRM.Language = "ConstrainedLanguage" }, "powershell", Failed,
			"ConstrainedLanguage", "WDAC or AppLocker", "WMI alone", "",
		},
		"an old PowerShell": {
			func(h *estate.Host) { h.WinRM.PSVersion = "2.0" }, "powershell", Failed,
			"version 2.0", "too old", "Windows Management Framework 5.1", "",
		},
		"too many shells": {
			func(h *estate.Host) {
				h.WinRM.Faults = map[estate.Moment]estate.Trouble{"Create": estate.TroubleShells}
			}, "powershell", Failed,
			"quota reached", "limit of WinRM", "winrm enumerate shell", "",
		},
		"a shell that is denied": {
			func(h *estate.Host) {
				h.WinRM.Faults = map[estate.Moment]estate.Trouble{"Create": estate.TroubleDenied}
			}, "powershell", Failed,
			"no shell: access denied", "may not open a shell", "WMI alone", "",
		},
		"a shell that is lost": {
			func(h *estate.Host) {
				h.WinRM.Faults = map[estate.Moment]estate.Trouble{"Receive 1": estate.TroubleSilent}
			}, "powershell", Failed, "no answer in time", "powershell.exe starts slowly", "WMI alone", "",
		},
		"configuration that is kept back": {
			func(h *estate.Host) {
				h.WinRM.Faults = map[estate.Moment]estate.Trouble{"Get": estate.TroubleInternal}
			}, "quotas", Note, "1359", "does not show", "winrm get winrm/config", "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			server, e := clinic(t, c.change)
			if c.saw == "no answer in time" {
				e.Timeout = time.Second
			}
			_, steps := visit(t, e)
			got := steps[c.step]
			if got.State != c.state || !strings.Contains(got.Saw, c.saw) || !strings.Contains(got.Cause, c.cause) ||
				!strings.Contains(got.Cure, c.cure) {
				t.Errorf("%s: %+v", c.step, got)
			}
			if next := steps[c.skippedNext]; c.skippedNext != "" && (next.State != Skipped || next.Saw != "needs "+c.step) {
				t.Errorf("%s: %+v, want it skipped", c.skippedNext, next)
			}
			if m := server.Stats().Messages; m["Create"] > 0 && m["Delete"] == 0 && len(e.Options.Host) > 0 &&
				!strings.HasPrefix(got.Saw, "no shell") && !strings.HasPrefix(got.Saw, "quota") {
				t.Errorf("messages %v: the shell stays behind", m)
			}
		})
	}
}

// TestExamineTriesAnAccountOnce counts what a host hears of a wrong password.
func TestExamineTriesAnAccountOnce(t *testing.T) {
	t.Run("NTLM", func(t *testing.T) {
		server, e := clinic(t, func(h *estate.Host) { h.WinRM.Plain, h.WinRM.HTTP = false, true })
		e.Options.Auth, e.Options.AllowPlain = NTLM, false
		e.Options.Credential.Password = host.NewSecret("wrong")
		_, steps := visit(t, e)
		got := steps["logon"]
		if got.State != Failed || !strings.Contains(got.Saw, "probe was refused") || !strings.Contains(got.Cure, "4625") ||
			strings.Contains(got.Saw+got.Cause+got.Cure, "wrong\"") {
			t.Errorf("logon: %+v", got)
		}
		// Identify, what is offered, and the two legs of one proof.
		if n := server.Stats().Requests; n != 4 {
			t.Errorf("%d requests, want 4", n)
		}
	})
	t.Run("Basic", func(t *testing.T) {
		tries, o := webHost(t, "Basic realm=\"WSMAN\"", 0)
		_, steps := visit(t, Examination{Options: o, Resolve: atHome})
		if got := steps["logon"]; got.State != Failed || !strings.Contains(got.Cause, "Basic knows the host's own only") {
			t.Errorf("logon: %+v", got)
		}
		if tries.Load() != 1 {
			t.Errorf("%d tries, want 1", tries.Load())
		}
	})
	t.Run("not offered", func(t *testing.T) {
		tries, o := webHost(t, "Negotiate, Kerberos", 0)
		_, steps := visit(t, Examination{Options: o, Resolve: atHome})
		if got := steps["logon"]; got.State != Failed ||
			!strings.Contains(got.Saw, "Negotiate, Kerberos; the account was not tried") ||
			!strings.Contains(got.Cure, "leave out auth: basic") {
			t.Errorf("logon: %+v", got)
		}
		if tries.Load() != 0 {
			t.Errorf("%d tries, want none", tries.Load())
		}
	})
}

// webHost identifies itself, offers something, and refuses every account; its
// clock is ahead.
func webHost(t *testing.T, offer string, ahead time.Duration) (*atomic.Int32, Options) {
	t.Helper()
	tries := new(atomic.Int32)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", time.Now().Add(ahead).UTC().Format(http.TimeFormat))
		switch {
		case r.Header.Get("WSMANIDENTIFY") != "":
			w.Header().Set("Content-Type", soapType)
			_, _ = w.Write([]byte(identified))
			return
		case r.Header.Get("Authorization") != "":
			tries.Add(1)
		}
		w.Header().Set("WWW-Authenticate", offer)
		w.WriteHeader(http.StatusUnauthorized)
	}))
	t.Cleanup(s.Close)
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		t.Fatal(err)
	}
	return tries, Options{
		Host: "web.corp.test", Address: "127.0.0.1", Port: port, Auth: Basic, AllowPlain: true,
		Credential: host.Credential{User: "probe", Password: host.NewSecret("p")},
	}
}

const identified = `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header/><s:Body>` +
	`<wsmid:IdentifyResponse xmlns:wsmid="` + nsIdentity + `">` +
	`<wsmid:ProductVendor>Microsoft Corporation</wsmid:ProductVendor>` +
	`<wsmid:ProductVersion>OS: 0.0.0 SP: 0.0 Stack: 3.0</wsmid:ProductVersion>` +
	`</wsmid:IdentifyResponse></s:Body></s:Envelope>`

func TestExamineReadsTheHostsClock(t *testing.T) {
	_, o := webHost(t, "Negotiate", 10*time.Minute)
	o, err := o.complete()
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	x := &examiner{Options: o, session: s}
	if got := x.identify(t.Context()); got.State != OK || got.Saw != "Microsoft Corporation, Stack: 3.0" {
		t.Errorf("identify: %+v", got)
	}
	if off := x.ahead - 10*time.Minute; !x.clock || off.Abs() > 5*time.Second {
		t.Errorf("the clock is %s ahead, want ten minutes", x.ahead)
	}
	// A Date is good to half a second, and so is what was made of it; the words are of whole ones.
	x.ahead = 10*time.Minute + 499*time.Millisecond
	s.transport.used.Mechanism, x.Auth, x.TLS = "Kerberos", Kerberos, true
	got := x.refusedLogon(&Fault{Kind: AccessDenied, Status: http.StatusUnauthorized})
	if !strings.Contains(got.Cause, "10m0s ahead, and Kerberos allows five minutes") {
		t.Errorf("a ticket that was refused: %+v", got)
	}
	x.ahead = time.Second
	got = x.refusedLogon(&Fault{Kind: AccessDenied, Status: http.StatusUnauthorized})
	if !strings.Contains(got.Cause, "HTTP/web.corp.test") || !strings.Contains(got.Cure, "setspn -Q HTTP/web.corp.test") {
		t.Errorf("a ticket that was refused at the right time: %+v", got)
	}
}

func TestExamineTheWay(t *testing.T) {
	dns := func(e net.DNSError) func(context.Context, string) (netip.Addr, error) {
		return func(context.Context, string) (netip.Addr, error) { return netip.Addr{}, &e }
	}
	silent := func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	refused := &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	// only says that nothing answers but one port, which refuses.
	only := func(port string) func(context.Context, string, string) (net.Conn, error) {
		return func(ctx context.Context, network, address string) (net.Conn, error) {
			if strings.HasSuffix(address, ":"+port) && ctx.Err() == nil { // as a dialler does
				return nil, refused
			}
			return silent(ctx, network, address)
		}
	}
	for name, c := range map[string]struct {
		resolve          func(context.Context, string) (netip.Addr, error)
		dial             func(context.Context, string, string) (net.Conn, error)
		step, saw, cause string
		cure             string
	}{
		"an unknown name": {
			dns(net.DNSError{Err: "no such host", IsNotFound: true}), silent, "name",
			"srv has no address", "knows no such name", "write the name with its domain",
		},
		"a DNS server that fails": {
			dns(net.DNSError{Err: "server misbehaving", IsTemporary: true}), silent, "name",
			"server misbehaving", "SERVFAIL", "forwarders",
		},
		"a DNS server that is silent": {
			dns(net.DNSError{Err: "i/o timeout", IsTimeout: true}), silent, "name",
			"no answer from the DNS", "no DNS server", "--address",
		},
		"nothing at all": {
			atHome, silent, "address", "127.0.0.1 does not answer, on 5985 or on 5986, 445, 135, 3389",
			"off, still booting", "console",
		},
		"no way": {
			atHome, func(context.Context, string, string) (net.Conn, error) {
				return nil, &net.OpError{Op: "dial", Err: syscall.EHOSTUNREACH}
			}, "address", "no route to host", "no way leads", "route from here",
		},
		"a firewall": {
			atHome, only("445"), "port", "5985 does not answer", "a firewall drops 5985: the address answers on 445",
			"Get-NetConnectionProfile",
		},
		"no listener": {
			atHome, only("5985"), "port", "5985 refuses", "does not run there, or has no http listener", "winrm quickconfig",
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := Options{
				Host: "srv", Dial: c.dial, Auth: NTLM, Credential: host.Credential{User: "u", Password: host.NewSecret("p")},
			}
			steps, byName := visit(t, Examination{Options: o, Resolve: c.resolve, Timeout: 700 * time.Millisecond})
			got := byName[c.step]
			if got.State != Failed || !strings.Contains(got.Saw, c.saw) || !strings.Contains(got.Cause, c.cause) ||
				!strings.Contains(got.Cure, c.cure) {
				t.Errorf("%s: %+v", c.step, got)
			}
			if last := steps[len(steps)-1]; last.State != Skipped || last.Saw != "needs "+c.step {
				t.Errorf("last %+v, want it skipped", last)
			}
		})
	}
}

// TestExamineKnowsTheOtherListener finds WinRM on its other port.
func TestExamineKnowsTheOtherListener(t *testing.T) {
	o := Options{
		Host: "srv", Auth: NTLM, Credential: host.Credential{User: "u", Password: host.NewSecret("p")},
		Dial: func(_ context.Context, _, address string) (net.Conn, error) {
			if !strings.HasSuffix(address, ":5986") {
				return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
			}
			ours, theirs := net.Pipe()
			return ours, theirs.Close()
		},
	}
	_, steps := visit(t, Examination{Options: o, Resolve: atHome})
	if got := steps["port"]; !strings.Contains(got.Cure, "5986 is open: write winrm: {tls: true}") {
		t.Errorf("port: %+v", got)
	}
}

func TestExamineEndsAtOnce(t *testing.T) {
	for _, after := range []string{"", "port", "wmi"} {
		server, e := clinic(t, func(*estate.Host) {})
		e.Options.Address = "localhost"
		ctx, cancel := context.WithCancel(t.Context())
		e.Resolve = func(ctx context.Context, name string) (netip.Addr, error) {
			if after == "" {
				cancel()
				<-ctx.Done()
				return netip.Addr{}, ctx.Err()
			}
			return atHome(ctx, name)
		}
		last := ""
		err := Examine(ctx, e, func(s Step) {
			last = s.Name
			if s.Name == after {
				cancel()
			}
		})
		cancel()
		if !errors.Is(err, context.Canceled) || last != after {
			t.Errorf("cancelled after %q: error %v, last step %q", after, err, last)
		}
		if m := server.Stats().Messages; m["Create"]+m["Delete"] > 0 { // all that is to come
			t.Errorf("messages %v", m)
		}
	}
}

// TestIdentifyIsSentAgainWhole hangs up on the first Identify: the message has no
// identity that could be replaced in the second.
func TestIdentifyIsSentAgainWhole(t *testing.T) {
	var heardBodies []string
	o := scripted(t, func(conn net.Conn) {
		req, err := http.ReadRequest(bufio.NewReader(conn))
		if err != nil {
			return
		}
		body, _ := io.ReadAll(req.Body)
		if heardBodies = append(heardBodies, string(body)); len(heardBodies) > 1 {
			_, _ = fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Type: application/soap+xml\r\nContent-Length: %d\r\n\r\n%s",
				len(identified), identified)
		}
	})
	s := session(t, o)
	if _, err := s.transport.send(t.Context(), identifyRequest); err != nil {
		t.Error(err)
	}
	if d := cmp.Diff([]string{identifyRequest, identifyRequest}, heardBodies); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestExamineRefusesBadOptions(t *testing.T) {
	o := Options{Host: "srv", Auth: Basic, Credential: host.Credential{User: "u", Password: host.NewSecret("p")}}
	err := Examine(t.Context(), Examination{Options: o}, func(s Step) { t.Errorf("step %+v", s) })
	if err == nil || !strings.Contains(err.Error(), "without TLS") {
		t.Errorf("error %v", err)
	}
}
