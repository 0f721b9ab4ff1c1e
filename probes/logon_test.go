package probes_test

import (
	"errors"
	"testing"

	"postpatch/probes"
	"postpatch/probes/host"
)

func TestLogOn(t *testing.T) {
	target := probes.Target{
		Host: "ex01", Accounts: &host.Accounts{},
		Credential: func(use string) (host.Credential, error) {
			if use != "mail" {
				return host.Credential{}, probes.ErrNotTried
			}
			return host.Credential{User: "probe", Password: host.NewSecret("x")}, nil
		},
	}
	cause := errors.New("cause")
	calls := 0
	logOn := func(use, door string, came host.Shown, err error) error {
		return target.LogOn(t.Context(), use, door, func(host.Credential) (host.Shown, error) {
			calls++
			return came, err
		})
	}
	for _, step := range []struct {
		use, door string
		came      host.Shown
		err, want error
		calls     int
	}{
		{"other", "IMAP", host.Taken, nil, probes.ErrNotTried, 0},
		{"mail", "IMAP", host.Unsaid, cause, cause, 1},
		{"mail", "IMAP", host.Taken, nil, nil, 2},
		{"mail", "POP3", host.Refused, nil, probes.ErrRefused, 3},
		{"mail", "POP3", host.Taken, nil, probes.ErrRefused, 3},
	} {
		if err := logOn(step.use, step.door, step.came, step.err); !errors.Is(err, step.want) || calls != step.calls {
			t.Errorf("%s at %s: %v after %d calls, want %v after %d", step.use, step.door, err, calls, step.want, step.calls)
		}
	}
	if err := logOn("mail", "SMTP", host.Unsaid, nil); err == nil {
		t.Error("who does not say anything has not taken the account")
	}
}

// What crashes while it shows a password keeps nobody waiting.
func TestLogOnThatCrashes(t *testing.T) {
	target := probes.Target{
		Accounts: &host.Accounts{},
		Credential: func(string) (host.Credential, error) {
			return host.Credential{User: "probe", Password: host.NewSecret("x")}, nil
		},
	}
	func() {
		defer func() { _ = recover() }()
		_ = target.LogOn(t.Context(), "mail", "IMAP", func(host.Credential) (host.Shown, error) { panic("x") })
	}()
	if err := target.LogOn(t.Context(), "mail", "IMAP", func(host.Credential) (host.Shown, error) {
		return host.Taken, nil
	}); err != nil {
		t.Error(err)
	}
}
