package auth_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"postpatch/probes/host"
	"postpatch/probes/host/winrm/auth"
	"postpatch/probes/lab/kerberos"
)

// logon has a Windows host shown an account, and says in a word what came of it.
func logon(t *testing.T, l *auth.Logins, c host.Credential, hostName string, came auth.Outcome) string {
	t.Helper()
	done, err := l.Try(t.Context(), c, hostName)
	switch {
	case errors.Is(err, auth.ErrAccount):
		return "not tried: " + err.Error()
	case err != nil:
		return err.Error()
	case done != nil:
		done(came)
	}
	return "shown"
}

// door has a mail server shown an account.
func door(t *testing.T, l *auth.Logins, c host.Credential, name string, came host.Shown) string {
	t.Helper()
	done, err := l.Accounts().Try(t.Context(), c, name)
	switch {
	case errors.Is(err, host.ErrNotTried):
		return "not tried: " + err.Error()
	case err != nil:
		return err.Error()
	}
	done(came)
	return "shown"
}

// The two memories of a run tell each other of what is one account.
func TestMemoriesOfOneRun(t *testing.T) {
	const user = `CORP\probe`
	for name, tell := range map[string]func(t *testing.T, l *auth.Logins) (got, want string){
		"what a Windows host refuses no mail server is shown": func(t *testing.T, l *auth.Logins) (got, want string) {
			logon(t, l, probe(user, "wrong"), "web01", auth.Refused)
			return door(t, l, probe(`corp\Probe`, "wrong"), "imap", 0), "refused by web01: a logon to Windows"
		},
		"another password is another matter": func(t *testing.T, l *auth.Logins) (got, want string) {
			logon(t, l, probe(user, "wrong"), "web01", auth.Refused)
			return door(t, l, probe(user, "right"), "imap", host.Taken), "shown"
		},
		"what mail servers refuse counts for Windows hosts": func(t *testing.T, l *auth.Logins) (got, want string) {
			door(t, l, probe(user, "wrong"), "ex01: imap", host.Refused)
			for i := range 2 {
				if got := logon(t, l, probe(user, "wrong"), fmt.Sprint("web", i), auth.Refused); got != "shown" {
					t.Errorf("host %d: %s", i, got)
				}
			}
			got = logon(t, l, probe(user, "wrong"), "web03", auth.Refused)
			return got, `refused 3 times, by "ex01: imap", "web0" and "web1"`
		},
		"what a Windows host has taken is right": func(t *testing.T, l *auth.Logins) (got, want string) {
			logon(t, l, probe(user, "right"), "web01", auth.Refused)
			logon(t, l, probe(user, "right"), "web02", auth.Accepted)
			return door(t, l, probe(user, "right"), "imap", host.Taken), "shown"
		},
		"what only seems to be taken is not": func(t *testing.T, l *auth.Logins) (got, want string) {
			logon(t, l, probe(user, "wrong"), "web01", auth.Refused)
			logon(t, l, probe(user, "wrong"), "web02", auth.Passed)
			return door(t, l, probe(user, "wrong"), "imap", host.Taken), "refused by web01"
		},
		"what a mail server has taken is not known to be right": func(t *testing.T, l *auth.Logins) (got, want string) {
			door(t, l, probe(user, "wrong"), "imap", host.Taken)
			for i := range 3 {
				logon(t, l, probe(user, "wrong"), fmt.Sprint("web", i), auth.Refused)
			}
			return logon(t, l, probe(user, "wrong"), "web04", auth.Refused), "was refused 3 times"
		},
		"each host's own account stays there": func(t *testing.T, l *auth.Logins) (got, want string) {
			logon(t, l, probe(`.\probe`, "wrong"), "web01", auth.Refused)
			return door(t, l, probe(`.\probe`, "wrong"), "imap", host.Taken), "shown"
		},
		"a name alone may be anybody's": func(t *testing.T, l *auth.Logins) (got, want string) {
			logon(t, l, probe("probe", "wrong"), "web01", auth.Refused)
			return door(t, l, probe("probe", "wrong"), "imap", host.Taken), "shown"
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := auth.NewLogins()
			defer l.Close()
			if got, want := tell(t, l); !strings.Contains(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

// A KDC's word is final, both ways: it verifies the password itself.
func TestMailServersTrustTheKDC(t *testing.T) {
	d := startDomain(t, kerberos.Options{})
	for secret, want := range map[string]string{
		"Pa55 word": "shown", "no": "not tried: not tried: the account \"probe@corp.test\" was refused by " +
			"the KDC of CORP.TEST: a logon to Windows",
	} {
		l := auth.NewLogins()
		defer l.Close()
		c := password("probe@corp.test", secret)
		first, err := l.Accounts().Try(t.Context(), c, "ews") // which is under way as long as this takes
		if err != nil {
			t.Fatal(err)
		}
		o := d.options(c)
		o.Method, o.Logins = "kerberos", l
		m, err := auth.New(o)
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = m.New(t.Context(), auth.Peer{Host: "web01.corp.test"})
		if (err == nil) != (want == "shown") {
			t.Errorf("got %v", err)
		}
		if got := door(t, l, c, "imap", host.Taken); !strings.HasPrefix(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		first(host.Later)
	}
}
