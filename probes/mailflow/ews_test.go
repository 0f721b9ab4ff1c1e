package mailflow_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"postpatch/probes"
	"postpatch/probes/host"
	"postpatch/probes/host/winrm/auth"
	"postpatch/probes/lab/mailtest"
	"postpatch/probes/mailflow"
	"postpatch/probes/probetest"
)

// exchange is a lab whose connector delivers into mailboxes that EWS shows; proved by NTLM.
func exchange(t *testing.T, more string) (target probes.Target, operations func() map[string]int) {
	t.Helper()
	way, l := mailtest.Lab(t, `
    os: {domain: corp.test}
    smtp: {ports: [25], tls: {}}
    mail: {users: {probe@corp.test: swordfish}`+more+`}
    exchange: {mailboxes: {probe@corp.test: {password: swordfish}}}
`)
	credential := host.Credential{User: mailtest.User, Password: host.NewSecret(mailtest.Password)}
	credential.Mail = &host.Mail{Prove: func(ctx context.Context, s host.WebService) (host.Proof, error) {
		mechanism, err := auth.New(auth.Options{Method: "ntlm", Credential: credential})
		if err != nil {
			return nil, err
		}
		proof, used, err := mechanism.New(ctx, auth.Peer{Host: s.Host, Bindings: s.Bindings})
		return proved{proof, used}, err
	}}
	return mailtest.With(way, credential), func() map[string]int {
		return l.Stats("ex01.corp.test").Exchange.Operations
	}
}

type proved struct {
	auth.Context

	used auth.Used
}

func (p proved) Used() (mechanism, why string) { return p.used.Mechanism, p.used.Why }
func (proved) Ended(host.Shown)                {}

func TestRoundTripOverEWS(t *testing.T) {
	for name, tt := range map[string]struct {
		more string
		want []string
	}{
		"healthy": {"", []string{" mailbox=open", " accepted=ok", " delivery=delivered", " removed=yes"}},
		"lost":    {", fate: lost", []string{" mailbox=open", " accepted=ok", " delivery=not delivered in 300ms"}},
		"bounced": {", fate: bounced", []string{" accepted=ok", " delivery=bounced", " removed=yes"}},
		"marked by a gateway": {
			", mark: '[EXTERNAL] '",
			[]string{" mailbox=open", " accepted=ok", " delivery=delivered", " removed=yes"},
		},
		"marked and bounced": {", fate: bounced, mark: '[EXTERNAL] '", []string{" delivery=bounced", " removed=yes"}},
	} {
		t.Run(name, func(t *testing.T) {
			target, operations := exchange(t, tt.more)
			readings, err := probetest.Observe(t, mailflow.Kind, target, map[string]any{
				"via": "ews", "limit": 300 * time.Millisecond,
			})
			if err != nil {
				t.Error(err)
			}
			got := probetest.Texts(readings)
			for _, want := range tt.want {
				if !slices.Contains(got, want) {
					t.Errorf("no %q in %q", want, got)
				}
			}
			if n := operations()["DeleteItem"]; (n == 1) != slices.Contains(tt.want, " removed=yes") || n > 1 {
				t.Errorf("%d deletions", n)
			}
		})
	}
}

func TestEWSRefuses(t *testing.T) {
	target, operations := exchange(t, "")
	target = mailtest.WithPassword(target, "wrong") // which nobody can prove over the web
	readings, err := probetest.Observe(t, mailflow.Kind, target, map[string]any{"via": "ews", "limit": time.Second})
	if err == nil || !strings.Contains(err.Error(), "nobody here can prove the account") || operations()["FindItem"] != 0 {
		t.Errorf("got %q, %v", probetest.Texts(readings), err)
	}
}
