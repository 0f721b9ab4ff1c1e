package lab_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"postpatch/probes/host"
	"postpatch/probes/host/winrm"
	"postpatch/probes/lab"
)

const full = `
estate: lab-session-test
hosts:
  ex01.corp.test:
    profile: windows-server-2022
    winrm: {user: 'CORP\probe', password: pw, plain: true, tls: true}
    os: {boot: 2026-11-01T01:00:00Z}
    dns: {records: ["www.corp.test. 300 IN A 10.0.0.5"]}
    sql: {user: probe, password: pw}
    smtp: {banner: ex01 ready}
    http: [{pages: {/health: {body: healthy}}}]
    exchange: {tls: {names: [mail.corp.test]}}
    aliases: [mail.corp.test]
states:
  before:
  refusing:
    ex01.corp.test:
      dns: {fault: refuse}
      sql: {fault: refuse}
      smtp: {fault: refuse}
      http: [{fault: refuse}]
      exchange: {fault: refuse}
      winrm: {fault: refuse}
`

func open(t *testing.T, l *lab.Lab, useTLS bool) *winrm.Session {
	t.Helper()
	s, err := winrm.Open(t.Context(), winrm.Options{
		Host: "ex01.corp.test", TLS: useTLS, CA: l.CA(), Auth: winrm.Basic, AllowPlain: !useTLS, Dial: l.Routes().Dial,
		Credential: host.Credential{User: `CORP\probe`, Password: host.NewSecret("pw")},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close(context.WithoutCancel(t.Context())) })
	return s
}

func TestOurSessionWithinItsBudget(t *testing.T) {
	boot := host.WQL{Class: "Win32_OperatingSystem", Columns: []string{"LastBootUpTime", "CSName"}}
	services := host.WQL{Class: "Win32_Service", Columns: []string{"Name", "State", "PathName", "StartName"}}
	registry := host.Collector{Name: "registry", Args: map[string][]string{
		"key": {`HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion`}, "values": {"UBR"},
	}}
	for name, questions := range map[string][]host.Question{
		"WMI alone": {boot, services}, "one script": {boot, services, registry},
	} {
		for _, useTLS := range []bool{false, true} {
			l := start(t, full)
			answers, err := open(t, l, useTLS).Ask(t.Context(), host.Merge(questions))
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			rows, err := answers.To(services)
			if err != nil || len(rows) < 60 {
				t.Errorf("%s: %d services, %v", name, len(rows), err)
			}
			rows, err = answers.To(boot)
			if err != nil || len(rows) != 1 || rows[0].Get("CSName").Text != "EX01" {
				t.Errorf("%s: got %v, %v", name, rows, err)
			}
			total := 0
			for _, n := range l.Stats("ex01.corp.test").WinRM.Messages {
				total += n
			}
			if stats := l.Stats("ex01.corp.test").WinRM; total > 6 || stats.Connections != 1 {
				t.Errorf("%s: %+v", name, stats)
			}
		}
	}
}

func TestEveryProtocolHasItsDoor(t *testing.T) {
	l := start(t, full)
	ctx := t.Context()
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(l.CA())
	client := &http.Client{Transport: &http.Transport{
		DialContext: l.Routes().Dial, TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
	}}
	defer client.CloseIdleConnections()
	for url, want := range map[string]string{
		"http://ex01.corp.test/health": "healthy", "https://mail.corp.test/owa/healthcheck.htm": "200 OK",
	} {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := client.Do(request)
		if err != nil {
			t.Error(err)
			continue
		}
		body, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil || !strings.HasPrefix(string(body), want) {
			t.Errorf("%s: got %q, %v", url, body, err)
		}
	}
	for _, network := range []string{"udp", "tcp"} {
		resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return l.Routes().Dial(ctx, network, "ex01.corp.test:53")
		}}
		if got, err := resolver.LookupHost(ctx, "www.corp.test."); err != nil || len(got) != 1 || got[0] != "10.0.0.5" {
			t.Errorf("%s: got %v, %v", network, got, err)
		}
	}
	conn, err := l.Routes().Dial(ctx, "tcp", "ex01.corp.test:25")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.HasPrefix(line, "220 ex01 ready") {
		t.Errorf("got %q, %v", line, err)
	}
}

func TestEveryDoorCloses(t *testing.T) {
	l := start(t, full)
	ports := []string{"25", "53", "80", "443", "1433", "5985", "5986"}
	dial := func(port string) error {
		conn, err := l.Routes().Dial(t.Context(), "tcp", "ex01.corp.test:"+port)
		if err == nil {
			_ = conn.Close()
		}
		return err
	}
	for _, state := range []string{"before", "refusing", "before"} {
		if err := l.Switch(state); err != nil {
			t.Fatal(err)
		}
		for _, port := range ports {
			if err := dial(port); (err != nil) != (state == "refusing") {
				t.Errorf("%s in %q: %v", port, state, err)
			}
		}
	}
	if err := l.Switch("refusing"); err != nil {
		t.Fatal(err)
	}
	question := host.WQL{Class: "Win32_Service", Columns: []string{"Name"}}
	_, err := open(t, l, false).Ask(t.Context(), []host.Question{question})
	if !errors.Is(err, host.ErrNoAnswer) {
		t.Errorf("a refusing host: got %v", err)
	}
}
