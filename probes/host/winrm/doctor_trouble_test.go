package winrm

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"postpatch/probes/host"
	"postpatch/probes/host/winrm/auth"
	"postpatch/probes/lab/estate"
)

// seen is what a step should come to; cause and cure may also say what must not
// stand there, behind a "!".
type seen struct {
	step             string
	state            State
	saw, cause, cure string
}

// check holds the steps against what they should be.
func check(t *testing.T, steps map[string]Step, wants ...seen) {
	t.Helper()
	for _, want := range wants {
		got := steps[want.step]
		if got.State != want.state || !says(got.Saw, want.saw) || !says(got.Cause, want.cause) || !says(got.Cure, want.cure) {
			t.Errorf("%s: %+v\nwant %+v", want.step, got, want)
		}
	}
}

// says looks for a text, or with a "!" before it for its absence.
func says(text, want string) bool {
	if unwanted, not := strings.CutPrefix(want, "!"); not {
		return !strings.Contains(text, unwanted)
	}
	return strings.Contains(text, want)
}

// troubled is a lab's host on which messages fare ill.
func troubled(faults map[estate.Moment]estate.Trouble) func(*estate.Host) {
	return func(h *estate.Host) { h.WinRM.Faults = faults }
}

// TestExamineWMI tells what is wrong with WMI by what its queries come to: only
// a class that is missing says that the repository is.
func TestExamineWMI(t *testing.T) {
	for name, c := range map[string]struct {
		faults map[estate.Moment]estate.Trouble
		wants  []seen
	}{
		"a host that is busy after its reboot": {
			map[estate.Moment]estate.Trouble{"Enumerate": estate.TroubleTimeout},
			[]seen{
				{"access", Note, "nobody has answered", "WMI takes long", "step wmi"},
				{"wmi", Failed, "timed out", "WMI takes long, as it does for some minutes after a reboot", "run doctor again"},
				{"wmi", Failed, "", "!repository", "!salvage"},
				{"powershell", OK, "collectors run", "", ""},
			},
		},
		"a right that is lost between two queries": {
			map[estate.Moment]estate.Trouble{"Enumerate 2": estate.TroubleDenied},
			[]seen{
				{"access", OK, "may query WMI", "", ""},
				{"wmi", Failed, "access denied", "may not query WMI", "Remote Management Users"},
				{"wmi", Failed, "", "", "!salvage"},
			},
		},
		"a provider that fails": {
			map[estate.Moment]estate.Trouble{"Enumerate": estate.TroubleInternal},
			[]seen{
				{"access", Note, "1359", "WMI fails", "step wmi"},
				{"wmi", Failed, "1359", "the provider behind it fails", "WMI-Activity/Operational"},
				{"wmi", Failed, "", "", "!salvage"},
			},
		},
		"too many operations": {
			map[estate.Moment]estate.Trouble{"Enumerate": estate.TroubleOperations},
			[]seen{
				{"access", Failed, "quota reached", "limit of WinRM", "winrm/config"},
				{"wmi", Skipped, "needs access", "", ""},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, e := clinic(t, troubled(c.faults))
			_, steps := visit(t, e)
			check(t, steps, c.wants...)
		})
	}
}

// TestWMISays has what no lab does: a class that Windows has lost.
func TestWMISays(t *testing.T) {
	missing := &Fault{Kind: BadQuery, Code: 0x80041010, Reason: "Invalid class"}
	if got := mayAsk(missing); got.State != OK || got.Saw != "the account may query" {
		t.Errorf("access: %+v", got)
	}
	for name, err := range map[string]error{"no class": missing, "no rows": nil} {
		step, ill := illWMI(nil, err)
		if !ill || step.State != Failed || !strings.Contains(step.Cure, "/verifyrepository") ||
			!strings.Contains(step.Cure, "where that finds it inconsistent, winmgmt /salvagerepository") {
			t.Errorf("%s: %t, %+v", name, ill, step)
		}
	}
}

// TestExamineStopsSomewhere has a host go silent or hang up in one step after the
// other: what answered before tells why.
func TestExamineStopsSomewhere(t *testing.T) {
	for name, c := range map[string]struct {
		messages               string // which of them the trouble comes to
		auth, user             string
		step                   string
		mute, muteCure         string
		hungUpCause, hungUpFix string
	}{
		"the logon of a domain's account": {
			"Identify 2", NTLM, `CORP\probe`, "logon",
			"has a domain controller verify the account", "Test-ComputerSecureChannel", "domain controller", "Get-Service WinRM",
		},
		"the logon of the host's own account": {
			"Identify 2", NTLM, `.\probe`, "logon",
			"answers strangers and not the account", "run doctor again", "carries no logon", "Get-Service WinRM",
		},
		"the first query": {
			"Enumerate", Basic, "probe", "access", "WMI takes long", "WmiPrvSE.exe", "WMI or a provider", "Winmgmt",
		},
		"quotas": {
			"Get", Basic, "probe", "quotas", "answers queries and hangs", "Restart-Service WinRM, which ends everybody's shells",
			"just stopping", "Get-Service WinRM",
		},
		"the second query": {
			"Enumerate 2, Enumerate 3", Basic, "probe", "wmi", "WMI takes long", "WmiPrvSE.exe", "WMI or a provider", "Winmgmt",
		},
		"a shell": {
			"Create", Basic, "probe", "powershell", "powershell.exe starts slowly", "--timeout", "MaxMemoryPerShellMB", "run doctor again",
		},
		"a command": {
			"Command", Basic, "probe", "powershell", "powershell.exe starts slowly", "WMI alone", "MaxMemoryPerShellMB", "WMI alone",
		},
	} {
		for _, trouble := range []estate.Trouble{estate.TroubleSilent, estate.TroubleDrop} {
			t.Run(name+" "+string(trouble), func(t *testing.T) {
				t.Parallel()
				faults := map[estate.Moment]estate.Trouble{}
				for moment := range strings.SplitSeq(c.messages, ", ") {
					faults[estate.Moment(moment)] = trouble
				}
				_, e := clinic(t, func(h *estate.Host) {
					h.WinRM.Faults, h.WinRM.User = faults, strings.TrimPrefix(c.user, `.\`)
					h.WinRM.HTTP, h.WinRM.Plain = c.auth == NTLM, c.auth == Basic
				})
				e.Options.Auth, e.Options.AllowPlain, e.Options.Credential.User = c.auth, c.auth == Basic, c.user
				want := seen{c.step, Failed, "closed the connection", c.hungUpCause, c.hungUpFix}
				if trouble == estate.TroubleSilent {
					e.Timeout = time.Second
					want = seen{c.step, Failed, "no answer in time", c.mute, c.muteCure}
				}
				_, steps := visit(t, e)
				check(t, steps, want, seen{c.step, Failed, "", "!nothing behind it speaks", "!iplisten"})
				if c.step != "quotas" && strings.Contains(steps[c.step].Cure, "Restart-Service") {
					t.Errorf("%s ends everybody's shells: %q", c.step, steps[c.step].Cure)
				}
			})
		}
	}
}

// TestExamineBlamesNoAccountThatWasNotShown has hosts that refuse before they
// know who comes.
func TestExamineBlamesNoAccountThatWasNotShown(t *testing.T) {
	for name, c := range map[string]struct {
		offer, auth string
		tries       int32 // tokens of NTLM that the host was sent
		want        seen
	}{
		"nothing is offered": {
			"", NTLM, 0,
			seen{"logon", Failed, "offered: nothing; the account was not tried", "not take Negotiate", `@{Negotiate="true"`},
		},
		"nothing is offered to Basic": {
			"", Basic, 0, seen{"logon", Failed, "offered: nothing", "does not take Basic", `@{Basic="true"}`},
		},
		"no challenge": {
			"Negotiate", NTLM, 1,
			seen{"logon", Failed, "broke NTLM off before the account was shown", "a policy restricts NTLM", "Restrict NTLM"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			tries, o := webHost(t, c.offer, 0)
			o.Auth, o.AllowPlain, o.Credential.User = c.auth, c.auth == Basic, `CORP\probe`
			_, steps := visit(t, Examination{Options: o, Resolve: atHome})
			check(t, steps, c.want, seen{"logon", Failed, "!refused", "!password", "!4625"})
			check(t, steps, seen{"logon", Failed, "", "", "!once"})
			if tries.Load() != c.tries {
				t.Errorf("%d tries, want %d", tries.Load(), c.tries)
			}
		})
	}
}

// TestExamineNoShell has hosts that open no shell, or start nothing in it.
func TestExamineNoShell(t *testing.T) {
	for name, c := range map[string]struct {
		moment  estate.Moment
		trouble estate.Trouble
		allows  string // AllowRemoteShellAccess
		want    seen
	}{
		"shells are switched off": {
			"Create", estate.TroubleInternal, "false",
			seen{"powershell", Failed, "no shell: fault (1359)", "does not open remote shells", `AllowRemoteShellAccess="true"`},
		},
		"shells are allowed": {
			"Create", estate.TroubleInternal, "true",
			seen{"powershell", Failed, "no shell: fault (1359)", "not known", "WinRM/Operational"},
		},
		"a busy host": {
			"Create", estate.TroubleTimeout, "true",
			seen{"powershell", Failed, "no shell: timed out", "starts slowly", "--timeout"},
		},
		"a command that is denied": {
			"Command", estate.TroubleDenied, "true",
			seen{"powershell", Failed, "no command: access denied", "may not run a command", "configSDDL"},
		},
		"the second command is denied": {
			"Command 2", estate.TroubleDenied, "true",
			seen{"powershell", Failed, "no command: access denied", "may not run a command", "configSDDL"},
		},
		"output that is denied": {
			"Receive", estate.TroubleDenied, "true",
			seen{"powershell", Failed, "no output: access denied", "may not read", "configSDDL"},
		},
		"a command that fails": {
			"Command", estate.TroubleInternal, "true",
			seen{"powershell", Failed, "no command: fault (1359)", "not known", "WinRM/Operational"},
		},
		"a shell that somebody has ended": {
			"Command", estate.TroubleShellGone, "true",
			seen{"powershell", Failed, "no command: shell gone", "the shell has ended", "run doctor again"},
		},
		"too many operations": {
			"Command", estate.TroubleOperations, "true",
			seen{"powershell", Failed, "quota reached", "limit of WinRM", "Remove-WSManInstance shell"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, e := clinic(t, func(h *estate.Host) {
				h.WinRM.Faults = map[estate.Moment]estate.Trouble{c.moment: c.trouble}
				h.WinRM.Config = map[estate.Setting]string{"AllowRemoteShellAccess": c.allows}
			})
			_, steps := visit(t, e)
			check(t, steps, c.want)
			if c.allows == "true" && strings.Contains(steps["powershell"].Cure, "winrm set") {
				t.Errorf("a cure that changes nothing: %q", steps["powershell"].Cure)
			}
		})
	}
}

// TestExamineWhatIsNoHTTP has servers whose head has a line without a colon, from
// the first reply on or from the second.
func TestExamineWhatIsNoHTTP(t *testing.T) {
	const strange = "HTTP/1.1 200 OK\r\nwelcome to the mail\r\n\r\n"
	for name, c := range map[string]struct {
		well int32 // requests that are answered as WinRM does
		want seen
	}{
		"at once": {0, seen{"identify", Failed, "not HTTP: malformed MIME", "not WinRM", "netstat"}},
		"later":   {1, seen{"logon", Failed, "malformed MIME", "something on the way changes", "proxy"}},
	} {
		t.Run(name, func(t *testing.T) {
			var requests atomic.Int32
			o := scripted(t, func(conn net.Conn) {
				if _, err := http.ReadRequest(bufio.NewReader(conn)); err != nil {
					return
				}
				answer := strange
				if requests.Add(1) <= c.well {
					answer = fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/soap+xml\r\nContent-Length: %d\r\n\r\n%s",
						len(identified), identified)
				}
				_, _ = conn.Write([]byte(answer))
			})
			o.Auth = Basic
			_, steps := visit(t, Examination{Options: o, Resolve: atHome})
			check(t, steps, c.want)
		})
	}
}

// TestExamineJoinsWhatItNotes has a logon with more than one thing to be known.
func TestExamineJoinsWhatItNotes(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", time.Now().Add(40*time.Second).UTC().Format(http.TimeFormat))
		w.Header().Set("Content-Type", soapType)
		_, _ = w.Write([]byte(identified))
	}))
	t.Cleanup(s.Close)
	_, o := webHost(t, "", 0)
	o.Port = s.Listener.Addr().(*net.TCPAddr).Port
	_, steps := visit(t, Examination{Options: o, Resolve: atHome})
	check(t, steps, seen{"logon", Note, " ahead", "password readable", "leave allow_plain to labs"},
		seen{"logon", Note, "", "; the clocks differ", "w32tm"})
	x := &examiner{Options: o, clock: true, ahead: time.Minute}
	x.Auth, x.Credential.User = Negotiate, `CORP\probe`
	var step Step
	x.remark(&step, auth.Used{Mechanism: "NTLM", Why: "NTLM because no KDC answers"})
	check(t, map[string]Step{"": step},
		seen{"", Note, "1m0s ahead", "because no KDC answers; the clocks differ", "may be used there"})
}

// TestExamineStumbles has a panic in one step after the other, as over bytes that
// nobody thought of.
func TestExamineStumbles(t *testing.T) {
	refuse := &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	for name, c := range map[string]struct {
		step string
		dial func(ctx context.Context, network, address string) (net.Conn, error)
	}{
		"name":    {"name", nil},
		"address": {"address", func(context.Context, string, string) (net.Conn, error) { panic("odd\x1bbytes") }},
		"one of the ports": {"address", func(_ context.Context, _, address string) (net.Conn, error) {
			if strings.HasSuffix(address, ":5986") {
				panic("odd\x1bbytes")
			}
			return nil, refuse
		}},
		"identify": {"identify", func(context.Context, string, string) (net.Conn, error) {
			ours, _ := net.Pipe()
			return stumbling{ours}, nil
		}},
	} {
		t.Run(name, func(t *testing.T) {
			resolve := atHome
			if c.dial == nil {
				resolve = func(context.Context, string) (netip.Addr, error) { panic("odd\x1bbytes") }
			}
			o := Options{
				Host: "srv", Auth: NTLM, Credential: host.Credential{User: "u", Password: host.NewSecret("p")}, Dial: c.dial,
			}
			_, steps := visit(t, Examination{Options: o, Resolve: resolve})
			check(t, steps, seen{c.step, Failed, "stumbled: oddbytes", "a defect of postpatch", "report it"},
				seen{"wmi", Skipped, "needs " + c.step, "", ""})
		})
	}
	t.Run("farewell", func(t *testing.T) {
		_, e := clinic(t, troubled(map[estate.Moment]estate.Trouble{"Receive 1": estate.TroubleSilent}))
		var told atomic.Bool
		dial := (&net.Dialer{}).DialContext
		e.Options.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			if told.Load() {
				panic("odd bytes")
			}
			return dial(ctx, network, address)
		}
		e.Timeout = time.Second
		if err := Examine(t.Context(), e, func(s Step) { told.Store(s.Name == "powershell") }); err != nil || !told.Load() {
			t.Errorf("error %v, all told %t", err, told.Load())
		}
	})
}

// stumbling is a connection over whose first bytes a reader falls.
type stumbling struct{ net.Conn }

func (stumbling) Write(p []byte) (int, error) { return len(p), nil }
func (stumbling) Read([]byte) (int, error)    { panic("odd\x1bbytes") }
