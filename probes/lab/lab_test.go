package lab_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"postpatch/probes/lab"
	"postpatch/probes/lab/estate"
)

const acme = `
estate: lab-test
hosts:
  sql01:
    aliases: [SQL.corp.test]
    os: {domain: corp.test, boot: 2026-11-01T01:00:00Z}
    tcp: {22: "SSH-2.0-lab\r\n"}
    winrm: {plain: true}
  app03:
    tcp: {22: "SSH-2.0-app\r\n"}
states:
  before:
  after:
    sql01: {os: {boot: 2026-11-23T02:10:00Z}, tcp: {8080: "new\r\n"}}
    app03: {power: off}
  refusing:
    sql01: {winrm: {fault: refuse}}
`

func start(t *testing.T, file string) *lab.Lab {
	t.Helper()
	e, err := estate.Parse("test", []byte(file))
	if err != nil {
		t.Fatal(err)
	}
	l, err := lab.Start(t.Context(), e, lab.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Errorf("closing the lab: %v", err)
		}
	})
	return l
}

// banner connects by the routes and reads n bytes.
func banner(t *testing.T, l *lab.Lab, address string, n int) (net.Conn, string, error) {
	t.Helper()
	conn, err := l.Routes().Dial(t.Context(), "tcp", address)
	if err != nil {
		return nil, "", err
	}
	t.Cleanup(func() { _ = conn.Close() })
	text := make([]byte, n)
	n, err = io.ReadFull(conn, text)
	return conn, string(text[:n]), err
}

func TestRoutesLeadFromEveryName(t *testing.T) {
	l := start(t, acme)
	for _, name := range []string{"sql01", "SQL01", "sql.corp.test", "sql01.corp.test"} {
		if _, got, err := banner(t, l, name+":22", 11); err != nil || got != "SSH-2.0-lab" {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
	if _, got, err := banner(t, l, "app03:22", 11); err != nil || got != "SSH-2.0-app" {
		t.Errorf("app03: got %q, %v", got, err)
	}
	if got := l.Stats("SQL01").Connections["tcp/22"]; got != 4 {
		t.Errorf("want 4 connections counted, got %d", got)
	}
}

// TestClosedDoorsKeepTheirPorts starts a host whose doors are all closed: of so many,
// some had the same port if it were free again once its door was closed.
func TestClosedDoorsKeepTheirPorts(t *testing.T) {
	const doors = 400
	var ports []string
	for port := range doors {
		ports = append(ports, fmt.Sprintf("%d: x", port+1))
	}
	l := start(t, "estate: lab-doors-test\nhosts: {sql01: {}}\nstates: {before: , after: {sql01: {tcp: {"+
		strings.Join(ports, ", ")+"}}}}\n")
	used := map[string]string{}
	for door, address := range l.Routes()["sql01"].Ports {
		if other, taken := used[address]; taken {
			t.Errorf("%s and %s are both at %s", other, door, address)
		}
		used[address] = door
	}
	if len(used) < doors {
		t.Errorf("%d doors, want %d", len(used), doors)
	}
	if err := l.Switch("after"); err != nil {
		t.Error(err)
	}
}

func TestPowerOffRefusesAndDropsConnections(t *testing.T) {
	l := start(t, acme)
	open, _, err := banner(t, l, "app03:22", 11)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Switch("after"); err != nil {
		t.Fatal(err)
	}
	if n, err := io.Copy(io.Discard, open); err == nil && n > 2 {
		t.Errorf("the connection goes on: %d bytes", n)
	}
	if _, _, err := banner(t, l, "app03:22", 11); err == nil {
		t.Error("a host without power takes connections")
	}
	if err := l.Switch("before"); err != nil {
		t.Fatal(err)
	}
	if _, got, err := banner(t, l, "app03:22", 11); err != nil || got != "SSH-2.0-app" {
		t.Errorf("with power again: got %q, %v", got, err)
	}
}

func TestRebootDropsConnections(t *testing.T) {
	l := start(t, acme)
	open, _, err := banner(t, l, "sql01:22", 13)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Switch("refusing"); err != nil {
		t.Fatal(err)
	}
	if _, err := open.Write([]byte("x")); err != nil {
		t.Errorf("a switch without a reboot ended the connection: %v", err)
	}
	if err := l.Switch("after"); err != nil {
		t.Fatal(err)
	}
	if _, err := open.Read(make([]byte, 1)); err == nil {
		t.Error("the connection outlives the reboot")
	}
	if _, got, err := banner(t, l, "sql01:8080", 3); err != nil || got != "new" {
		t.Errorf("a port of the new state: got %q, %v", got, err)
	}
}

func TestRefuseClosesOnlyThatPort(t *testing.T) {
	l := start(t, acme)
	if err := l.Switch("refusing"); err != nil {
		t.Fatal(err)
	}
	if conn, err := l.Routes().Dial(t.Context(), "tcp", "sql01:5985"); err == nil {
		_ = conn.Close()
		t.Error("WinRM takes connections")
	}
	if _, _, err := banner(t, l, "sql01:22", 11); err != nil {
		t.Error(err)
	}
}

func TestControl(t *testing.T) {
	l := start(t, acme)
	var routes lab.Addresses
	for _, step := range []struct {
		method, path string
		status       int
		state        string
	}{
		{http.MethodGet, "/state", 200, "before"},
		{http.MethodPost, "/state/after", 200, "after"},
		{http.MethodPost, "/state/never", 404, "after"},
		{http.MethodPost, "/state/before", 200, "before"},
		{http.MethodGet, "/routes", 200, "before"},
		{http.MethodGet, "/stats", 200, "before"},
		{http.MethodGet, "/kdc", 200, "before"},
	} {
		request, err := http.NewRequestWithContext(t.Context(), step.method, l.Addresses("").Control+step.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil || response.StatusCode != step.status || l.State() != step.state {
			t.Errorf("%s %s: got %d, state %q, %v", step.method, step.path, response.StatusCode, l.State(), err)
		}
		if step.path == "/routes" {
			if err := json.NewDecoder(bytes.NewReader(body)).Decode(&routes); err != nil {
				t.Error(err)
			}
		}
	}
	http.DefaultClient.CloseIdleConnections()
	if routes.Estate != "lab-test" || routes.Routes["sql01"].Ports["tcp/22"] == "" {
		t.Errorf("got %+v", routes)
	}
}

func TestSwitchToNowhere(t *testing.T) {
	l := start(t, acme)
	if err := l.Switch("never"); !errors.Is(err, lab.ErrUnknownState) || l.State() != "before" {
		t.Errorf("got %v in %q", err, l.State())
	}
}

func TestCloseEndsEverything(t *testing.T) {
	before := runtime.NumGoroutine()
	e, err := estate.Parse("test", []byte(strings.Replace(acme, "{plain: true}", "{plain: true, fault: silent}", 1)))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	l, err := lab.Start(ctx, e, lab.Options{})
	if err != nil {
		t.Fatal(err)
	}
	conn, err := l.Routes().Dial(ctx, "tcp", "sql01:5985")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := io.WriteString(conn, "POST /wsman HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	cancel() // closes the lab as Close does
	if _, err := io.Copy(io.Discard, conn); err != nil && !strings.Contains(err.Error(), "reset") {
		t.Errorf("got %v", err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if err := l.Switch("after"); err == nil {
		t.Error("a closed lab switches")
	}
	for runtime.NumGoroutine() > before { // until the test's own deadline
		runtime.Gosched()
	}
}

func TestClientCertificate(t *testing.T) {
	l := start(t, "estate: certificates\nhosts:\n"+
		`  sql01: {os: {domain: corp.test}, winrm: {user: 'CORP\probe', tls: true, http: true, certificate: true}}`)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(l.CA())
	for user, want := range map[string]int{`CORP\Probe`: 200, "probe": 200, "other": 401} {
		certPEM, keyPEM, err := l.ClientCertificate(user)
		if err != nil {
			t.Fatal(err)
		}
		cert, err := tls.X509KeyPair(certPEM, keyPEM)
		if err != nil {
			t.Fatal(err)
		}
		client := &http.Client{Transport: &http.Transport{
			DialContext: l.Routes().Dial, DisableKeepAlives: true,
			TLSClientConfig: &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{cert}},
		}}
		body := `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header/><s:Body>` +
			`<i:Identify xmlns:i="http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"/></s:Body></s:Envelope>`
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://sql01.corp.test:5986/wsman",
			strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/soap+xml;charset=UTF-8")
		r.Header.Set("Authorization", "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual")
		response, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if _ = response.Body.Close(); response.StatusCode != want {
			t.Errorf("%s: got HTTP %d, want %d", user, response.StatusCode, want)
		}
	}
	if got := l.Stats("sql01").WinRM; got.Auth["Certificate"] != 2 || got.Refused != 1 {
		t.Errorf("counted %+v", got)
	}
	conn, err := l.Routes().Dial(t.Context(), "tcp", "sql01:5985")
	if err != nil {
		t.Fatalf("the listener without TLS: %v", err)
	}
	_ = conn.Close()
}
