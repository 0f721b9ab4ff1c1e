package auth_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"postpatch/probes/host"
	"postpatch/probes/host/winrm/auth"
)

func TestRefusals(t *testing.T) {
	login := func(code int32) error { return auth.LoginRefused(krbError(code, 0, ""), "password") }
	service := func(code int32) error { return auth.ServiceRefused(krbError(code, 0, ""), "HTTP/web01") }
	fromHost := func(code int32) error { return auth.HostRefused(krbError(code, 0, ""), "HTTP/web01") }
	for name, test := range map[string]struct {
		err     error
		want    string
		account bool
	}{
		"a wrong password":      {login(24), `the password of "probe@CORP.TEST" is wrong: correct it before the account is locked`, true},
		"a wrong password, old": {login(31), `the password of "probe@CORP.TEST" is wrong: correct it before the account is locked`, true},
		"a wrong keytab":        {auth.LoginRefused(krbError(24, 0, ""), "keytab"), `the keytab of "probe@CORP.TEST" is wrong: the password was changed since, so write a new keytab`, true},
		"an unknown user":       {login(6), `the KDC knows no user "probe@CORP.TEST": check the name and the realm`, false},
		"a locked account":      {login(18), `the account "probe@CORP.TEST" is disabled or locked: have it unlocked or enabled, or use another one`, true},
		"an expired account":    {login(1), `the account "probe@CORP.TEST" has expired: have it unlocked or enabled, or use another one`, true},
		"a policy":              {login(12), `the KDC's policy keeps the account "probe@CORP.TEST" from logging in here and now: look at its logon hours and workstations, or use another one`, true},
		"an expired password":   {login(23), `the password of "probe@CORP.TEST" has expired: change it, or use another account`, true},
		"an account, no AES":    {login(14), `the KDC has no AES key for "probe@CORP.TEST": allow AES for the account (msDS-SupportedEncryptionTypes) and set its password anew`, false},
		"another realm":         {login(68), `the account "probe@CORP.TEST" belongs to the realm "": write user@realm with it`, false},
		"something else":        {auth.LoginRefused(krbError(60, 0, "a\x1b text"), "password"), `the KDC refuses a login of "probe@CORP.TEST" with error 60 ("a\x1b text")`, false},
		"an unknown service":    {service(7), `the KDC knows no service "HTTP/web01": reach the host by the name that it has in its domain, or write its SPN (setspn -L lists them)`, false},
		"a service, twice":      {service(8), `several accounts hold the service "HTTP/web01": find them with setspn -X and leave one`, false},
		"a service, no AES":     {service(14), `the KDC has no AES key for the service "HTTP/web01": allow AES for the host's account (msDS-SupportedEncryptionTypes)`, false},
		"an expired ticket":     {service(32), "the ticket of the account has expired: get a new one with kinit", false},
		"a service, else":       {service(13), `the KDC refuses a ticket for "HTTP/web01" with error 13`, false},
		"a foreign SPN":         {fromHost(41), `the host cannot read the ticket for "HTTP/web01": the SPN belongs to another account than the host's (setspn -Q tells), or the name leads to another host`, false},
		"a new host key":        {fromHost(44), "the host no longer has the key of the ticket: its password was changed, so try again", false},
		"a ticket too old":      {fromHost(32), "the host says that the ticket has expired: check the clocks, or get a new one with kinit", false},
		"a proof sent twice":    {fromHost(34), "the host says that it has seen this proof before: try again", false},
		"a host, else":          {fromHost(60), "the host refuses the ticket with error 60", false},
		"the KDC's clock":       {auth.LoginRefused(krbError(37, -7*time.Minute, ""), "password"), "the clock of the KDC differs from this computer's by 7m0s, and is behind: Kerberos allows five minutes, so set the one that is wrong", false},
		"the host's clock":      {auth.HostRefused(krbError(37, time.Hour, ""), "HTTP/web01"), "the clock of the host differs from this computer's by 1h0m0s, and is ahead: Kerberos allows five minutes, so set the one that is wrong", false},
	} {
		t.Run(name, func(t *testing.T) {
			if test.err.Error() != test.want {
				t.Errorf("got  %s\nwant %s", test.err, test.want)
			}
			if errors.Is(test.err, auth.ErrAccount) != test.account || errors.Is(test.err, host.ErrNoAnswer) {
				t.Errorf("wraps ErrAccount: %t", errors.Is(test.err, auth.ErrAccount))
			}
			if strings.HasSuffix(test.want, ".") {
				t.Error("ends with a full stop")
			}
		})
	}
}

func TestRealmOf(t *testing.T) {
	const conf = "[libdefaults]\n default_realm = CORP.TEST\n[realms]\n CORP.TEST = {\n kdc = dc1\n }\n" +
		" SHOP.TEST = {\n kdc = dc2\n }\n SHOP.EXAMPLE = {\n kdc = dc3\n }\n Mixed.Test = {\n kdc = dc4\n }\n" +
		"[domain_realm]\n .upn.example = CORP.TEST\n exact.example = SHOP.TEST\n"
	for _, test := range []struct{ user, conf, want, refused string }{
		{"probe@corp.test", "", "CORP.TEST", ""},
		{"probe@corp.test", conf, "CORP.TEST", ""},
		{"probe@mixed.test", conf, "Mixed.Test", ""},
		{"probe@upn.example", conf, "CORP.TEST", ""},
		{"probe@exact.example", conf, "SHOP.TEST", ""},
		{"probe@CORP", conf, "CORP.TEST", ""},
		{`corp\probe`, conf, "CORP.TEST", ""},
		{`corp.test\probe`, "", "CORP.TEST", ""},
		{`CORP\probe`, "", "", `no realm is known for the domain "CORP": write user@realm, or name the realm in a krb5.conf`},
		{`OTHER\probe`, conf, "", `no realm is known for the domain "OTHER"`},
		{`SHOP\probe`, conf, "", `several realms of the krb5.conf fit the domain "SHOP" (SHOP.EXAMPLE, SHOP.TEST): write user@realm`},
		{`SHOP\probe`, strings.Replace(conf, "= CORP", "= SHOP", 1), "SHOP.TEST", ""},
		{"probe", conf, "CORP.TEST", ""},
		{"probe", "", "", `the user "probe" is written without a realm`},
		{`.\probe`, conf, "", `the user .\probe is the host's own and has no realm: use NTLM`},
		{"probe@corp.test", "[realms]\n }\n", "", "reading the krb5.conf"},
	} {
		got, err := auth.RealmOf(test.user, test.conf)
		refused := err != nil && test.refused != "" && strings.Contains(err.Error(), test.refused)
		if got != test.want || refused != (test.refused != "") || refused != (err != nil) {
			t.Errorf("%s: got %q %v", test.user, got, err)
		}
	}
}
