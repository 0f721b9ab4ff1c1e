package exchange_test

import (
	"context"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/bodgit/ntlmssp"

	"postpatch/probes/lab/estate"
	"postpatch/probes/lab/exchange"
)

const bindings = "tls-server-end-point:0123456789abcdef0123456789abcdef"

// lab is a server and one connection to it.
type lab struct {
	t      testing.TB
	host   estate.Host
	server *exchange.Server
	conn   context.Context
}

// start makes a server with the mailboxes of probe and other, whose passwords are
// Secret-1 and Other-1. Change may be nil.
func start(t testing.TB, change func(*estate.Exchange)) *lab {
	t.Helper()
	e := &estate.Exchange{Mailboxes: map[string]estate.Mailbox{
		"probe@corp.test": {
			User: `CORP\probe`, Password: "Secret-1", Display: "The Probe", Folders: []string{"Projects/2026"},
			Messages: []estate.Letter{
				{Subject: "first", Body: "one <two> & three", From: "Boss <boss@corp.test>", Read: true, Age: 2e9},
				{Subject: "second", Body: "zwei", Age: 1e9},
				{Folder: "Projects/2026", Subject: "deep"},
			},
		},
		"other@corp.test": {Password: "Other-1"},
	}}
	if change != nil {
		change(e)
	}
	l := &lab{t: t, host: estate.Host{Name: "ex01.corp.test", Exchange: e, OS: estate.OS{Domain: "corp.test"}}}
	l.server = exchange.New(func() estate.Host { return l.host })
	l.connect()
	return l
}

// connect takes a new connection.
func (l *lab) connect() { l.conn = exchange.Connection(l.t.Context(), []byte(bindings)) }

// ask sends a request over the connection; header lines are "Name: value". Nil is a
// connection that the server ended.
func (l *lab) ask(method, path, body string, header ...string) (answer *httptest.ResponseRecorder) {
	l.t.Helper()
	directory, known := exchange.Directory(path)
	if !known {
		l.t.Fatalf("%s is in no virtual directory", path)
	}
	r := httptest.NewRequestWithContext(l.conn, method, "https://mail.corp.test"+path, strings.NewReader(body))
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
		if line == "HTTP/2" {
			r.ProtoMajor = 2
		}
	}
	answer = httptest.NewRecorder()
	defer func() {
		if why := recover(); why != nil {
			if err, ok := why.(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
				panic(why)
			}
			answer = nil
		}
	}()
	l.server.ServeDirectory(answer, r, directory)
	return answer
}

// spelt is a header as it goes over the wire, in small letters and capitals.
func spelt(answer *httptest.ResponseRecorder, name string) string {
	return strings.Join(answer.Header()[name], ",")
}

// basic is the header of a password in clear.
func basic(user, password string) string {
	return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

// ntlm authenticates a request by NTLM, with somebody else's client, and returns the
// answer to its last leg.
func (l *lab) ntlm(scheme, user, password, bound, path string, header ...string) *httptest.ResponseRecorder {
	l.t.Helper()
	domain, name, _ := strings.Cut(user, `\`)
	client, err := ntlmssp.NewClient(ntlmssp.SetUserInfo(name, password), ntlmssp.SetDomain(domain),
		ntlmssp.SetWorkstation("RUNNER"), ntlmssp.SetVersion(&ntlmssp.Version{
			ProductMajorVersion: 10, ProductBuild: 19041, NTLMRevisionCurrent: 15,
		}))
	if err != nil {
		l.t.Fatal(err)
	}
	var channel *ntlmssp.ChannelBindings
	if bound != "" {
		channel = &ntlmssp.ChannelBindings{ApplicationData: []byte(bound)}
	}
	token, err := client.Authenticate(nil, nil)
	if err != nil {
		l.t.Fatal(err)
	}
	send := func() *httptest.ResponseRecorder {
		line := "Authorization: " + scheme + " " + base64.StdEncoding.EncodeToString(token)
		return l.ask(http.MethodPost, path, "", append([]string{line}, header...)...)
	}
	answer := send()
	if answer == nil || answer.Code != http.StatusUnauthorized {
		return answer
	}
	_, text, found := strings.Cut(spelt(answer, "WWW-Authenticate"), " ")
	challenge, err := base64.StdEncoding.DecodeString(text)
	if !found || err != nil {
		return answer
	}
	if token, err = client.Authenticate(challenge, channel); err != nil {
		l.t.Fatal(err)
	}
	return send()
}

// ews calls an operation as probe, by a password in clear, which the estate must
// let through, and returns what is in the body.
func (l *lab) ews(operation string) (status int, body string) {
	l.t.Helper()
	return l.ewsAs("probe", "Secret-1", operation)
}

func (l *lab) ewsAs(user, password, operation string) (status int, body string) {
	l.t.Helper()
	answer := l.ask(http.MethodPost, "/EWS/Exchange.asmx", envelope("Exchange2013", operation),
		"Content-Type: text/xml; charset=utf-8", basic(user, password))
	if answer == nil {
		l.t.Fatal("the server ended the connection")
	}
	wellFormed(l.t, answer.Body.String())
	return answer.Code, answer.Body.String()
}

func envelope(version, operation string) string {
	return `<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" ` +
		`xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types" ` +
		`xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"><soap:Header>` +
		`<t:RequestServerVersion Version="` +
		version + `"/></soap:Header><soap:Body>` + operation + `</soap:Body></soap:Envelope>`
}

func clear(e *estate.Exchange) {
	e.Auth = map[estate.Directory][]estate.Scheme{"ews": {estate.Basic}}
}

// wellFormed holds an answer to XML.
func wellFormed(t testing.TB, text string) {
	t.Helper()
	decoder := xml.NewDecoder(strings.NewReader(text))
	for {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
	}
}

// between is the text between two others; "" when they are not there.
func between(text, after, before string) string {
	_, rest, _ := strings.Cut(text, after)
	inner, _, found := strings.Cut(rest, before)
	if !found {
		return ""
	}
	return inner
}
