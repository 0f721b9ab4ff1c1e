package winrm

import (
	"context"
	"errors"
	"strings"
	"testing"

	"postpatch/probes/host"
	"postpatch/probes/lab/estate"
)

func ntlm(o Options) Options {
	o.Auth, o.AllowPlain = NTLM, false
	return o
}

func TestNTLMSealsOverHTTP(t *testing.T) {
	for name, change := range map[string]func(*estate.WinRM){
		"as Windows does":              func(*estate.WinRM) {},
		"Exchange's boundaries":        func(w *estate.WinRM) { w.Spaced = true },
		"no message beside the token":  func(w *estate.WinRM) { w.NoEarlyBody = true },
		"the account asked for anew":   func(w *estate.WinRM) { w.Reauth = 2 },
		"output in pieces, with noise": func(w *estate.WinRM) { w.Pieces, w.Noise = 3, true },
	} {
		t.Run(name, func(t *testing.T) {
			h := labHost()
			h.WinRM.Plain = false
			change(h.WinRM)
			server, o := lab(t, h)
			s := session(t, ntlm(o))
			for _, questions := range [][]host.Question{{services(), system()}, {services(), build()}} {
				got, err := s.Ask(t.Context(), questions)
				if err != nil {
					t.Fatal(err)
				}
				for _, q := range questions {
					if rows, err := got.To(q); err != nil || len(rows) == 0 {
						t.Errorf("%s: %d rows, error %v", q, len(rows), err)
					}
				}
			}
			if used := s.Used(); used.Mechanism != "NTLM" {
				t.Errorf("used %+v", used)
			}
			t.Logf("%+v", server.Stats())
		})
	}
}

func TestNTLMCostsOneMessageMore(t *testing.T) {
	h := labHost()
	h.WinRM.Plain = false
	server, o := lab(t, h)
	if _, err := session(t, ntlm(o)).Ask(t.Context(), []host.Question{system(), build()}); err != nil {
		t.Fatal(err)
	}
	stats := server.Stats()
	messages := 0
	for _, n := range stats.Messages {
		messages += n
	}
	if stats.Requests != messages+1 || messages > 6 || stats.Connections != 1 {
		t.Errorf("%d requests for %d messages on %d connections: %v", stats.Requests, messages, stats.Connections, stats)
	}
}

func TestAWrongPasswordIsCountedOnce(t *testing.T) {
	for name, change := range map[string]func(*estate.WinRM){
		"beside the message": func(*estate.WinRM) {},
		"by itself":          func(w *estate.WinRM) { w.NoEarlyBody = true },
	} {
		t.Run(name, func(t *testing.T) {
			h := labHost()
			h.WinRM.Plain = false
			change(h.WinRM)
			server, o := lab(t, h)
			o = ntlm(o)
			o.Credential.Password = host.NewSecret("wr0ng")
			_, err := session(t, o).Ask(t.Context(), []host.Question{services(), build()})
			var fault *Fault
			if !errors.As(err, &fault) || fault.Kind != AccessDenied || strings.Contains(err.Error(), "wr0ng") {
				t.Errorf("%v, want access denied", err)
			}
			if stats := server.Stats(); stats.Refused != 1 || len(stats.Messages) != 0 {
				t.Errorf("%+v, want one refused logon and no message", stats)
			}
		})
	}
}

// TestASilentKDCIsNoSilentHost: it is named, and says nothing about the host.
func TestASilentKDCIsNoSilentHost(t *testing.T) {
	mute := serving(t, keep, func() error { return nil })
	for _, way := range []string{Kerberos, Negotiate} {
		_, o := braking(t, &brake{}, false)
		o.Auth, o.Krb5Conf = way, strings.ReplaceAll(o.Krb5Conf, " kdc = ", " kdc = "+mute.String()+" #")
		ctx, cancel := context.WithTimeout(t.Context(), soon)
		defer cancel()
		_, err := session(t, o).Ask(ctx, []host.Question{services()})
		if !errors.Is(err, host.ErrNotTried) || errors.Is(err, host.ErrNoAnswer) ||
			!errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "KDC of CORP.TEST") {
			t.Errorf("%s: %v, want it to speak of the KDC", way, err)
		}
	}
}

// TestAHostThatHangsUpIsShownAnAccountTwice at most: it may count wrong
// passwords without a word.
func TestAHostThatHangsUpIsShownAnAccountTwice(t *testing.T) {
	for name, asked := range map[string][]host.Question{"by queries": {services()}, "by script": {services(), build()}} {
		t.Run(name, func(t *testing.T) {
			h := labHost()
			h.WinRM.Plain = false
			h.WinRM.Faults = map[estate.Moment]estate.Trouble{
				"Create": estate.TroubleDrop, "Enumerate": estate.TroubleDrop, "Delete": estate.TroubleDrop,
			}
			server, o := lab(t, h)
			s := session(t, ntlm(o))
			if _, err := s.Ask(t.Context(), asked); err == nil {
				t.Error("an answer from a host that hangs up")
			}
			if err := s.Close(t.Context()); err != nil {
				t.Error(err)
			}
			if n := server.Stats().Auth["NTLM"]; n > 2 {
				t.Errorf("the account was shown %d times: %+v", n, server.Stats())
			}
		})
	}
}

// TestSealedSessionsTakeNothingElse holds the client to its seal.
func TestSealedSessionsTakeNothingElse(t *testing.T) {
	for trouble, want := range map[estate.Trouble]string{
		estate.TroubleUnsealed: "in clear",
		estate.TroubleLength:   "announced",
		estate.TroubleBoundary: "boundary",
		estate.TroubleGarbage:  "reading the reply",
		estate.TroubleID:       "not to ours",
		estate.TroubleHuge:     "longer than",
		estate.TroubleCut:      "the host closed the connection",
	} {
		for _, moment := range []estate.Moment{"Enumerate 1", "Pull 1", "Create 1", "Receive 1"} {
			t.Run(string(trouble)+" "+string(moment), func(t *testing.T) {
				h := labHost()
				h.WinRM.Plain = false
				h.WinRM.Faults = map[estate.Moment]estate.Trouble{moment: trouble}
				server, o := lab(t, h)
				s := session(t, ntlm(o))
				asked := []host.Question{services()}
				if moment == "Create 1" || moment == "Receive 1" {
					asked = append(asked, build())
				}
				_, err := s.Ask(t.Context(), asked)
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%v, want it to say %q", err, want)
				}
				if err := s.Close(t.Context()); err != nil {
					t.Error(err)
				}
				if stats := server.Stats(); stats.Shells != 0 {
					t.Errorf("%d shells are left: %v", stats.Shells, stats.Messages)
				}
			})
		}
	}
}
