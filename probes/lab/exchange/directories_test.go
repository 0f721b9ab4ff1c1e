package exchange_test

import (
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"postpatch/probes/lab/estate"
)

func TestMAPI(t *testing.T) {
	const kind, id = "Content-Type: application/mapi-http", "X-RequestId: {C715155F-2BE8-44E0-BD34-2960067874C8}:1"
	l := start(t, func(e *estate.Exchange) {
		e.Auth = map[estate.Directory][]estate.Scheme{"mapi": {estate.Basic}}
	})
	ask := func(method, path string, header ...string) *httptest.ResponseRecorder {
		return l.ask(method, path, "", append(header, basic("probe", "Secret-1"))...)
	}
	for name, test := range map[string]struct {
		path   string
		header []string
		code   string
	}{
		"PING":              {"/mapi/emsmdb/?MailboxId=x@corp.test", []string{kind, id, "X-RequestType: PING"}, "0"},
		"the address book":  {"/mapi/nspi/", []string{kind, id, "X-RequestType: ping"}, "0"},
		"no type":           {"/mapi/nspi/", []string{kind, id}, "7"},
		"no id":             {"/mapi/nspi/", []string{kind, "X-RequestType: PING"}, "7"},
		"no content type":   {"/mapi/nspi/", []string{id, "X-RequestType: PING"}, "7"},
		"another":           {"/mapi/nspi/", []string{"Content-Type: text/xml", id, "X-RequestType: PING"}, "4"},
		"an id of its own":  {"/mapi/nspi/", []string{kind, "X-RequestId: 1", "X-RequestType: PING"}, "4"},
		"another type":      {"/mapi/nspi/", []string{kind, id, "X-RequestType: PONG"}, "5"},
		"another path":      {"/mapi/else/", []string{kind, id, "X-RequestType: PING"}, "3"},
		"without a session": {"/mapi/emsmdb/", []string{kind, id, "X-RequestType: Execute"}, "13"},
	} {
		answer := ask("POST", test.path, test.header...)
		if got := spelt(answer, "X-ResponseCode"); answer.Code != 200 || got != test.code {
			t.Errorf("%s: %d, %q, want %s", name, answer.Code, got, test.code)
		}
	}
	answer := ask("POST", "/mapi/emsmdb/", kind, id, "X-RequestType: PING")
	if got := answer.Header(); got.Get("Content-Type") != "application/mapi-http" ||
		spelt(answer, "X-RequestId") != id[len("X-RequestId: "):] ||
		spelt(answer, "X-ServerApplication") != "Exchange/15.02.1748.010" || !strings.HasPrefix(answer.Body.String(),
		"PROCESSING\r\nDONE\r\n") {
		t.Errorf("got %v\n%s", got, answer.Body)
	}
	if answer := ask("PUT", "/mapi/emsmdb/", kind, id,
		"X-RequestType: PING"); spelt(answer, "X-ResponseCode") != "2" {
		t.Errorf("another verb: %v", answer.Header())
	}
	if answer := ask("GET", "/mapi/nspi/"); !strings.Contains(answer.Body.String(),
		"Exchange MAPI/HTTP Connectivity Endpoint") {
		t.Errorf("to read: %s", answer.Body)
	}
}

func TestActiveSync(t *testing.T) {
	l := start(t, nil)
	const path = "/Microsoft-Server-ActiveSync"
	as := basic("probe", "Secret-1")
	answer := l.ask("OPTIONS", path, "", as)
	if got := answer.Header(); answer.Code != 200 || !strings.HasSuffix(spelt(answer, "MS-ASProtocolVersions"), ",16.1") ||
		!strings.Contains(spelt(answer, "MS-ASProtocolCommands"), ",Provision,") || spelt(answer,
		"MS-Server-ActiveSync") != "15.2" ||
		got.Get("Public") != "OPTIONS,POST" {
		t.Errorf("got %d, %v", answer.Code, got)
	}
	l.host.Exchange.Version = "15.0.1497.48"
	if answer := l.ask("OPTIONS", path, "", as); strings.Contains(spelt(answer, "MS-ASProtocolVersions"), "16") {
		t.Errorf("Exchange 2013 with 16: %v", answer.Header())
	}
	for method, want := range map[string]int{"POST": 400, "GET": 501} {
		if answer := l.ask(method, path, "", as); answer.Code != want {
			t.Errorf("%s: %d, want %d", method, answer.Code, want)
		}
	}
}

func TestOAB(t *testing.T) {
	l := start(t, func(e *estate.Exchange) {
		e.OAB = "D29844A9-724e-468c-8820-0f7b345b767b"
		e.Auth = map[estate.Directory][]estate.Scheme{"oab": {estate.Basic}}
	})
	for path, want := range map[string]int{
		"/OAB/d29844a9-724e-468c-8820-0f7b345b767b/oab.xml": 200,
		"/OAB/d29844a9-724e-468c-8820-0f7b345b767c/oab.xml": 404,
		"/OAB/": 404,
	} {
		answer := l.ask("GET", path, "", basic("probe", "Secret-1"))
		if answer.Code != want {
			t.Errorf("%s: %d, want %d", path, answer.Code, want)
		}
		if want == 200 {
			wellFormed(t, answer.Body.String())
		}
	}
}

func pox(address, schema string) string {
	return `<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006">` +
		`<Request><EMailAddress>` +
		address + `</EMailAddress><AcceptableResponseSchema>http://schemas.microsoft.com/exchange/autodiscover/` + schema +
		`</AcceptableResponseSchema></Request></Autodiscover>`
}

func TestAutodiscover(t *testing.T) {
	const outlook, xml = "outlook/responseschema/2006a", "/autodiscover/autodiscover.xml"
	l := start(t, nil)
	ask := func(body string, header ...string) string {
		answer := l.ask("POST", xml, body, append(header, "Content-Type: text/xml", basic("probe", "Secret-1"))...)
		wellFormed(t, answer.Body.String())
		if answer.Code != 200 {
			t.Errorf("%d", answer.Code)
		}
		return answer.Body.String()
	}
	body := ask(pox("Probe@corp.test", outlook))
	for _, want := range []string{
		"<Action>settings</Action>", "<Type>EXCH</Type>", "<Type>EXPR</Type>", "<Type>WEB</Type>",
		"<ServerVersion>73C286D4</ServerVersion>",
		"<EwsUrl>https://mail.corp.test/EWS/Exchange.asmx</EwsUrl>", "<AutoDiscoverSMTPAddress>probe@corp.test<",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("want %s in\n%s", want, body)
		}
	}
	if strings.Contains(body, "mapiHttp") || !strings.Contains(ask(pox("probe@corp.test", outlook),
		"X-MapiHttpCapability: 1"),
		`<Protocol Type="mapiHttp" Version="1"><MailStore><InternalUrl>https://mail.corp.test/mapi/emsmdb/?MailboxId=`) {
		t.Errorf("MAPI over HTTP:\n%s", body)
	}
	for code, body := range map[string]string{
		"500":        ask(pox("nobody@corp.test", outlook)),
		"601":        ask(pox("probe@corp.test", "outlook/responseschema/2099")),
		"600":        ask("hello"),
		"<Url>https": ask(pox("probe@corp.test", "mobilesync/responseschema/2006")),
	} {
		if !strings.Contains(body, code) {
			t.Errorf("want %s in\n%s", code, body)
		}
	}
	if body := ask(strings.ReplaceAll(pox("probe@corp.test", outlook), "http:", "https:")); !strings.Contains(body,
		"<ErrorCode>600<") {
		t.Errorf("https namespaces:\n%s", body)
	}
}

func TestAutodiscoverJSON(t *testing.T) {
	l := start(t, nil)
	for query, want := range map[string]string{
		"/v1.0/probe@corp.test?Protocol=ActiveSync": `200 ` +
			`{"Protocol":"ActiveSync","Url":"https://mail.corp.test/Microsoft-Server-ActiveSync"}`,
		"?Email=probe%40corp.test&protocol=ews": `200 ` +
			`{"Protocol":"Ews","Url":"https://mail.corp.test/EWS/Exchange.asmx"}`,
		"/v1.0/probe%40corp.test?Protocol=AutodiscoverV1": `200 ` +
			`{"Protocol":"AutodiscoverV1","Url":"https://mail.corp.test/Autodiscover/Autodiscover.xml"}`,
		"/v1.0/probe@corp.test?Protocol=IMAP": `400 {"ErrorCode":"InvalidProtocol",`,
		"/v1.0/probe@corp.test":               `400 {"ErrorCode":"MandatoryParameterMissing",`,
		"/v1.0/nobody@corp.test?Protocol=Ews": `404 {"ErrorCode":"UserNotFound",`,
		"?Protocol=Ews":                       `400 {"ErrorCode":"InvalidUserId",`,
	} {
		answer := l.ask("GET", "/autodiscover/autodiscover.json"+query, "")
		if got := strconv.Itoa(answer.Code) + " " + answer.Body.String(); !strings.HasPrefix(got, want) {
			t.Errorf("%s: got %s, want %s", query, got, want)
		}
	}
}

func TestAutodiscoverSOAP(t *testing.T) {
	l := start(t, nil)
	request := `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" ` +
		`xmlns:a="http://schemas.microsoft.com/exchange/2010/Autodiscover">` +
		`<s:Header><a:RequestedServerVersion>Exchange2013</a:RequestedServerVersion></s:Header><s:Body>` +
		`<a:GetUserSettingsRequestMessage><a:Request>` +
		`<a:Users><a:User><a:Mailbox>probe@corp.test</a:Mailbox></a:User><a:User><a:Mailbox>x@corp.test</a:Mailbox>` +
		`</a:User></a:Users>` +
		`<a:RequestedSettings><a:Setting>ExternalEwsUrl</a:Setting><a:Setting>Nothing</a:Setting></a:RequestedSettings>` +
		`</a:Request>` +
		`</a:GetUserSettingsRequestMessage></s:Body></s:Envelope>`
	answer := l.ask("POST", "/autodiscover/autodiscover.svc", request, "Content-Type: text/xml", basic("probe",
		"Secret-1"))
	wellFormed(t, answer.Body.String())
	for _, want := range []string{
		"<Name>ExternalEwsUrl</Name><Value>https://mail.corp.test/EWS/Exchange.asmx</Value>",
		"<ErrorCode>SettingIsNotAvailable</ErrorCode>",
		"<ErrorCode>InvalidUser</ErrorCode>",
	} {
		if answer.Code != 200 || !strings.Contains(answer.Body.String(), want) {
			t.Errorf("%d, want %s in\n%s", answer.Code, want, answer.Body)
		}
	}
}

func TestFaults(t *testing.T) {
	l := start(t, nil)
	ask := func(fault estate.WebFault) *httptest.ResponseRecorder {
		l.host.Exchange.Faults = map[estate.Directory]estate.WebFault{"ews": fault}
		return l.ask("POST", "/ews/exchange.asmx", "")
	}
	for fault, want := range map[estate.WebFault][2]any{
		"login-page": {200, `type="password"`},
		"elsewhere":  {302, ""},
		"bomb":       {200, "<!ENTITY bang"},
		"deep":       {200, "<a><a><a>"},
		"unheard":    {401, ""},
		"timeout":    {504, ""},
		"error":      {500, "500 - Internal server error."},
	} {
		answer := ask(fault)
		if answer == nil || answer.Code != want[0] || !strings.Contains(answer.Body.String(), want[1].(string)) {
			t.Errorf("%s: %+v", fault, answer)
		}
	}
	if to := ask("elsewhere").Header().Get("Location"); to != "https://sso.example.test/adfs/ls/?wa=wsignin1.0&wctx=ews" {
		t.Errorf("elsewhere is %s", to)
	}
	for _, fault := range []estate.WebFault{"drop", "cut"} {
		if answer := ask(fault); answer != nil {
			t.Errorf("%s: %+v", fault, answer)
		}
	}
	if answer := l.ask("OPTIONS", "/microsoft-server-activesync", "", basic("probe", "Secret-1")); answer.Code != 200 {
		t.Errorf("another directory: %d", answer.Code)
	}
	l.host.Exchange.Slow = time.Microsecond
	if answer := ask("slow"); answer.Code != 401 {
		t.Errorf("slow: %d", answer.Code)
	}
}

// FuzzAutodiscover sends any body and any query: the answer can be read.
func FuzzAutodiscover(f *testing.F) {
	f.Add(pox("probe@corp.test", "outlook/responseschema/2006a"), "Protocol=Ews")
	f.Add("<a>&lt;</a>", "Protocol=%00&Email=%ff")
	l := start(f, nil)
	f.Fuzz(func(t *testing.T, body, query string) {
		l.t = t
		for _, path := range []string{"/autodiscover/autodiscover.xml", "/autodiscover/autodiscover.svc"} {
			answer := l.ask("POST", path, body, "Content-Type: text/xml", basic("probe", "Secret-1"))
			wellFormed(t, answer.Body.String())
		}
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/autodiscover/autodiscover.json", nil)
		r.URL.RawQuery = query
		answer := httptest.NewRecorder()
		l.server.ServeDirectory(answer, r, "autodiscover")
		if answer.Code != 200 && answer.Code != 400 && answer.Code != 404 {
			t.Errorf("%q: %d", query, answer.Code)
		}
	})
}
