//go:build real

package kerberos_test

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"testing"
	"time"

	"postpatch/probes/lab/kerberos"
)

// peer is a process that initiates a context with MIT's GSS-API.
type peer struct {
	in  io.WriteCloser
	out *bufio.Scanner
}

func newPeer(t *testing.T, m mit, args ...string) *peer {
	t.Helper()
	const python = "/usr/bin/python3" // Debian's own, which has python3-gssapi
	need(t, python, "python3-gssapi", "-c", "import gssapi")
	// Not the test's context: it ends before the cleanup, and with its input the script ends.
	ctx := context.WithoutCancel(t.Context())
	command := exec.CommandContext(ctx, python, append([]string{"testdata/initiator.py"}, args...)...)
	command.Env = m.env
	var stderr strings.Builder
	command.Stderr = &stderr
	in, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		if err := command.Wait(); err != nil {
			t.Errorf("the initiator: %v\n%s", err, &stderr)
		}
	})
	p := &peer{in, bufio.NewScanner(out)}
	p.out.Buffer(nil, 8<<20)
	return p
}

func (p *peer) say(t *testing.T, verb string, data []byte) {
	t.Helper()
	text := base64.StdEncoding.EncodeToString(data)
	if text == "" {
		text = "-"
	}
	if _, err := fmt.Fprintln(p.in, verb+text); err != nil {
		t.Fatal(err)
	}
}

func (p *peer) line(t *testing.T) string {
	t.Helper()
	if !p.out.Scan() {
		t.Fatalf("the initiator says no more: %v", p.out.Err())
	}
	return p.out.Text()
}

func (p *peer) hear(t *testing.T) []byte {
	t.Helper()
	line := p.line(t)
	if line == "-" {
		return nil
	}
	data, err := base64.StdEncoding.DecodeString(line)
	if err != nil {
		t.Fatalf("%v in %q", err, line)
	}
	return data
}

// estate is a domain with a user who is logged on by kinit.
func estate(t *testing.T, extra string) (*kerberos.KDC, mit) {
	t.Helper()
	k, addr := domain(t, kerberos.Options{})
	m := newMIT(t, k, addr, extra)
	m.must(t, password+"\n", "kinit", "probe")
	return k, m
}

func TestGSSAPI(t *testing.T) {
	k, m := estate(t, "")
	s := service(t, k, kerberos.Strict, nil)
	for _, flags := range []string{"0x3e", "0x3c", "0x32"} { // mutual in order, one way, mutual in any order
		t.Run(flags, func(t *testing.T) {
			p, a := newPeer(t, m, web, flags), s.Acceptor(nil)
			out, done, err := a.Accept(p.hear(t))
			if err != nil || !done || a.User() != "probe@CORP.TEST" {
				t.Fatalf("accepting %q: %v", a.User(), err)
			}
			p.say(t, "", out)
			if line := p.line(t); !strings.HasPrefix(line, "ok") {
				t.Fatalf("the initiator says %q", line)
			}
			for n, text := range []string{"x", "<Envelope/>", strings.Repeat("0123456789abcdef", 10000), "last"} {
				p.say(t, "wrap ", []byte(text))
				token := p.hear(t)
				plain, err := a.Open(token[:16+n], token[16+n:])
				if err != nil || string(plain) != text {
					t.Fatalf("opening message %d: %q, %v", n, plain, err)
				}
				signature, sealed, err := a.Seal([]byte(text))
				if err != nil || len(sealed) != len(text) {
					t.Fatal(err)
				}
				p.say(t, "unwrap ", append(signature, sealed...))
				if got := string(p.hear(t)); got != text {
					t.Fatalf("message %d: the initiator read %q", n, got)
				}
			}
		})
	}
}

func TestGSSAPIBindings(t *testing.T) {
	k, m := estate(t, "")
	promising, n := estate(t, "  client_aware_channel_bindings = true\n")
	right := string(bound())
	for name, test := range map[string]struct {
		domain *kerberos.KDC
		m      mit
		policy kerberos.Policy
		sent   []string
		bad    bool
	}{
		"strict, right":          {domain: k, m: m, policy: kerberos.Strict, sent: []string{right}},
		"strict, wrong":          {domain: k, m: m, policy: kerberos.Strict, sent: []string{right + "0"}, bad: true},
		"strict, absent":         {domain: k, m: m, policy: kerberos.Strict, bad: true},
		"relaxed, wrong":         {domain: k, m: m, sent: []string{right + "0"}, bad: true},
		"relaxed, absent":        {domain: k, m: m},
		"none, wrong":            {domain: k, m: m, policy: kerberos.NoBindings, sent: []string{"x"}},
		"promised and absent":    {domain: promising, m: n, bad: true},
		"promised and right":     {domain: promising, m: n, sent: []string{right}},
		"promised, nobody looks": {domain: promising, m: n, policy: kerberos.NoBindings},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPeer(t, test.m, append([]string{web, "0x3e"}, test.sent...)...)
			a := service(t, test.domain, test.policy, nil).Acceptor(bound())
			out, _, err := a.Accept(p.hear(t))
			if errors.Is(err, kerberos.ErrBindings) != test.bad || (err != nil) != test.bad {
				t.Fatalf("got %v", err)
			}
			if err == nil {
				p.say(t, "", out)
				if line := p.line(t); !strings.HasPrefix(line, "ok") {
					t.Errorf("the initiator says %q", line)
				}
			}
			_ = p.in.Close()
		})
	}
}

// TestGSSAPIReadsErrors shows that MIT understands what a service answers.
func TestGSSAPIReadsErrors(t *testing.T) {
	k, m := estate(t, "")
	other, err := kerberos.NewService(k.Keytab("SQL1$"), kerberos.Relaxed, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		service *kerberos.Service
		want    string
	}{
		"skew":              {service(t, k, kerberos.Relaxed, late(time.Hour)), "Clock skew too great"},
		"expired":           {service(t, k, kerberos.Relaxed, late(24*time.Hour)), "Ticket expired"},
		"not yet":           {service(t, k, kerberos.Relaxed, late(-time.Hour)), "Ticket not yet valid"},
		"another's account": {other, "Message stream modified"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPeer(t, m, web, "0x3e")
			out, _, err := test.service.Acceptor(nil).Accept(p.hear(t))
			if err == nil || out == nil {
				t.Fatalf("accepted, or not answered: %v", err)
			}
			p.say(t, "", out)
			if line := p.line(t); !strings.Contains(line, test.want) {
				t.Errorf("the initiator says %q, want %q", line, test.want)
			}
		})
	}
}
