package exchange_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"postpatch/probes/lab/estate"
)

const formType = "Content-Type: application/x-www-form-urlencoded"

// logon sends the form and returns the answer and the cookies of it.
func (l *lab) logon(user, password, destination string) (answer *httptest.ResponseRecorder, cookies string) {
	l.t.Helper()
	form := url.Values{
		"destination": {destination}, "flags": {"4"}, "forcedownlevel": {"0"}, "username": {user}, "password": {password},
		"passwordText": {""}, "isUtf8": {"1"},
	}
	answer = l.ask(http.MethodPost, "/owa/auth.owa", form.Encode(), formType)
	var pairs []string
	for _, c := range answer.Result().Cookies() {
		pairs = append(pairs, c.Name+"="+c.Value)
	}
	return answer, strings.Join(pairs, "; ")
}

func TestForms(t *testing.T) {
	l := start(t, nil)
	answer := l.ask("GET", "/owa/", "")
	page := answer.Header().Get("Location")
	const logon = "https://mail.corp.test/owa/auth/logon.aspx?replaceCurrent=1&url=https%3a%2f%2fmail.corp.test%2fowa%2f"
	if answer.Code != 302 ||
		page != logon {
		t.Fatalf("got %d, %s", answer.Code, page)
	}
	answer = l.ask("GET", strings.TrimPrefix(page, "https://mail.corp.test"), "")
	if body := answer.Body.String(); answer.Code != 200 || !strings.Contains(body, `action="/owa/auth.owa"`) ||
		!strings.Contains(body, `name="destination" value="https://mail.corp.test/owa/"`) ||
		spelt(answer, "X-OWA-Version") != "15.2.1748.10" {
		t.Errorf("got %d, %s", answer.Code, body)
	}
	answer, cookies := l.logon(`CORP\probe`, "Secret-1", "https://mail.corp.test/owa/")
	if answer.Code != 302 || answer.Header().Get("Location") != "https://mail.corp.test/owa/" ||
		!strings.HasPrefix(cookies, "cadata=") || strings.Count(cookies, "cadata") != 5 {
		t.Fatalf("got %d, %v", answer.Code, answer.Header())
	}
	for path, want := range map[string]string{
		"/owa/": "<title>Outlook</title>",
		"/ecp/": "<title>Exchange admin center</title>",
	} {
		if answer := l.ask("GET", path, "", "Cookie: "+cookies); answer.Code != 200 || !strings.Contains(answer.Body.String(),
			want) {
			t.Errorf("%s: %d, %s", path, answer.Code, answer.Body)
		}
	}
	if answer := l.ask("GET", "/ecp/", "", "Cookie: "+strings.Split(cookies, "; ")[0]); answer.Code != 302 ||
		!strings.HasSuffix(answer.Header().Get("Location"), "%2fecp%2f&reason=0") {
		t.Errorf("half of the cookies: %d, %v", answer.Code, answer.Header())
	}
	l.ask("GET", "/owa/auth/logoff.aspx", "", "Cookie: "+cookies)
	if answer := l.ask("GET", "/owa/", "", "Cookie: "+cookies); answer.Code != 302 {
		t.Errorf("after the end of the session: %d", answer.Code)
	}
	if answer := l.ask("POST", "/owa/service.svc", "{}"); answer.Code != 440 {
		t.Errorf("a script without a session: %d", answer.Code)
	}
}

func TestWrongForms(t *testing.T) {
	l := start(t, nil)
	answer, cookies := l.logon("probe", "wrong", "https://mail.corp.test/ecp/")
	if to := answer.Header().Get("Location"); answer.Code != 302 || cookies != "" ||
		to != "https://mail.corp.test/owa/auth/logon.aspx?url=https%3a%2f%2fmail.corp.test%2fecp%2f&reason=2" {
		t.Errorf("got %d, %q, %s", answer.Code, cookies, to)
	}
	for _, destination := range []string{
		"https://evil.test/", "//evil.test/", "http://mail.corp.test/owa/", "javascript:alert(1)", "", "evil",
		"https://mail.corp.test",
	} {
		answer, _ := l.logon("probe", "Secret-1", destination)
		if to := answer.Header().Get("Location"); to != "https://mail.corp.test/owa/" {
			t.Errorf("%q leads to %q", destination, to)
		}
	}
	for name, answer := range map[string]*httptest.ResponseRecorder{
		"no form":   l.ask("POST", "/owa/auth.owa", `{"username":"probe"}`, "Content-Type: application/json"),
		"GET":       l.ask("GET", "/owa/auth.owa?username=probe&password=Secret-1", ""),
		"too large": l.ask("POST", "/owa/auth.owa", "username="+strings.Repeat("x", 1<<17), formType),
	} {
		if to := answer.Header().Get("Location"); answer.Code != 302 || !strings.HasSuffix(to, "&reason=0") {
			t.Errorf("%s: %d, %s", name, answer.Code, to)
		}
	}
}

func TestAuthCertificate(t *testing.T) {
	l := start(t, func(e *estate.Exchange) { e.AuthCertificate = "expired" })
	answer, cookies := l.logon("probe", "Secret-1", "/owa/")
	if answer.Code != 500 || cookies != "" || !strings.Contains(answer.Body.String(),
		"protectionCertificates.Length&lt;1") {
		t.Errorf("expired: %d, %s", answer.Code, answer.Body)
	}
	if answer, _ := l.logon("probe", "wrong", "/owa/"); answer.Code != 302 {
		t.Errorf("expired, with a wrong password: %d", answer.Code)
	}
	if answer := l.ntlm("NTLM", `CORP\probe`, "Secret-1", "", "/ews/exchange.asmx"); answer.Code != 415 {
		t.Errorf("expired, where it has no part: %d", answer.Code)
	}
	l = start(t, func(e *estate.Exchange) { e.AuthCertificate = "split" })
	answer, cookies = l.logon("probe", "Secret-1", "/owa/")
	again := l.ask("GET", "/owa/", "", "Cookie: "+cookies)
	if answer.Code != 302 || again.Code != 302 || !strings.Contains(again.Header().Get("Location"),
		"/owa/auth/logon.aspx?") {
		t.Errorf("split: %d, then %d", answer.Code, again.Code)
	}
}

func FuzzForm(f *testing.F) {
	f.Add("destination=https://mail.corp.test/owa/&username=probe&password=Secret-1", "cadata=x; cadataSig=y")
	f.Add("%zz=&username=%00", "cadata=\x00")
	l := start(f, nil)
	f.Fuzz(func(t *testing.T, form, cookie string) {
		l.t = t
		answer := l.ask("POST", "/owa/auth.owa", form, formType)
		u, err := url.Parse(answer.Header().Get("Location"))
		if answer.Code != 302 || err != nil || u.Host != "mail.corp.test" && u.Host != "" {
			t.Errorf("%d leads to %v", answer.Code, answer.Header())
		}
		if answer := l.ask("GET", "/ecp/", "", "Cookie: "+cookie); answer.Code != 302 {
			t.Errorf("%q is a session: %d", cookie, answer.Code)
		}
	})
}
