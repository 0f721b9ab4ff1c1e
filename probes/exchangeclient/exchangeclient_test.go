package exchangeclient_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes"
	"postpatch/probes/exchangeclient"
	"postpatch/probes/host"
	"postpatch/probes/probetest"
)

func TestKind(t *testing.T) {
	probetest.Run(t, probetest.Suite{Kind: exchangeclient.Kind, Healthy: func(t *testing.T) probes.Target {
		t.Helper()
		return start(t, healthy).target
	}})
}

const guid = "0f5c7f31-6bf2-4c5e-8ef3-2f4c3fbb0d6a"

func TestReadings(t *testing.T) {
	c := start(t, "{oab: "+guid+", mailboxes: {probe@corp.test: {password: swordfish}}}")
	readings, err := probetest.Observe(t, exchangeclient.Kind, c.target, map[string]any{"oab": guid})
	if err != nil {
		t.Error(err)
	}
	const url = " https://ex01.corp.test/"
	want := []string{
		" certificate=valid",
		"ews status=200", "ews node=ex01", "ews right_node=true", "ews schemes=NTLM, Negotiate", "ews auth=NTLM",
		"ews build=15.2.1748.10", "ews answer=NoError", "ews state=ok",
		"autodiscover status=200", "autodiscover node=ex01", "autodiscover right_node=true",
		"autodiscover schemes=Basic, NTLM, Negotiate", "autodiscover auth=NTLM", "autodiscover answer=settings",
		"autodiscover state=ok",
		"autodiscover_v2 status=200", "autodiscover_v2 node=ex01", "autodiscover_v2 right_node=true",
		"autodiscover_v2 urls=ActiveSync" + url + "Microsoft-Server-ActiveSync, AutodiscoverV1" + url +
			"Autodiscover/Autodiscover.xml, Ews" + url + "EWS/Exchange.asmx", "autodiscover_v2 state=ok",
		"mapi status=200", "mapi node=ex01", "mapi right_node=true", "mapi schemes=NTLM, Negotiate", "mapi auth=NTLM",
		"mapi answer=0", "mapi state=ok",
		"nspi status=200", "nspi node=ex01", "nspi right_node=true", "nspi schemes=NTLM, Negotiate", "nspi auth=NTLM",
		"nspi answer=0", "nspi state=ok",
		"owa auth=forms", "owa status=200", "owa node=ex01", "owa right_node=true", "owa state=ok",
		"activesync status=200", "activesync node=ex01", "activesync right_node=true", "activesync schemes=Basic",
		"activesync auth=Basic",
		"activesync versions=12.0, 12.1, 14.0, 14.1, 16.0, 16.1, 2.0, 2.1, 2.5", "activesync state=ok",
		"oab status=200", "oab node=ex01", "oab right_node=true", "oab schemes=NTLM, Negotiate", "oab auth=NTLM",
		"oab state=ok",
	}
	got := probetest.Texts(readings, "latency", "cert_days", "cert_subject", "cert_issuer", "cert_serial", "tls")
	var urls string
	got = slices.DeleteFunc(got, func(s string) bool {
		after, is := strings.CutPrefix(s, "autodiscover urls=")
		urls += after
		return is
	})
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("readings (-want +got):\n%s", d)
	}
	for _, part := range []string{
		"EXCH EwsUrl" + url + "EWS/Exchange.asmx", "EXPR OABUrl" + url + "OAB/" + guid + "/",
		"WEB Internal/OWAUrl" + url + "owa/", "mapiHttp MailStore/ExternalUrl" + url + "mapi/emsmdb/?MailboxId=",
	} {
		if !strings.Contains(urls, part) {
			t.Errorf("no %q in %q", part, urls)
		}
	}
}

// observe looks at some endpoints, and returns what was read and the error's text.
func observe(t *testing.T, c corp, args map[string]any) ([]string, error) {
	t.Helper()
	readings, err := probetest.Observe(t, exchangeclient.Kind, c.target, args)
	return probetest.Texts(readings), err
}

// TestServers shows what becomes of a visit at servers that are not as they should be.
func TestServers(t *testing.T) {
	const box = "mailboxes: {probe@corp.test: {password: swordfish}}"
	for name, tt := range map[string]struct {
		exchange string
		endpoint string
		want     []string
		err      string // part of the error; "" for none
	}{
		"a directory down": {
			"{down: [ews], " + box + "}",
			"ews",
			[]string{"ews state=error", "ews reason=HTTP 503 Service Unavailable"},
			"",
		},
		"a proxy's logon page": {"{faults: {ews: login-page}, " + box + "}", "ews", nil, "logon page of a proxy"},
		"AD FS before OWA":     {"{faults: {owa: elsewhere}, " + box + "}", "owa", nil, "sso.example.test"},
		"sent elsewhere":       {"{faults: {mapi: elsewhere}, " + box + "}", "mapi", nil, "sso.example.test"},
		"entities without end": {"{faults: {ews: bomb}, " + box + "}", "ews", []string{"ews state=error"}, ""},
		"endless depth": {
			"{faults: {autodiscover: deep}, " + box + "}",
			"autodiscover",
			[]string{"autodiscover state=error"},
			"",
		},
		"cut short":          {"{faults: {ews: cut}, " + box + "}", "ews", nil, "ews: "},
		"endless":            {"{faults: {ews: endless}, " + box + "}", "ews", nil, "ews: "},
		"401 whatever comes": {"{faults: {ews: unheard}, " + box + "}", "ews", nil, "no challenge"},
		"no answer of a back end": {
			"{faults: {mapi: timeout}, " + box + "}",
			"mapi",
			[]string{"mapi state=error", "mapi reason=HTTP 504 Gateway Timeout"},
			"",
		},
		"a database not mounted": {
			"{mailboxes: {probe@corp.test: {password: swordfish, dismounted: true}}}",
			"ews",
			[]string{"ews state=error", "ews answer=ErrorMailboxStoreUnavailable"},
			"",
		},
		"not allowed": {
			"{mailboxes: {probe@corp.test: {password: swordfish, disabled: [activesync]}}}",
			"activesync",
			[]string{"activesync state=error"},
			"",
		},
		"the Auth certificate expired": {
			"{auth_certificate: expired, " + box + "}", "owa",
			[]string{"owa state=error"},
			"",
		},
		"the Auth certificate of another": {
			"{auth_certificate: split, " + box + "}", "owa", []string{"owa state=error", "owa auth=forms"}, "",
		},
		"TLS ended before the server": {
			"{bridged: true, " + box + "}",
			"mapi",
			[]string{"mapi state=login refused"},
			"",
		},
		"only tokens": {
			"{auth: {ews: [forms]}, " + box + "}",
			"ews", nil, "this logon is not possible from here",
		},
		"another server's certificate": {
			"{tls: {names: [mail.example.org]}, " + box + "}",
			"ews",
			[]string{" certificate=wrong name"},
			"does not prove that it is ex01.corp.test",
		},
		"another node": {
			"{node: ex02.corp.test, " + box + "}",
			"ews",
			[]string{"ews node=ex02", "ews right_node=false", "ews state=ok"},
			"",
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := observe(t, start(t, tt.exchange), map[string]any{"endpoint": []string{tt.endpoint}})
			switch {
			case tt.err == "" && err != nil, tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)):
				t.Errorf("error %v, want %q", err, tt.err)
			}
			for _, want := range tt.want {
				if !slices.Contains(got, want) {
					t.Errorf("no %q in %q", want, got)
				}
			}
			for _, text := range got {
				if tt.err != "" && strings.Contains(text, "state=") {
					t.Errorf("%s, and nobody can tell", text)
				}
			}
		})
	}
}

// One wrong password is the last of the account in the run: at the lab it counts once.
func TestOneWrongPassword(t *testing.T) {
	c := start(t, "{lockout: 3, mailboxes: {probe@corp.test: {password: swordfish}}}").enter("wrong", host.Mail{})
	for range 3 {
		got, err := observe(t, c, map[string]any{
			"endpoint": []string{"ews", "mapi", "nspi", "owa", "activesync", "autodiscover"},
		})
		refused := slices.DeleteFunc(slices.Clone(got), func(s string) bool {
			return !strings.HasSuffix(s, "state=login refused")
		})
		if len(refused) != 1 || !errors.Is(err, probes.ErrNotTried) || strings.Contains(err.Error(), "swordfish") {
			t.Errorf("got %q, %v", refused, err)
		}
	}
	stats := c.Stats(server).Exchange
	if stats.Refused[mailbox] != 1 || len(stats.Locked) > 0 {
		t.Errorf("the server counts %d wrong passwords, locked %v", stats.Refused[mailbox], stats.Locked)
	}
}
