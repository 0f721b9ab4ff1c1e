//go:build real

package main

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"postpatch/cmd/postpatch/realtest"
	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/imap"
	"postpatch/probes/mailflow"
	"postpatch/probes/pop3"
	"postpatch/probes/probetest"
	"postpatch/probes/smtp"
)

// TestRealMail takes the mail kinds to Dovecot and Postfix: both ways to TLS, a
// login at each, a message there and back, and a wrong password once.
func TestRealMail(t *testing.T) {
	const name, user = "mx.corp.test", "probe@corp.test"
	mail := realtest.StartMail(t, name, user, "swordfish")
	target := probetest.Routed(name, probes.Routes{name: {Address: "127.0.0.1", Ports: map[string]string{
		"tcp/143": mail.IMAP, "tcp/993": mail.IMAPS, "tcp/110": mail.POP3, "tcp/995": mail.POP3S,
		"tcp/25": mail.Addr, "tcp/587": mail.Addr,
	}}})
	target.Roots = mail.Roots
	password := "swordfish"
	target.Credential = func(string) (host.Credential, error) {
		return host.Credential{User: user, Password: host.NewSecret(password)}, nil
	}
	for _, tt := range []struct {
		kind probes.Kind
		args map[string]any
		want []string
	}{
		{
			imap.Kind,
			map[string]any{"port": []int{143, 993}, "login": true},
			[]string{
				"143 starttls=offered", "143 certificate=valid", "143 login=ok", "143 inbox=ok", "993 login=ok",
				"993 messages=0",
			},
		},
		{
			pop3.Kind,
			map[string]any{"port": []int{110, 995}, "login": true},
			[]string{"110 starttls=offered", "110 certificate=valid", "110 login=ok", "995 login=ok", "995 messages=0"},
		},
		{
			smtp.Kind,
			map[string]any{"port": []int{25, 587}, "login": true, "envelope": true},
			[]string{"25 starttls=offered", "587 login=ok", "587 envelope=ok"},
		},
		{
			mailflow.Kind,
			map[string]any{"limit": 10 * time.Second},
			[]string{" mailbox=open", " accepted=ok", " delivery=delivered", " removed=yes"},
		},
		{
			mailflow.Kind,
			map[string]any{"limit": 10 * time.Second, "login": true, "port": 587, "mailbox_port": 143},
			[]string{" delivery=delivered", " removed=yes"},
		},
		{imap.Kind, map[string]any{"login": true}, []string{"993 messages=0"}},
	} {
		has(t, observed(t, tt.kind, target, tt.args), tt.want)
	}
	password = "wrong"
	has(t, observed(t, imap.Kind, target, map[string]any{"login": true}), []string{"993 login=refused"})
	probe, err := pop3.Kind.Build(map[string]any{"login": true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := probe.Observe(t.Context(), target); err == nil || !strings.Contains(err.Error(), "shown to nobody else") {
		t.Errorf("the wrong password elsewhere: %v", err)
	}
}

func observed(t *testing.T, kind probes.Kind, target probes.Target, args map[string]any) []string {
	t.Helper()
	probe, err := kind.Build(args)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var readings []fact.Reading
	if readings, err = probe.Observe(ctx, target); err != nil {
		t.Errorf("%s: %v", kind.Name, err)
	}
	return probetest.Texts(readings)
}

func has(t *testing.T, got, want []string) {
	t.Helper()
	for _, text := range want {
		if !slices.Contains(got, text) {
			t.Errorf("no %q in %q", text, got)
		}
	}
}
