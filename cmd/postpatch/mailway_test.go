package main

import (
	"errors"
	"fmt"
	"testing"

	"postpatch/probes"
	"postpatch/probes/host"
	"postpatch/probes/host/winrm/auth"
)

// A refusal of a mail server counts once for Windows hosts, however the password was
// shown there, and what they refuse is shown to no mail server.
func TestMailAndWindowsShareWhatTheyKnowOfAPassword(t *testing.T) {
	guess := host.Credential{User: `CORP\probe`, Password: host.NewSecret("guess"), Mail: &host.Mail{Auth: "ntlm"}}
	j := job{logins: auth.NewLogins()}
	target := probes.Target{
		Host: "ex01", Accounts: options(j, 1).Accounts,
		Credential: func(string) (host.Credential, error) { return guess, nil },
	}
	way, err := mailWay(j, guess)
	if err != nil {
		t.Fatal(err)
	}
	err = target.LogOn(t.Context(), "mail", "ews", func(host.Credential) (host.Shown, error) {
		proof, err := way.Prove(t.Context(), host.WebService{Scheme: "NTLM", Host: "ex01"})
		if err != nil {
			return host.Later, err
		}
		proof.Ended(host.Refused)
		return host.Refused, nil
	})
	if !errors.Is(err, probes.ErrRefused) {
		t.Fatal(err)
	}
	for i := range 3 {
		done, err := j.logins.Try(t.Context(), guess, fmt.Sprintf("web%d", i))
		if i == 2 { // one by mail, two by Windows
			if !errors.Is(err, auth.ErrAccount) {
				t.Errorf("the third host: %v", err)
			}
			break
		}
		if err != nil {
			t.Fatal(i, err)
		}
		done(auth.Refused)
	}
	other := host.Credential{User: `CORP\second`, Password: host.NewSecret("guess")}
	done, err := j.logins.Try(t.Context(), other, "web0")
	if err != nil {
		t.Fatal(err)
	}
	done(auth.Refused)
	target.Credential = func(string) (host.Credential, error) { return other, nil }
	err = target.LogOn(t.Context(), "mail", "imap", func(host.Credential) (host.Shown, error) {
		t.Error("it was shown")
		return host.Later, nil
	})
	if !errors.Is(err, probes.ErrNotTried) {
		t.Errorf("got %v", err)
	}
}
