package wsman_test

import (
	"bufio"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestFaults(t *testing.T) {
	select1 := `<n:Enumerate><w:OptimizeEnumeration/>` + wql + `SELECT Name FROM Win32_Service</w:Filter></n:Enumerate>`
	other := func(old, instead string) string {
		return strings.Replace(message(wmi, enum+"Enumerate", "", select1), old, instead, 1)
	}
	tests := map[string]struct{ body, action, code, number string }{
		"no XML": {
			"<s:Envelope",
			"wsman.xsd/fault", "w:SchemaValidationError", "2150858817",
		},
		"a document type": {
			"<!DOCTYPE x>" + enumerate("x"),
			"wsman.xsd/fault", "w:SchemaValidationError", "2150858817",
		},
		"deep XML": {
			strings.Repeat("<x>", 100),
			"wsman.xsd/fault", "w:SchemaValidationError", "2150858817",
		},
		"SOAP 1.1": {
			`<Envelope xmlns="http://schemas.xmlsoap.org/soap/envelope/"/>`,
			"addressing/fault", "s:VersionMismatch", "2150858765",
		},
		"no MessageID": {
			strings.ReplaceAll(other("", ""), "a:MessageID", "a:Massage"),
			"addressing/fault", "a:MessageInformationHeaderRequired", "2150858769",
		},
		"no ReplyTo": {
			strings.ReplaceAll(other("", ""), "a:ReplyTo", "a:Reply"),
			"addressing/fault", "a:MessageInformationHeaderRequired", "2150858769",
		},
		"must understand": {
			other("<w:Locale", `<x s:mustUnderstand="true"/><w:Locale`),
			"addressing/fault", "s:MustUnderstand", "2150858768",
		},
		"bad timeout": {
			other("<w:Locale", `<w:OperationTimeout>20</w:OperationTimeout><w:Locale`),
			"wsman.xsd/fault", "w:InvalidTimeout", "2150858881",
		},
		"small envelope": {
			other("<w:Locale", `<w:MaxEnvelopeSize>8191</w:MaxEnvelopeSize><w:Locale`),
			"wsman.xsd/fault", "w:EncodingLimit", "2150858878",
		},
		"unknown action": {
			message(wmi, xfer+"Put", "", ""),
			"addressing/fault", "a:ActionNotSupported", "2150858753",
		},
		"Exchange's resource": {
			message("http://schemas.microsoft.com/powershell/Microsoft.Exchange", xfer+"Create", "", ""),
			"addressing/fault", "a:DestinationUnreachable", "2150858811",
		},
		"WMI's action at shell": {
			message(shell, enum+"Enumerate", "", select1),
			"addressing/fault", "a:DestinationUnreachable", "2150858811",
		},
		"unknown class": {
			enumerate("SELECT * FROM Nope"),
			"enumeration/fault", "n:CannotProcessFilter", "2150858778",
		},
		"class elsewhere": {
			enumerate("SELECT * FROM MSFT_NetAdapter"),
			"enumeration/fault", "n:CannotProcessFilter", "2150858778",
		},
		"unknown column": {
			enumerate("SELECT Nope FROM Win32_Service"),
			"enumeration/fault", "n:CannotProcessFilter", "2150858778",
		},
		"unknown condition": {
			enumerate("SELECT Name FROM Win32_Service WHERE Nope=1"),
			"enumeration/fault", "n:CannotProcessFilter", "2150858778",
		},
		"no WQL": {
			enumerate("DROP TABLE x"),
			"enumeration/fault", "n:CannotProcessFilter", "2150858778",
		},
		"unknown namespace": {
			strings.Replace(enumerate("SELECT Name FROM X"), "root/cimv2", "root/no", 1),
			"wsman.xsd/fault", "w:InternalError", "2147749902",
		},
		"other dialect": {
			other("1/WQL", "1/XPath"),
			"enumeration/fault", "n:FilterDialectRequestedUnavailable", "2150858777",
		},
		"filter on a class": {
			other("cimv2/*", "cimv2/Win32_Service"),
			"addressing/fault", "a:DestinationUnreachable", "2150859003",
		},
		"no such shell": {
			message(shell, xfer+"Delete", selectShell("X"), ""),
			"wsman.xsd/fault", "w:InvalidSelectors", "2150858843",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			status, reply := newBench(t).post(t, test.body)
			action, code := part(reply, "<a:Action>", "<"), part(reply, "Subcode><s:Value>", "<")
			if code == "" {
				code = part(reply, "<s:Value>", "<")
			}
			if status != http.StatusInternalServerError || !strings.HasSuffix(action, test.action) || code != test.code {
				t.Errorf("got HTTP %d, %s, %s; want %s, %s", status, action, code, test.action, test.code)
			}
			if number := part(reply, `Code="`, `"`); number != test.number {
				t.Errorf("got number %s, want %s", number, test.number)
			}
		})
	}
}

func TestFaultReply(t *testing.T) {
	_, reply := newBench(t).post(t, enumerate("SELECT * FROM Nope"))
	golden(t, "fault", reply)
}

func TestDenied(t *testing.T) {
	b := newBench(t)
	b.enter("denied")
	status, reply := b.post(t, enumerate("SELECT Name FROM Win32_Service"))
	if status != 500 || !strings.Contains(reply, `w:AccessDenied`) || part(reply, `Code="`, `"`) != "5" {
		t.Errorf("got HTTP %d: %s", status, reply)
	}
}

func TestHTTP(t *testing.T) {
	query := enumerate("SELECT Name FROM Win32_ComputerSystem")
	tests := map[string]struct {
		change func(*http.Request)
		status int
	}{
		"good":               {func(*http.Request) {}, 200},
		"user with a domain": {func(r *http.Request) { r.SetBasicAuth(`.\PROBE`, "pw") }, 200},
		"no credentials":     {func(r *http.Request) { r.Header.Del("Authorization") }, 401},
		"wrong password":     {func(r *http.Request) { r.SetBasicAuth("probe", "PW") }, 401},
		"another user":       {func(r *http.Request) { r.SetBasicAuth("prob", "pw") }, 401},
		"another scheme":     {func(r *http.Request) { r.Header.Set("Authorization", "Negotiate x") }, 401},
		"no content type":    {func(r *http.Request) { r.Header.Del("Content-Type") }, 415},
		"plain text":         {func(r *http.Request) { r.Header.Set("Content-Type", "text/xml") }, 415},
		"GET":                {func(r *http.Request) { r.Method = http.MethodGet }, 405},
		"another path":       {func(r *http.Request) { r.URL.Path = "/PowerShell/" }, 404},
		"huge": {func(r *http.Request) {
			r.Body = io.NopCloser(strings.NewReader(query + strings.Repeat(" ", 500<<10)))
		}, 413},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := httptest.NewRecorder()
			r := request(t, "http://sql01/wsman", query)
			test.change(r)
			newBench(t).ServeHTTP(w, r)
			if w.Code != test.status {
				t.Errorf("got %d, want %d", w.Code, test.status)
			}
			if asked := strings.Join(w.Header().Values("WWW-Authenticate"), ","); test.status == 401 &&
				asked != `Negotiate,Basic realm="WSMAN"` {
				t.Errorf("got WWW-Authenticate %q", asked)
			}
			if test.status != 200 && w.Body.Len() > 0 {
				t.Errorf("want no body, got %q", w.Body)
			}
		})
	}
}

func TestNoBasicInClearUnlessAllowed(t *testing.T) {
	b := newBench(t)
	b.enter("tls_only")
	w := httptest.NewRecorder()
	b.ServeHTTP(w, request(t, "http://sql01/wsman", enumerate("SELECT Name FROM Win32_ComputerSystem")))
	if got := w.Header().Values("WWW-Authenticate"); w.Code != 401 || len(got) != 1 || got[0] != "Negotiate" {
		t.Errorf("got %d, %q", w.Code, got)
	}
}

func TestIdentify(t *testing.T) {
	body := `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header/><s:Body>` +
		`<i:Identify xmlns:i="http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"/></s:Body></s:Envelope>`
	b := newBench(t)
	golden(t, "identify", b.ok(t, body))
	for _, path := range []string{"/wsman-anon/identify", "/wsman"} {
		r := request(t, "http://sql01"+path, body)
		r.Header.Del("Authorization")
		r.Header.Set("WSMANIDENTIFY", "unauthenticated")
		w := httptest.NewRecorder()
		b.ServeHTTP(w, r)
		if w.Code != 200 || !strings.Contains(w.Body.String(), "OS: 0.0.0 SP: 0.0 Stack: 3.0") {
			t.Errorf("%s: got %d: %s", path, w.Code, w.Body)
		}
	}
	if n := b.Stats().Messages["Identify"]; n != 3 {
		t.Errorf("counted %d", n)
	}
}

// exchange sends one request over a connection of its own and returns all that
// comes, at most 1 MB.
func exchange(t *testing.T, url, body string) string {
	t.Helper()
	address := part(url, "//", "/")
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	r := request(t, url, body)
	r.Close = true
	_ = r.Write(conn) // fails where the server has closed already
	got, _ := io.ReadAll(io.LimitReader(conn, 1<<20))
	return string(got)
}

func TestMisbehaviour(t *testing.T) {
	b := newBench(t)
	url := b.listen(t)
	query := enumerate("SELECT Name FROM Win32_ComputerSystem")
	tests := map[string]func(got string) bool{
		"before":  func(got string) bool { return strings.HasPrefix(got, "HTTP/1.1 200 OK") },
		"drop":    func(got string) bool { return got == "" },
		"garbage": func(got string) bool { return got != "" && !strings.HasPrefix(got, "HTTP") },
		"error": func(got string) bool {
			return strings.HasPrefix(got, "HTTP/1.1 500") && strings.Contains(got, "Content-Type: text/html")
		},
		"endless": func(got string) bool { return len(got) == 1<<20 },
	}
	for state, fits := range tests {
		b.enter(state)
		if got := exchange(t, url, query); !fits(got) {
			t.Errorf("%s: got %.300q", state, got)
		}
	}
}

func TestSilenceEndsWithTheServer(t *testing.T) {
	b := newBench(t)
	url := b.listen(t)
	b.enter("silent")
	done := make(chan string)
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", part(url, "//", "/"))
	if err != nil {
		t.Fatal(err)
	}
	if err := request(t, url, "x").Write(conn); err != nil {
		t.Fatal(err)
	}
	go func() {
		got, _ := io.ReadAll(conn)
		done <- string(got)
	}()
	for b.Stats().Requests == 0 { // until the test's own deadline
		if t.Context().Err() != nil {
			t.Fatal("no request")
		}
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	if got := <-done; got != "" {
		t.Errorf("got %q", got)
	}
}

func TestCounts(t *testing.T) {
	b := newBench(t)
	url := b.listen(t)
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", part(url, "//", "/"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	reader := bufio.NewReader(conn)
	for range 3 {
		r := request(t, url, enumerate("SELECT Name FROM Win32_ComputerSystem"))
		if err := r.Write(conn); err != nil {
			t.Fatal(err)
		}
		response, err := http.ReadResponse(reader, r) //nolint:bodyclose // read closes it
		if err != nil {
			t.Fatal(err)
		}
		if got := read(t, response); response.StatusCode != 200 || !strings.Contains(got, "SQL01") {
			t.Errorf("got %d %s", response.StatusCode, got)
		}
	}
	stats := b.Stats()
	if stats.Connections != 1 || stats.Requests != 3 || stats.Messages["Enumerate"] != 3 {
		t.Errorf("got %+v", stats)
	}
}

func decode64(t *testing.T, s string) string {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
