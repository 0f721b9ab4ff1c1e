package exchangeclient

import (
	"net/http"
	"strings"
	"testing"
	"unicode"

	"postpatch/probes/internal/webtalk"
)

// FuzzBodies holds that no body makes an answer that is not in it, and that no reading has
// what a terminal would obey.
func FuzzBodies(f *testing.F) {
	f.Add([]byte(`<s:Envelope><s:Header><h:ServerVersionInfo MajorVersion="15" MinorVersion="2" MajorBuildNumber="1748" ` +
		`MinorBuildNumber="10"/></s:Header><s:Body><m:GetFolderResponse><m:ResponseMessages><m:GetFolderResponseMessage ` +
		`ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode></m:GetFolderResponseMessage></m:ResponseMessages>` +
		`</m:GetFolderResponse></s:Body></s:Envelope>`))
	f.Add([]byte(`<s:Envelope><s:Body><s:Fault><faultstring>no</faultstring><detail>` +
		`<e:ResponseCode>ErrorX</e:ResponseCode></detail></s:Fault></s:Body></s:Envelope>`))
	f.Add([]byte(`<Autodiscover><Response><Account><Action>settings</Action><Protocol><Type>EXCH</Type>` +
		`<EwsUrl>https://a/</EwsUrl></Protocol></Account></Response></Autodiscover>`))
	f.Add([]byte(`<Autodiscover><Response><Error><ErrorCode>500</ErrorCode><Message>no</Message></Error></Response>` +
		`</Autodiscover>`))
	f.Add([]byte(`{"Protocol":"Ews","Url":"https://a/EWS"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var shown []string
		if got, err := readEWS(body); err == nil {
			shown = append(shown, clean(got.code), got.build)
			if got.code == "NoError" && !strings.Contains(string(body), "NoError") && !strings.Contains(string(body), "&#") {
				t.Error("NoError of nothing")
			}
		}
		if got, err := readSettings(body); err == nil {
			shown = append(append(shown, clean(got.action)), got.urls...)
		}
		if got, err := readPointer(body, "Ews"); err == nil {
			shown = append(shown, clean(got))
		}
		answer := &webtalk.Answer{Body: body}
		_ = isPage(answer)
		for _, text := range append(shown, titleOf(body)) {
			if strings.ContainsFunc(text, unicode.IsControl) || len(text) > 4000 {
				t.Errorf("%q is not fit to be shown", text)
			}
		}
	})
}

// FuzzForm holds that an answer to the form of OWA makes no cookie that breaks a request,
// and that no account is taken by an answer that leads elsewhere.
func FuzzForm(f *testing.F) {
	f.Add(302, "https://ex01.corp.test/owa/", "cadata=YQ==; path=/; secure; HttpOnly")
	f.Add(302, "/owa/auth/logon.aspx?url=x&reason=2", "")
	f.Add(302, "https://sts.example.test/adfs/ls/", "a=b\r\nX: y")
	f.Add(200, "", "a=\x00; b")
	f.Fuzz(func(t *testing.T, status int, location, cookie string) {
		answer := &webtalk.Answer{Status: status, Header: http.Header{"Location": {location}, "Set-Cookie": {cookie}}}
		shown, err := formTold(answer, "ex01.corp.test")
		if err == nil && (status < 300 || status > 399) {
			t.Errorf("HTTP %d says %v", status, shown)
		}
		cookies := strings.Join(cookiesOf(answer), "; ")
		unfit := strings.ContainsFunc(cookies, func(r rune) bool { return r < ' ' || r >= 0x7f })
		if unfit || len(cookies) > mostCookie+2*mostCookies {
			t.Errorf("the cookie %q", cookies)
		}
	})
}
