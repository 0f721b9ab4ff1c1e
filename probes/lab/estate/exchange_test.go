package estate_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/lab/estate"
)

func TestExchangeOfAnEstate(t *testing.T) {
	e, err := estate.Parse("test", []byte(`
estate: x
hosts:
  ex01:
    mail: {users: {probe@corp.test: another, post@corp.test: pw}}
    exchange:
      auth: {ews: [ntlm, basic], activesync: [basic]}
      protection: {mapi: none}
      faults: {activesync: bomb, owa: slow}
      slow: 3s
      lockout: 5
      mailboxes:
        probe@corp.test: {user: 'CORP\probe', password: pw, disabled: [activesync]}
        other@corp.test: {messages: [{subject: one, age: 1h}]}
states:
  before:
  mended: {ex01: {exchange: {faults: {owa: null}}}}
`))
	if err != nil {
		t.Fatal(err)
	}
	h := e.Hosts("before")[0]
	if fault, found := estate.Of(h.Exchange.Faults, estate.ActiveSync); !found || fault != estate.WebBomb {
		t.Errorf("by the short name: %q, %t", fault, found)
	}
	want := map[string]string{"probe@corp.test": "another", "post@corp.test": "pw", "other@corp.test": "lab"}
	if diff := cmp.Diff(want, h.Mail.Users); diff != "" {
		t.Errorf("the mailboxes of the other protocols (-want +got):\n%s", diff)
	}
	if fault, found := estate.Of(e.Hosts("mended")[0].Exchange.Faults, "owa"); found {
		t.Errorf("mended: %q", fault)
	}
}

func TestWrongExchange(t *testing.T) {
	for text, want := range map[string]string{
		"faults: {ows: bomb}":                     "want activesync, owa, ecp, ews,",
		"faults: {owa: bom}":                      "want silent, garbage,",
		"auth: {ews: [kerberos]}":                 "want negotiate, ntlm, basic, forms, got",
		"protection: {ews: required}":             "want none, allow, require, got",
		"auth_certificate: gone":                  "want expired, split, got",
		"mailboxes: {a@b: {disabled: [pop]}}":     "want activesync, owa,",
		"mailboxes: {a@b: {messages: [{at: 1}]}}": `unknown key "at"`,
	} {
		_, err := estate.Parse("test", []byte("estate: x\nhosts: {ex01: {exchange: {"+text+"}}}\n"))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "test:2:") {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}
