package exchangeclient_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"postpatch/probes/host"
)

const box = "mailboxes: {probe@corp.test: {password: swordfish}}"

// TestLogons shows how the account is proved, and what becomes of it where it cannot be.
func TestLogons(t *testing.T) {
	for name, tt := range map[string]struct {
		exchange string
		realm    bool
		way      host.Mail
		endpoint string
		want     string
		err      string
	}{
		"Kerberos, bound to TLS": {"{" + box + "}", true, host.Mail{}, "mapi", "mapi auth=Kerberos", ""},
		"NTLM by word":           {"{" + box + "}", true, host.Mail{Auth: "ntlm"}, "ews", "ews auth=NTLM", ""},
		"Basic by word": {
			"{" + box + "}", false,
			host.Mail{Auth: "basic"},
			"autodiscover", "autodiscover auth=Basic", "",
		},
		"OWA without a form": {
			"{auth: {owa: [negotiate, ntlm]}, " + box + "}", false,
			host.Mail{},
			"owa", "owa auth=NTLM", "",
		},
		"Basic is not offered": {
			"{" + box + "}", false,
			host.Mail{Auth: "basic"},
			"ews", "", "the server offers Negotiate, NTLM, and the credentials file allows Basic",
		},
		"only a form for phones": {
			"{auth: {activesync: [forms]}, " + box + "}", false,
			host.Mail{},
			"activesync", "", "the server offers nothing that postpatch knows",
		},
		"no binding where Extended Protection wants one": {
			"{" + box + "}", false,
			host.Mail{Unbound: true},
			"mapi",
			"", "this logon is not possible from here: NTLM was refused without",
		},
		"no binding where it is only allowed": {
			"{" + box + "}", false,
			host.Mail{Unbound: true},
			"ews", "ews state=ok", "",
		},
		"a mailbox disabled for phones": {
			"{mailboxes: {probe@corp.test: {password: swordfish, disabled: [activesync]}}}", false,
			host.Mail{},
			"activesync", "activesync reason=HTTP 403 Forbidden", "",
		},
		"Kerberos behind another's TLS": {
			"{bridged: true, " + box + "}", true,
			host.Mail{Auth: "kerberos"},
			"mapi", "mapi state=login refused", "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			var more []string
			if tt.realm {
				more = []string{"realm"}
			}
			c := start(t, tt.exchange, more...).enter(password, tt.way)
			got, err := observe(t, c, map[string]any{"endpoint": []string{tt.endpoint}})
			if tt.err == "" && err != nil || tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
				t.Errorf("error %v, want %q", err, tt.err)
			}
			if tt.want != "" && !slices.Contains(got, tt.want) {
				t.Errorf("no %q in %q", tt.want, got)
			}
			for _, text := range got {
				if tt.err != "" && strings.Contains(text, "state=") {
					t.Errorf("%s, and nobody can tell", text)
				}
			}
		})
	}
}

// A wrong password that a domain controller refuses is told, too, and reaches no server.
func TestWrongPasswordAtTheDomain(t *testing.T) {
	c := start(t, "{"+box+"}", "realm").enter("wrong", host.Mail{})
	got, err := observe(t, c, map[string]any{"endpoint": []string{"ews"}})
	if err != nil || !slices.Contains(got, "ews state=login refused") {
		t.Errorf("got %q, %v", got, err)
	}
	if stats := c.Stats(server).Exchange; stats.Refused[mailbox] != 0 {
		t.Errorf("the server has seen it %d times", stats.Refused[mailbox])
	}
}

// Without a logon it is enough that Exchange asks for one.
func TestWithoutLogon(t *testing.T) {
	all := []string{"ews", "autodiscover", "mapi", "nspi", "owa", "activesync", "oab"}
	for name, tt := range map[string]struct{ exchange, state string }{
		"healthy": {"{" + box + "}", "ok"},
		"down":    {"{down: [owa, ews, mapi, oab, autodiscover, microsoft-server-activesync], " + box + "}", "error"},
	} {
		t.Run(name, func(t *testing.T) {
			c := start(t, tt.exchange)
			c.target.Credential = nil // nobody may ask for it
			got, err := observe(t, c, map[string]any{"endpoint": all, "login": false})
			if err != nil {
				t.Error(err)
			}
			for _, endpoint := range all {
				if !slices.Contains(got, endpoint+" state="+tt.state) {
					t.Errorf("%s is not %s in %q", endpoint, tt.state, got)
				}
			}
			if stats := c.Stats(server).Exchange; len(stats.Logons) > 0 {
				t.Errorf("there were logons: %v", stats.Logons)
			}
		})
	}
}

// Through a load balancer any server may answer, unless the check names one.
func TestThroughALoadBalancer(t *testing.T) {
	c := start(t, "{node: ex02.corp.test, tls: {names: [mail.corp.test, ex01.corp.test]}, "+box+"}",
		"aliases: [mail.corp.test]")
	for name, tt := range map[string]struct {
		args map[string]any
		want string
	}{
		"any":           {map[string]any{}, ""},
		"one by name":   {map[string]any{"node": "ex02.corp.test"}, "ews right_node=true"},
		"another":       {map[string]any{"node": "EX01"}, "ews right_node=false"},
		"by the node's": {map[string]any{"address": ""}, "ews right_node=false"},
	} {
		t.Run(name, func(t *testing.T) {
			args := map[string]any{
				"endpoint": []string{"ews"}, "address": "mail.corp.test", "server_name": "mail.corp.test",
			}
			maps.Copy(args, tt.args)
			got, err := observe(t, c, args)
			if err != nil || !slices.Contains(got, "ews state=ok") || !slices.Contains(got, "ews node=ex02") {
				t.Fatalf("got %q, %v", got, err)
			}
			judged := slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, "right_node") })
			if judged != (tt.want != "") || judged && !slices.Contains(got, tt.want) {
				t.Errorf("no %q in %q", tt.want, got)
			}
		})
	}
}

// What a suite says of the name leads the password nowhere.
func TestASuiteLeadsNoPasswordElsewhere(t *testing.T) {
	c := start(t, "{tls: {names: [evil.test]}, "+box+"}", "aliases: [evil.test]")
	got, err := observe(t, c, map[string]any{
		"endpoint": []string{"ews", "owa", "activesync"}, "address": "evil.test", "server_name": "evil.test",
	})
	if err == nil || !strings.Contains(err.Error(), "does not prove that it is ex01.corp.test") {
		t.Errorf("got %q, %v", got, err)
	}
	stats := c.Stats(server).Exchange
	if !slices.Contains(got, " certificate=valid") || len(stats.Logons)+len(stats.Refused) > 0 {
		t.Errorf("got %q, logons %v", got, stats.Logons)
	}
	c = c.enter(password, host.Mail{Names: []string{"evil.test"}}) // now it is the operator's word
	if got, err := observe(t, c, map[string]any{"endpoint": []string{"ews"}, "address": "evil.test"}); err != nil ||
		!slices.Contains(got, "ews state=ok") {
		t.Errorf("got %q, %v", got, err)
	}
}
