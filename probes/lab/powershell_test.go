package lab_test

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"strings"
	"testing"
)

const exchange = `
estate: powershell-test
hosts:
  ex01.corp.test:
    winrm: {user: probe, password: pw, plain: true}
    exchange: {}
    powershell:
      Microsoft.Exchange: {path: /PowerShell/, cmdlets: {Get-One: {rows: [1]}}}
      JEA: {}
  web01.corp.test:
    winrm: {user: probe, password: pw, plain: true}
    powershell:
      Acme: {path: /acme}
states:
  before:
  down: {ex01.corp.test: {exchange: {down: [powershell]}}}
  gone: {ex01.corp.test: {powershell: null}}
`

func TestPowerShellOnTheWeb(t *testing.T) {
	l := start(t, exchange)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(l.CA())
	client := &http.Client{Transport: &http.Transport{
		DialContext: l.Routes().Dial, TLSClientConfig: &tls.Config{RootCAs: roots}, DisableKeepAlives: true,
	}}
	// ask sends a Create that is refused only by what answers for its resource.
	ask := func(url, configuration string) string {
		const head = `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"
			xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"
			xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"><s:Header><a:To>x</a:To><a:ReplyTo/>` +
			`<a:MessageID>uuid:1</a:MessageID><a:Action>http://schemas.xmlsoap.org/ws/2004/09/transfer/Create</a:Action>`
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(head+
			`<w:ResourceURI>http://schemas.microsoft.com/powershell/`+configuration+`</w:ResourceURI></s:Header><s:Body/></s:Envelope>`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/soap+xml;charset=UTF-8")
		r.SetBasicAuth("probe", "pw")
		response, err := client.Do(r)
		if err != nil {
			return "no answer"
		}
		defer func() { _ = response.Body.Close() }()
		body, err := io.ReadAll(io.LimitReader(response.Body, 1<<16))
		if err != nil {
			t.Fatal(err)
		}
		if _, code, isFault := strings.Cut(string(body), `Code="`); isFault {
			number, _, _ := strings.Cut(code, `"`)
			return number
		}
		return response.Status
	}
	const reached, unknown = "2152991687", "2150858811" // no protocolversion; no such resource
	check := func(url, configuration, want string) {
		t.Helper()
		if got := ask(url, configuration); got != want {
			t.Errorf("%s: %s at %s: got %s, want %s", l.State(), configuration, url, got, want)
		}
	}
	check("http://ex01.corp.test/PowerShell/", "Microsoft.Exchange", reached)
	check("http://ex01.corp.test/powershell", "Microsoft.Exchange", reached)
	check("https://ex01.corp.test/PowerShell/", "Microsoft.Exchange", reached)
	check("http://ex01.corp.test/PowerShell/", "JEA", unknown)
	check("http://ex01.corp.test:5985/wsman", "Microsoft.Exchange", unknown)
	check("http://ex01.corp.test:5985/wsman", "JEA", reached)
	check("http://ex01.corp.test:5985/PowerShell/", "Microsoft.Exchange", "404 Not Found")
	check("https://ex01.corp.test/PowerShell/healthcheck.htm", "Microsoft.Exchange", "200 OK")
	check("http://ex01.corp.test/wsman", "JEA", "404 Not Found")
	check("http://web01.corp.test/acme", "Acme", reached)
	check("https://web01.corp.test/acme", "Acme", reached)
	if err := l.Switch("down"); err != nil {
		t.Fatal(err)
	}
	check("https://ex01.corp.test/PowerShell/", "Microsoft.Exchange", "503 Service Unavailable")
	if err := l.Switch("gone"); err != nil {
		t.Fatal(err)
	}
	check("http://ex01.corp.test/PowerShell/", "Microsoft.Exchange", "401 Unauthorized")
	check("https://ex01.corp.test/PowerShell/", "Microsoft.Exchange", "401 Unauthorized")
	check("http://ex01.corp.test:5985/wsman", "JEA", unknown)
}
