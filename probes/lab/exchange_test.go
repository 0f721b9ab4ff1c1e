package lab_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"io"
	"net/http"
	"net/smtp"
	"strings"
	"testing"

	"github.com/bodgit/ntlmssp"

	"postpatch/probes/lab"
	labexchange "postpatch/probes/lab/exchange"
)

const mailboxes = `
estate: exchange-test
hosts:
  ex01.corp.test:
    os: {domain: corp.test}
    smtp: {}
    exchange:
      auth: {ews: [basic]}
      mailboxes:
        probe@corp.test: {user: 'CORP\probe', password: Secret-1}
states:
  before:
  bridged: {ex01.corp.test: {exchange: {bridged: true}}}
  down: {ex01.corp.test: {exchange: {down: [ews, activesync]}}}
`

const findItem = `<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" ` +
	`xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types" ` +
	`xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"><soap:Body><m:FindItem Traversal="Shallow">` +
	`<m:ItemShape>` +
	`<t:BaseShape>Default</t:BaseShape></m:ItemShape><m:ParentFolderIds><t:DistinguishedFolderId Id="inbox"/>` +
	`</m:ParentFolderIds>` +
	`</m:FindItem></soap:Body></soap:Envelope>`

// browser reaches the lab by its names, over HTTP/1.1, and keeps the certificate
// that it has seen last.
type browser struct {
	*http.Client
	leaf *x509.Certificate
}

func browse(t *testing.T, l *lab.Lab) *browser {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(l.CA())
	b := &browser{}
	b.Client = &http.Client{Transport: &http.Transport{
		DialContext: l.Routes().Dial, DisableCompression: true,
		TLSClientConfig: &tls.Config{RootCAs: roots, VerifyConnection: func(state tls.ConnectionState) error {
			b.leaf = state.PeerCertificates[0]
			return nil
		}},
	}}
	t.Cleanup(b.CloseIdleConnections)
	return b
}

func (b *browser) post(t *testing.T, url, body string, change func(http.Header)) (status int, header http.Header,
	text string,
) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	change(r.Header)
	answer, err := b.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	data, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, answer.Header, string(data)
}

// What SMTP takes is read over EWS.
func TestMailComesToExchange(t *testing.T) {
	l := start(t, mailboxes)
	if err := smtp.SendMail(l.Routes()["ex01.corp.test"].Ports["tcp/25"], nil, "a@else.test", []string{"probe@corp.test"},
		[]byte("Subject: by SMTP\r\nFrom: a@else.test\r\n\r\nhello\r\n")); err != nil {
		t.Fatal(err)
	}
	b := browse(t, l)
	ask := func() (int, string) {
		status, _, text := b.post(t, "https://ex01.corp.test/EWS/Exchange.asmx", findItem, func(h http.Header) {
			h.Set("Content-Type", "text/xml")
			h.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("probe:Secret-1")))
		})
		return status, text
	}
	if status, text := ask(); status != 200 || !strings.Contains(text, "<t:Subject>by SMTP</t:Subject>") {
		t.Errorf("%d\n%s", status, text)
	}
	if err := l.Switch("down"); err != nil {
		t.Fatal(err)
	}
	if status, _ := ask(); status != 503 {
		t.Errorf("an inactive component answers %d", status)
	}
	if err := l.Switch("before"); err != nil {
		t.Fatal(err)
	}
	if status, text := ask(); status != 200 || !strings.Contains(text, "by SMTP") {
		t.Errorf("mail is gone with a state of the estate: %d\n%s", status, text)
	}
}

// MAPI lets in who binds to the certificate that was shown, and nobody where that is
// a load balancer's.
func TestExtendedProtection(t *testing.T) {
	l := start(t, mailboxes)
	ping := func(bound bool) (int, string) {
		b := browse(t, l)
		client, err := ntlmssp.NewClient(ntlmssp.SetUserInfo("probe", "Secret-1"), ntlmssp.SetDomain("CORP"),
			ntlmssp.SetWorkstation("RUNNER"), ntlmssp.SetVersion(&ntlmssp.Version{
				ProductMajorVersion: 10,
				NTLMRevisionCurrent: 15,
			}))
		if err != nil {
			t.Fatal(err)
		}
		token, err := client.Authenticate(nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		send := func() (int, http.Header, string) {
			return b.post(t, "https://ex01.corp.test/mapi/emsmdb/", "", func(h http.Header) {
				h.Set("Content-Type", "application/mapi-http")
				h.Set("X-RequestType", "PING")
				h.Set("X-RequestId", "{C715155F-2BE8-44E0-BD34-2960067874C8}:1")
				h.Set("Authorization", "NTLM "+base64.StdEncoding.EncodeToString(token))
			})
		}
		_, header, _ := send()
		challenge, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(header.Get("WWW-Authenticate"), "NTLM "))
		if err != nil {
			t.Fatal(err)
		}
		var channel *ntlmssp.ChannelBindings
		if bound {
			shown := &tls.Certificate{Certificate: [][]byte{b.leaf.Raw}}
			channel = &ntlmssp.ChannelBindings{ApplicationData: labexchange.Bindings(shown)}
		}
		if token, err = client.Authenticate(challenge, channel); err != nil {
			t.Fatal(err)
		}
		status, header, _ := send()
		return status, header.Get("X-ResponseCode")
	}
	if status, code := ping(true); status != 200 || code != "0" {
		t.Errorf("bound: %d, %q", status, code)
	}
	if status, _ := ping(false); status != 401 {
		t.Errorf("not bound: %d", status)
	}
	if err := l.Switch("bridged"); err != nil {
		t.Fatal(err)
	}
	if status, _ := ping(true); status != 401 {
		t.Errorf("bound to a load balancer: %d", status)
	}
	if got := l.Stats("ex01.corp.test").Exchange; got.Unbound != 2 || got.Logons["probe@corp.test"] != 1 {
		t.Errorf("counted %+v", got)
	}
}

// The front end in clear and the back end are there, and let nobody in.
func TestOtherPortsOfExchange(t *testing.T) {
	l := start(t, mailboxes)
	b := browse(t, l)
	for url, want := range map[string]int{
		"http://ex01.corp.test/owa/":                     403,
		"http://ex01.corp.test/owa/healthcheck.htm":      403,
		"https://ex01.corp.test:444/ews/exchange.asmx":   401,
		"https://ex01.corp.test:444/ews/healthcheck.htm": 200,
	} {
		if status, _, text := b.post(t, url, "", func(http.Header) {}); status != want {
			t.Errorf("%s: %d, want %d\n%s", url, status, want, text)
		}
	}
}
