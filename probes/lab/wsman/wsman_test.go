package wsman_test

import (
	"crypto/tls"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/lab/estate"
	"postpatch/probes/lab/wsman"
)

func updating() bool {
	if f := flag.Lookup("update"); f != nil {
		return f.Value.String() == "true"
	}
	return false
}

func TestMain(m *testing.M) {
	flag.Bool("update", false, "write the golden files")
	flag.Parse()
	os.Exit(m.Run())
}

const acme = `
estate: wsman-test
hosts:
  sql01.corp.test:
    profile: windows-server-2022
    winrm: {user: probe, password: pw, plain: true, tls: true}
    os: {ubr: 4294, boot: 2026-10-14T03:12:45.5Z, uuid: 00000000-AAAA-BBBB-CCCC-000000000001}
    registry:
      HKLM\SOFTWARE\Acme: {Version: "1.2", Count: 4294967295, Paths: [a, b]}
    wmi:
      Win32_QuickFixEngineering:
        - {HotFixID: KB5044281, InstalledOn: 10/14/2026, Description: Security Update}
        - {HotFixID: KB5042578, InstalledOn: 10/9/2026}
      "root/StandardCimv2:MSFT_NetAdapter": [{Name: Ethernet0, Speed: 10000000000, Addresses: [10.0.0.5, "fe80::1"]}]
      Acme_Empty: []
    collectors:
      pending: [{Reboot: false, Why: null}]
states:
  before:
  rebooted: {sql01.corp.test: {os: {boot: 2026-11-23T02:10:00Z}}}
  slow: {sql01.corp.test: {think: 30s}}
  no_powershell: {sql01.corp.test: {winrm: {no_powershell: true}}}
  poor:
    sql01.corp.test:
      winrm: {auth: [basic], cbt: strict, config: {MaxMemoryPerShellMB: "80", AllowUnencrypted: "false"}}
  limited: {sql01.corp.test: {winrm: {limited: true}}}
  constrained: {sql01.corp.test: {winrm: {language: ConstrainedLanguage}}}
  ancient: {sql01.corp.test: {winrm: {ps_version: "2.0"}}}
  blocked: {sql01.corp.test: {winrm: {blocked: true}}}
  denied: {sql01.corp.test: {winrm: {denied: true}}}
  tls_only: {sql01.corp.test: {winrm: {plain: false}}}
  old: {sql01.corp.test: {os: {build: 9600, ubr: 21000}}}
  silent: {sql01.corp.test: {winrm: {fault: silent}}}
  garbage: {sql01.corp.test: {winrm: {fault: garbage}}}
  error: {sql01.corp.test: {winrm: {fault: error}}}
  endless: {sql01.corp.test: {winrm: {fault: endless}}}
  drop: {sql01.corp.test: {winrm: {fault: drop}}}
`

// bench is a server whose host can be put into another state.
type bench struct {
	*wsman.Server
	estate *estate.Estate
	host   atomic.Pointer[estate.Host]
}

func newBench(t *testing.T) *bench {
	t.Helper()
	e, err := estate.Parse("test", []byte(acme))
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{estate: e}
	b.enter("before")
	b.Server = wsman.New(func() estate.Host { return *b.host.Load() }, func(estate.TLS) (*tls.Certificate, error) {
		return nil, errors.New("no certificates here")
	})
	t.Cleanup(func() { _ = b.Close() })
	return b
}

func (b *bench) enter(state string) { b.host.Store(&b.estate.Hosts(state)[0]) }

// listen serves on a port of its own and returns its URL.
func (b *bench) listen(t *testing.T) string {
	t.Helper()
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = b.Serve(ln) }() // until Close
	return "http://" + ln.Addr().String() + "/wsman"
}

// request makes an HTTP request as a client sends it.
func request(t *testing.T, url, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/soap+xml;charset=UTF-8")
	r.SetBasicAuth("probe", "pw")
	return r
}

// post sends a message without a network, and returns the reply.
func (b *bench) post(t *testing.T, body string) (status int, reply string) {
	t.Helper()
	w := httptest.NewRecorder()
	r := request(t, "http://sql01:5985/wsman", body)
	r.RemoteAddr = "127.0.0.1:50000"
	b.ServeHTTP(w, r)
	if text := w.Body.String(); text != "" {
		if err := xml.Unmarshal([]byte(text), new(struct{ XMLName xml.Name })); err != nil {
			t.Errorf("the reply is no XML: %v\n%s", err, text)
		}
	}
	return w.Code, w.Body.String()
}

// ok posts a message that must succeed.
func (b *bench) ok(t *testing.T, body string) string {
	t.Helper()
	status, reply := b.post(t, body)
	if status != http.StatusOK {
		t.Fatalf("got HTTP %d: %s", status, reply)
	}
	return reply
}

const head = `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"
 xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"
 xmlns:n="http://schemas.xmlsoap.org/ws/2004/09/enumeration"
 xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd" xmlns:p="http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd"
 xmlns:rsp="http://schemas.microsoft.com/wbem/wsman/1/windows/shell">
<s:Header><a:To>http://sql01:5985/wsman</a:To>
<a:ReplyTo><a:Address
 s:mustUnderstand="true">http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:Address>
</a:ReplyTo><a:MessageID>uuid:00000000-0000-0000-0000-00000000000A</a:MessageID>
<w:Locale xml:lang="en-US" s:mustUnderstand="false"/>`

const (
	wmi     = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/cimv2/*"
	shell   = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd"
	enum    = "http://schemas.xmlsoap.org/ws/2004/09/enumeration/"
	winrs   = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/"
	xfer    = "http://schemas.xmlsoap.org/ws/2004/09/transfer/"
	wql     = `<w:Filter Dialect="http://schemas.microsoft.com/wbem/wsman/1/WQL">`
	largest = `<w:MaxEnvelopeSize s:mustUnderstand="true">512000</w:MaxEnvelopeSize>`
)

// message makes an envelope. More is further headers.
func message(resource, action, more, body string) string {
	return head + more + `<w:ResourceURI s:mustUnderstand="true">` + resource + `</w:ResourceURI>` +
		`<a:Action s:mustUnderstand="true">` + action + `</a:Action></s:Header><s:Body>` + body + `</s:Body></s:Envelope>`
}

func enumerate(query string) string {
	return message(wmi, enum+"Enumerate", largest, `<n:Enumerate><w:OptimizeEnumeration/>`+
		`<w:MaxElements>32000</w:MaxElements>`+wql+query+`</w:Filter></n:Enumerate>`)
}

func pull(context, limit string) string {
	return message(wmi, enum+"Pull", limit, `<n:Pull><n:EnumerationContext>`+context+
		`</n:EnumerationContext><n:MaxElements>32000</n:MaxElements></n:Pull>`)
}

// part cuts what is between two texts, the first time.
func part(text, before, after string) string {
	_, rest, _ := strings.Cut(text, before)
	inner, _, _ := strings.Cut(rest, after)
	return inner
}

// golden compares a reply with a stored one; what is random or now is levelled.
func golden(t *testing.T, name, got string) {
	t.Helper()
	for pattern, instead := range map[string]string{
		`[0-9A-F]{8}-[0-9A-F]{4}-4[0-9A-F]{3}-[0-9A-F]{4}-[0-9A-F]{12}`: "RANDOM-UUID",
		`(<(?:p:)?LocalDateTime>.*?Datetime>)[^<]*`:                     "${1}NOW",
	} {
		got = regexp.MustCompile(pattern).ReplaceAllString(got, instead)
	}
	got = strings.ReplaceAll(got, "><", ">\n<") + "\n"
	path := filepath.Join("testdata", name+".xml")
	if updating() {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func read(t *testing.T, r *http.Response) string {
	t.Helper()
	defer func() { _ = r.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
