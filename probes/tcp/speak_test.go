package tcp_test

import (
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes"
	"postpatch/probes/lab/labtest"
	"postpatch/probes/probetest"
	"postpatch/probes/tcp"
)

const ftp = `{scripted: {21: {greeting: "220-hello\n220 FTP 1.2 ready", starttls: AUTH TLS,
    answers: {AUTH TLS: 234 go ahead, QUIT: "221 bye", VERSION: "211 version \\1.2"}, tls: {}}}}`

func TestKindThatSpeaks(t *testing.T) {
	for name, args := range map[string]map[string]any{
		"starttls": {"port": []int{21}, "starttls": "ftp", "script": []string{"send QUIT", "expect ^221"}},
		"script":   {"port": []int{21}, "script": []string{"expect ^220 (.*)", "send QUIT", "expect ^221"}},
	} {
		t.Run(name, func(t *testing.T) {
			probetest.Run(t, probetest.Suite{
				Kind: tcp.Kind, Args: args,
				Healthy: func(t *testing.T) probes.Target { return labtest.Start(t, ftp) },
			})
		})
	}
}

// spoken are the readings but for those that are other every time.
func spoken(t *testing.T, target probes.Target, args map[string]any) string {
	t.Helper()
	readings, err := probetest.Observe(t, tcp.Kind, target, args)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range readings {
		if n := r.Key.Name; n != "latency" && n != "tls" && !strings.HasPrefix(n, "cert_") {
			got = append(got, n+"="+r.Value.String())
		}
	}
	return strings.Join(got, " ")
}

func TestScripts(t *testing.T) {
	target := labtest.Start(t, ftp)
	for name, tt := range map[string]struct {
		script []string
		want   string
	}{
		"a dialogue":       {[]string{"expect ^220 FTP ([0-9.]+)", "send QUIT", "expect ^221"}, "state=open script=ok found=1.2"},
		"without groups":   {[]string{"expect ^220 "}, "state=open script=ok"},
		"TLS amid":         {[]string{"expect ^220 ", "send AUTH TLS", "expect ^234", "tls", "send QUIT", "expect (bye)"}, "state=open certificate=valid script=ok found=bye"},
		"bytes":            {[]string{`bytes FTP (\d)`, `raw QU`, `raw IT\r\n`, "bytes 221"}, "state=open script=ok found=1"},
		"a backslash":      {[]string{"send VERSION", `expect version \\(.*)`}, "state=open script=ok found=1.2"},
		"TLS out of order": {[]string{"expect ^220 ", "send QUIT", "bytes ^2", "tls"}, `state=open script=tls failed reason=step 4, tls: tls failed: something was said ahead of TLS`},
	} {
		t.Run(name, func(t *testing.T) {
			got := spoken(t, target, map[string]any{"port": []int{21}, "script": tt.script})
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestScriptsThatFail(t *testing.T) {
	closes := probetest.Target(probetest.Serve(t, func(conn net.Conn) {
		_, _ = io.WriteString(conn, "554 go\x1b away\r\n")
	}))
	long := probetest.Target(probetest.Serve(t, func(conn net.Conn) {
		_, _ = io.WriteString(conn, strings.Repeat("x", 10_000))
	}))
	const tooLong = "too much: a line has more than 8192 bytes; what came was "
	for name, tt := range map[string]struct {
		target probes.Target
		script []string
		want   string
	}{
		"too much": {long, []string{"expect ^220"}, "state=open script=too much reason=step 1, expect ^220: " + tooLong +
			strings.Repeat("x", 300) + "…"},
		"ended": {closes, []string{"expect ^220"}, `state=open script=ended reason=step 1, expect ^220: ended; what came was 554 go\x1b away\n`},
	} {
		t.Run(name, func(t *testing.T) {
			if got := spoken(t, tt.target, map[string]any{"port": []int{21}, "script": tt.script}); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// The wait for what does not come has to end.
func TestAScriptWithoutAnAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target := probetest.InMemory(map[string]func(net.Conn){"tcp/21": func(conn net.Conn) {
			_, _ = io.WriteString(conn, "220 ready\r\n")
			probetest.Mute(conn)
		}})
		got := spoken(t, target, map[string]any{
			"port": []int{21}, "script": []string{"expect ^220 ", "send WHO", "expect ^2"},
		})
		if got != "state=open script=no answer reason=step 3, expect ^2: no answer; nothing came" {
			t.Errorf("got %s", got)
		}
	})
}

// server says what it is told to, and reads what comes, byte by byte.
func server(t *testing.T, exchange ...string) probes.Target {
	t.Helper()
	return probetest.Target(probetest.Serve(t, func(conn net.Conn) {
		for i, text := range exchange {
			if i%2 == 0 {
				_, _ = io.WriteString(conn, text)
				continue
			}
			got := make([]byte, len(text))
			if _, err := io.ReadFull(conn, got); err != nil || string(got) != text {
				t.Errorf("got %q, want %q: %v", got, text, err)
				return
			}
		}
		_, _ = io.Copy(io.Discard, conn)
	}))
}

func TestStartTLS(t *testing.T) {
	const mail = `{smtp: {tls: {}}, mail: {users: {probe@corp.test: swordfish}, imap: {}, pop3: {}}}`
	const (
		ldapAsk  = "\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037"
		pgAsk    = "\x00\x00\x00\x08\x04\xd2\x16\x2f"
		greeting = "\x0a5.7.1\x00\x01\x00\x00\x00saltsalt\x00"
	)
	healthy := labtest.Start(t, mail)
	for name, tt := range map[string]struct {
		target   probes.Target
		protocol string
		port     int
		want     string
	}{
		"smtp": {healthy, "smtp", 25, "starttls=offered certificate=valid"},
		"imap": {healthy, "imap", 143, "starttls=offered certificate=valid"},
		"pop3": {healthy, "pop3", 110, "starttls=offered certificate=valid"},
		"ftp":  {labtest.Start(t, ftp), "ftp", 21, "starttls=offered certificate=valid"},
		"SMTP without": {
			labtest.Start(t, "{smtp: {}}"), "smtp", 25, "starttls=absent reason=500 5.3.3 Unrecognized command 'STARTTLS'",
		},
		"IMAP without": {
			labtest.Start(t, "{mail: {imap: {starttls: absent}}}"), "imap", 143, "starttls=absent reason=a1 NO",
		},
		"IMAP that injects": {
			labtest.Start(t, "{mail: {imap: {starttls: injected}}}"), "imap", 143,
			"starttls=failed reason=starttls: imap: tls failed: something was said ahead of TLS",
		},
		"FTP that says it at length": { // as ProFTPD does
			server(t, "220-Welcome\r\n to this server\r\n\r\n221 of ours\r\n220 ready\r\n", "AUTH TLS\r\n", "534-no\r\n534 no"),
			"ftp", 21, "starttls=absent reason=534-no",
		},
		"no FTP": {server(t, "hi\r\n"), "ftp", 21, "starttls=absent reason=hi"},
		"SMTP without an end": {
			server(t, strings.Repeat("x", 10_000)), "smtp", 25,
			"starttls=failed reason=starttls: smtp: too much: a line has more than 8192 bytes",
		},
		"PostgreSQL without": {server(t, "", pgAsk, "N"), "postgres", 5432, "starttls=absent reason=the answer is N"},
		"MySQL without": {
			server(t, "\x16\x00\x00\x00"+greeting+"\xff\xf7\x21"), "mysql", 3306,
			"starttls=absent reason=the greeting of MySQL does not have it",
		},
		"MySQL that blocks": {
			server(t, "\x0d\x00\x00\x00\xff\x69\x04is blocked"), "mysql", 3306, `starttls=absent reason=\xffi\x04is blocked`,
		},
		"LDAP without, by a Windows": {
			server(t, "", ldapAsk, "\x30\x84\x00\x00\x00\x16\x02\x01\x01"+
				"\x78\x84\x00\x00\x00\x0d\x0a\x01\x34\x04\x00\x04\x06no TLS"),
			"ldap", 389, "starttls=absent reason=result 52: no TLS",
		},
		"no LDAP": {server(t, "SSH-2.0-x\r\n"), "ldap", 389, "starttls=absent reason=what came is no answer of LDAP"},
	} {
		t.Run(name, func(t *testing.T) {
			got := spoken(t, tt.target, map[string]any{"port": []int{tt.port}, "starttls": tt.protocol})
			if !strings.HasPrefix(got, "state=open "+tt.want) {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// What a run interrupts says nothing of the server.
func TestInterruptedAmidAScript(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	target := probetest.Target(probetest.Serve(t, func(conn net.Conn) {
		cancel()
		_, _ = io.Copy(io.Discard, conn)
	}))
	readings, err := build(t, map[string]any{"port": []int{21}, "script": []string{"expect ^220"}}).Observe(ctx, target)
	for _, r := range readings {
		if r.Key.Name == "script" {
			t.Errorf("got %v", r)
		}
	}
	if err == nil {
		t.Errorf("no error, and %v", readings)
	}
}

func TestParametersOfScripts(t *testing.T) {
	port := []int{21}
	probetest.Refuses(t, tcp.Kind, map[string]map[string]any{
		"another protocol": {"port": port, "starttls": "gopher"}, "another verb": {"port": port, "script": []string{"wait 5"}},
		"no pattern": {"port": port, "script": []string{"expect"}}, "half a pattern": {"port": port, "script": []string{"expect ("}},
		"a backslash": {"port": port, "script": []string{`send \q`}}, "from the host": {"port": port, "script": []string{"tls"}, "from": "host"},
		"TLS from the host": {"port": port, "starttls": "smtp", "from": "host"}, "TLS of what": {"port": port, "script": []string{"tls now"}},
		"nothing": {"port": port, "script": []string{"raw"}}, "too many": {"port": port, "script": make([]string, 51)},
	})
}
