package reach_test

import (
	"crypto/tls"
	"errors"
	"testing"

	"postpatch/probes"
	"postpatch/probes/host"
	"postpatch/probes/internal/reach"
)

// What an entry lets be shown unproved is for its own host, and for nowhere that a suite
// leads to: by an address of the check's, or of the host's.
func TestASuiteLeadsNoPasswordAstray(t *testing.T) {
	unproved := &tls.ConnectionState{} // without a certificate
	for name, c := range map[string]struct {
		entry host.Mail
		state *tls.ConnectionState
		at    string
		shown bool
	}{
		"the host, without TLS":      {host.Mail{AllowPlain: true}, nil, "ex01.corp.test:25", true},
		"the host, unproved":         {host.Mail{Insecure: true}, unproved, "EX01.corp.test:993", true},
		"the host, unproved, plain":  {host.Mail{Insecure: true}, nil, "ex01.corp.test:143", false},
		"elsewhere, without TLS":     {host.Mail{AllowPlain: true}, nil, "evil.test:25", false},
		"elsewhere, unproved":        {host.Mail{Insecure: true}, unproved, "evil.test:993", false},
		"elsewhere, plain or not":    {host.Mail{AllowPlain: true}, unproved, "evil.test:993", false},
		"an address of the host's":   {host.Mail{Insecure: true, AllowPlain: true}, unproved, "192.0.2.7:993", false},
		"an address that is nowhere": {host.Mail{AllowPlain: true}, nil, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			credential := host.Credential{User: "probe", Password: host.NewSecret("x"), Mail: &c.entry}
			err := reach.MayShow(c.state, credential, probes.Target{Host: "ex01.corp.test"}, c.at)
			if (err == nil) != c.shown || err != nil && !errors.Is(err, probes.ErrNotTried) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestTheCurrentUserIsShownWithinTLSAlone(t *testing.T) {
	c := host.Credential{Current: true, Mail: &host.Mail{AllowPlain: true, Insecure: true}}
	target := probes.Target{Host: "ex01.corp.test"}
	if err := reach.MayShow(nil, c, target, "ex01.corp.test:80"); !errors.Is(err, probes.ErrNotTried) {
		t.Errorf("without TLS: %v", err)
	}
	if err := reach.MayShow(&tls.ConnectionState{}, c, target, "ex01.corp.test:443"); err != nil {
		t.Errorf("in a lab: %v", err)
	}
	if err := reach.MayShow(&tls.ConnectionState{}, c, target, "evil.test:443"); !errors.Is(err, probes.ErrNotTried) {
		t.Errorf("elsewhere: %v", err)
	}
}
