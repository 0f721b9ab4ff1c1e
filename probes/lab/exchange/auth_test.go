package exchange_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/lab/estate"
)

func TestWaysToAuthenticate(t *testing.T) {
	l := start(t, nil)
	for path, want := range map[string][]string{
		"/ews/exchange.asmx":             {"Negotiate", "NTLM"},
		"/mapi/emsmdb/":                  {"Negotiate", "NTLM"},
		"/OAB/x/oab.xml":                 {"Negotiate", "NTLM"},
		"/autodiscover/autodiscover.xml": {"Negotiate", "NTLM", `Basic realm="mail.corp.test"`},
		"/Microsoft-Server-ActiveSync":   {`Basic realm="mail.corp.test"`},
	} {
		answer := l.ask(http.MethodPost, path, "body")
		if diff := cmp.Diff(strings.Join(want, ","), spelt(answer, "WWW-Authenticate")); answer.Code != 401 || diff != "" {
			t.Errorf("%s: %d (-want +got):\n%s", path, answer.Code, diff)
		}
	}
}

func TestNTLM(t *testing.T) {
	const ews, mapi = "/ews/exchange.asmx", "/mapi/emsmdb/"
	for name, test := range map[string]struct {
		scheme, user, password, bound, path string
		status                              int
		why                                 string
	}{
		"NTLM":                {"NTLM", `CORP\probe`, "Secret-1", "", ews, 415, "let in, without a body"},
		"bare in Negotiate":   {"Negotiate", `CORP\probe`, "Secret-1", "", ews, 415, ""},
		"by principal name":   {"NTLM", `\probe@corp.test`, "Secret-1", "", ews, 415, ""},
		"wrong password":      {"NTLM", `CORP\probe`, "secret-1", "", ews, 401, ""},
		"another domain":      {"NTLM", `ELSE\probe`, "Secret-1", "", ews, 401, ""},
		"nobody":              {"NTLM", `CORP\nobody`, "Secret-1", "", ews, 401, ""},
		"bound":               {"NTLM", `CORP\probe`, "Secret-1", bindings, ews, 415, ""},
		"bound elsewhere":     {"NTLM", `CORP\probe`, "Secret-1", bindings + "x", ews, 401, "allowed is not: any"},
		"must be bound":       {"NTLM", `CORP\probe`, "Secret-1", "", mapi, 401, "Extended Protection is required"},
		"bound where it must": {"NTLM", `CORP\probe`, "Secret-1", bindings, mapi, 200, ""},
	} {
		t.Run(name, func(t *testing.T) {
			answer := start(t, nil).ntlm(test.scheme, test.user, test.password, test.bound, test.path)
			if answer == nil || answer.Code != test.status {
				t.Errorf("got %+v, want %d: %s", answer, test.status, test.why)
			}
		})
	}
}

func TestProtectionAsSet(t *testing.T) {
	l := start(t, func(e *estate.Exchange) {
		e.Protection = map[estate.Directory]estate.Protection{"mapi": "none", "ews": "require"}
	})
	if answer := l.ntlm("NTLM", `CORP\probe`, "Secret-1", "", "/mapi/emsmdb/"); answer.Code != 200 {
		t.Errorf("mapi without protection: %d", answer.Code)
	}
	if answer := l.ntlm("NTLM", `CORP\probe`, "Secret-1", "", "/ews/exchange.asmx"); answer.Code != 401 {
		t.Errorf("ews with protection: %d", answer.Code)
	}
	if got := l.server.Stats(); got.Unbound != 1 || got.Refused["probe@corp.test"] != 0 {
		t.Errorf("a missing binding counts as a wrong password: %+v", got)
	}
	l.host.Exchange.Bridged = true
	if answer := l.ntlm("NTLM", `CORP\probe`, "Secret-1", bindings, "/ews/exchange.asmx"); answer.Code != 401 {
		t.Errorf("behind another certificate: %d", answer.Code)
	}
}

// IIS lets a connection in that NTLM has authenticated, within the application.
func TestConnectionIsAuthenticated(t *testing.T) {
	l := start(t, nil)
	if answer := l.ntlm("NTLM", `CORP\probe`, "Secret-1", "", "/ews/exchange.asmx"); answer.Code != 415 {
		t.Fatalf("got %d", answer.Code)
	}
	if answer := l.ask("GET", "/ews/exchange.asmx", ""); answer.Code != 200 {
		t.Errorf("the same directory: %d", answer.Code)
	}
	if answer := l.ask("GET", "/mapi/emsmdb/", ""); answer.Code != 401 {
		t.Errorf("another directory: %d", answer.Code)
	}
	l.connect()
	if answer := l.ask("GET", "/ews/exchange.asmx", ""); answer.Code != 401 {
		t.Errorf("another connection: %d", answer.Code)
	}
}

func TestNoWindowsAuthenticationInHTTP2(t *testing.T) {
	l := start(t, nil)
	if answer := l.ask("GET", "/ews/exchange.asmx", "", "HTTP/2"); answer == nil || answer.Code != 401 {
		t.Errorf("without a token: %+v", answer)
	}
	if answer := l.ntlm("NTLM", `CORP\probe`, "Secret-1", "", "/ews/exchange.asmx", "HTTP/2"); answer != nil {
		t.Errorf("with a token: %+v", answer)
	}
	if answer := l.ask("OPTIONS", "/microsoft-server-activesync", "", basic("probe", "Secret-1"),
		"HTTP/2"); answer == nil ||
		answer.Code != 200 {
		t.Errorf("Basic: %+v", answer)
	}
}

func TestBasic(t *testing.T) {
	l := start(t, func(e *estate.Exchange) {
		m := e.Mailboxes["other@corp.test"]
		m.Disabled = []estate.Directory{"activesync"}
		e.Mailboxes["other@corp.test"] = m
	})
	for line, want := range map[string]int{
		basic(`CORP\probe`, "Secret-1"):       200,
		basic(`corp.test\Probe`, "Secret-1"):  200,
		basic(`probe`, "Secret-1"):            200,
		basic(`probe@corp.test`, "Secret-1"):  200,
		basic(`probe@else.test`, "Secret-1"):  401,
		basic(`probe`, "Secret-2"):            401,
		basic(`probe`, ""):                    401,
		basic(`other`, "Other-1"):             403,
		"Authorization: Basic !":              401,
		"Authorization: NTLM TlRMTVNTUAABAAA": 401,
	} {
		if got := l.ask("OPTIONS", "/Microsoft-Server-ActiveSync", "", line); got.Code != want {
			t.Errorf("%s: %d, want %d", line, got.Code, want)
		}
	}
}

// One wrong password too many locks the account in every directory, for the right
// one, too.
func TestLockout(t *testing.T) {
	l := start(t, func(e *estate.Exchange) { e.Lockout = 3 })
	const eas, xml = "/Microsoft-Server-ActiveSync", "/autodiscover/autodiscover.xml"
	if answer := l.ask("OPTIONS", eas, "", basic("probe", "wrong")); answer.Code != 401 {
		t.Fatalf("got %d", answer.Code)
	}
	if answer := l.ntlm("NTLM", `CORP\probe`, "wrong", "", "/ews/exchange.asmx"); answer.Code != 401 {
		t.Fatalf("got %d", answer.Code)
	}
	if answer := l.ask("POST", xml, "", basic("probe", "Secret-1")); answer.Code != 200 {
		t.Fatalf("two wrong ones lock: %d", answer.Code)
	}
	for range 2 {
		l.ask("OPTIONS", eas, "", basic("probe", "wrong"))
	}
	if answer := l.ask("OPTIONS", eas, "", basic("probe", "Secret-1")); answer.Code != 200 {
		t.Fatalf("the right one between does not count: %d", answer.Code)
	}
	for range 3 {
		l.ask("POST", "/owa/auth.owa", "username=probe&password=wrong", "Content-Type: application/x-www-form-urlencoded")
	}
	if got := l.server.Stats(); got.Refused["probe@corp.test"] != 7 || !cmp.Equal(got.Locked,
		[]string{"probe@corp.test"}) {
		t.Errorf("got %+v", got)
	}
	if answer := l.ask("OPTIONS", eas, "", basic("probe", "Secret-1")); answer.Code != 401 {
		t.Errorf("Basic of a locked account: %d", answer.Code)
	}
	if answer := l.ntlm("NTLM", `CORP\probe`, "Secret-1", "", "/ews/exchange.asmx"); answer.Code != 401 {
		t.Errorf("NTLM of a locked account: %d", answer.Code)
	}
	if answer := l.ask("OPTIONS", eas, "", basic("other", "Other-1")); answer.Code != 200 {
		t.Errorf("another account: %d", answer.Code)
	}
	l.server.Unlock()
	if answer := l.ask("OPTIONS", eas, "", basic("probe", "Secret-1")); answer.Code != 200 {
		t.Errorf("unlocked: %d", answer.Code)
	}
}

func TestTokensOfOAuth(t *testing.T) {
	l := start(t, nil)
	answer := l.ask("POST", "/ews/exchange.asmx", "", "Authorization: Bearer x.y.z")
	why := spelt(answer, "x-ms-diagnostics")
	if answer.Code != 401 || !strings.Contains(why, "signature") {
		t.Errorf("got %d, %q", answer.Code, why)
	}
}

func FuzzAuthorization(f *testing.F) {
	f.Add("NTLM TlRMTVNTUAABAAAABoIIAAAAAAAAAAAAAAAAAAAAAAA=", "Negotiate YIIBA==")
	f.Add("Basic cHJvYmU6U2VjcmV0LTE=", "Bearer x")
	l := start(f, nil)
	f.Fuzz(func(t *testing.T, one, two string) {
		if strings.Contains(one+two, "\n") { // no header can have one
			return
		}
		l.t = t
		l.conn = t.Context()
		l.connect()
		for _, line := range []string{one, two} {
			for _, path := range []string{"/ews/exchange.asmx", "/microsoft-server-activesync"} {
				answer := l.ask("GET", path, "", "Authorization: "+line)
				if answer.Code != 401 && !strings.HasPrefix(strings.ToLower(line), "basic") {
					t.Errorf("%q got %d", line, answer.Code)
				}
			}
		}
	})
}
