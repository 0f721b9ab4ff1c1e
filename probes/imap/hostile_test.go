package imap_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"postpatch/probes"
	"postpatch/probes/imap"
	"postpatch/probes/lab/mailtest"
	"postpatch/probes/probetest"
)

// insider lets everybody in, and answers what comes then as it likes; %s is the tag.
type insider struct{ login, inbox string }

func (i insider) start(t *testing.T) probes.Target {
	t.Helper()
	authority := probetest.NewAuthority(t)
	certificate := authority.Issue(t, time.Now().Add(-time.Hour), time.Now().Add(30*24*time.Hour), "srv.example.test")
	target := probetest.Target(probetest.Serve(t, func(conn net.Conn) {
		secured := tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{certificate}})
		defer func() { _ = secured.Close() }()
		_, _ = io.WriteString(secured, "* OK ready\r\n")
		lines := bufio.NewScanner(secured)
		for lines.Scan() {
			tag, command, _ := strings.Cut(lines.Text(), " ")
			answer := "%s OK done\r\n"
			switch verb, _, _ := strings.Cut(command, " "); verb {
			case "CAPABILITY":
				answer = "* CAPABILITY IMAP4REV1\r\n%s OK done\r\n"
			case "LOGIN":
				answer = i.login
			case "SELECT", "EXAMINE":
				answer = i.inbox
			}
			if _, err := io.WriteString(secured, strings.ReplaceAll(answer, "%s", tag)); err != nil {
				return
			}
		}
	}))
	target.Roots = authority.Roots()
	return mailtest.WithPassword(target, mailtest.Password)
}

// TestHostileInsiders says things to a client that has logged in. Nothing of it may
// crash the program, or go on for longer than the check.
func TestHostileInsiders(t *testing.T) {
	const ok = "%s OK done\r\n"
	for name, server := range map[string]insider{
		"silence at the login":         {"", ok},
		"noise at the login":           {"\x00\xff\r\n", ok},
		"another's tag":                {"T99 OK done\r\n", ok},
		"a request to go on":           {"+ go on\r\n", ok},
		"the end at the login":         {"* BYE not you\r\n", ok},
		"silence at INBOX":             {ok, ""},
		"a literal without end":        {ok, "* 1 FETCH (BODY[] {4294967295}\r\n" + strings.Repeat("x", 1<<16)},
		"more than a client takes":     {ok, strings.Repeat("* OK [ALERT] "+strings.Repeat("x", 1000)+"\r\n", 8000)},
		"brackets in brackets":         {ok, "* FLAGS " + strings.Repeat("(", 100000) + "\r\n%s OK done\r\n"},
		"a negative number":            {ok, "* -1 EXISTS\r\n%s OK done\r\n"},
		"more messages than there are": {ok, "* 99999999999999999999 EXISTS\r\n%s OK done\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			probe, err := imap.Kind.Build(map[string]any{"login": true})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
			defer cancel()
			readings, err := probe.Observe(ctx, server.start(t))
			if err == nil {
				t.Errorf("got %q", probetest.Texts(readings))
			}
			if err != nil && (len(err.Error()) > 1000 || strings.Contains(err.Error(), "goroutine")) {
				t.Errorf("the error is for no operator: %s", err)
			}
		})
	}
}

// What is said of INBOX decides, whatever the login came to.
func TestInboxIsDeclined(t *testing.T) {
	target := insider{"%s OK done\r\n", "%s BAD User is authenticated but not connected.\r\n"}.start(t)
	readings, err := probetest.Observe(t, imap.Kind, target, map[string]any{"login": true})
	got := strings.Join(probetest.Texts(readings), "\n")
	for _, want := range []string{
		"993 login=ok", "993 inbox=BAD", "993 reason=BAD User is authenticated but not connected.",
	} {
		if err != nil || !strings.Contains(got, want) {
			t.Errorf("no %q in %s, %v", want, got, err)
		}
	}
}
