// Package smtp observes mail servers, as far as one gets without sending mail.
package smtp

import (
	"bufio"
	"cmp"
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/internal/reach"
)

// Kind is what a suite calls "smtp".
var Kind = probes.Define(probes.Kind{
	Name:     "smtp",
	Doc:      "Mail servers: are they ready, what do they offer, with which certificate; no mail is sent.",
	Item:     "the port, or address:port when the suite names an address",
	Items:    probes.HostNames,
	Main:     "port",
	Example:  "- smtp: [25, 587]\n  expect: {starttls: offered}\n",
	Readings: append(specs(), reach.CertificateSpecs()...),
}, params{Ports: []int{25}, StartTLS: true}, build)

type params struct {
	Ports      []int  `param:"port" doc:"The ports; TLS begins by STARTTLS there."`
	Address    string `param:"address" doc:"Where the server is, when not the host under test."`
	EHLO       string `param:"ehlo" doc:"The name to greet with; the runner's own address when empty."`
	StartTLS   bool   `param:"starttls" doc:"Whether to start TLS where it is offered."`
	ServerName string `param:"server_name" doc:"The name in the certificate, when it is not the server's address."`
}

// What becomes of a session.
const (
	ready   = "ready"
	offered = "offered"
	absent  = "absent"
	failed  = "failed"
)

func specs() []probes.ReadingSpec {
	return []probes.ReadingSpec{
		{
			Name: "state", Type: fact.TypeText, Gate: true, Severity: fact.Fail, Expect: ready,
			Silence: []fact.Value{fact.Text(reach.Refused)},
			Doc:     "Whether the server takes a session: ready, refused, reset, or the code with which it declines, 421.",
		},
		{Name: "banner", Type: fact.TypeText, Severity: fact.Note, Doc: "The greeting, without its date."},
		{
			Name: "extensions", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.SameSet},
			Doc: "What the server offers before TLS.",
		},
		{
			Name: "starttls", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore},
			Expect: "one of offered, absent", Keep: offered,
			Doc: "Whether TLS can be started: offered, absent, or failed.",
		},
		{
			Name: "latency", Type: fact.TypeDuration, Rule: fact.Rule{Op: fact.Ignore},
			Doc: "How long the greeting took.",
		},
	}
}

type probe params

func build(p params) (probes.Probe, error) {
	if strings.ContainsFunc(p.EHLO, func(r rune) bool { return r <= ' ' || r > '~' }) || len(p.EHLO) > 255 {
		return nil, probes.Fieldf("ehlo", "%q is no name", p.EHLO)
	}
	if err := reach.CheckPorts("port", p.Ports...); err != nil {
		return nil, err
	}
	p.Ports = reach.Unique(p.Ports)
	return probe(p), nil
}

// Aims implements probes.Aimer.
func (p probe) Aims() []string { return []string{p.Address} }

// Observe implements probes.Probe.
func (p probe) Observe(ctx context.Context, t probes.Target) ([]fact.Reading, error) {
	p.ServerName = cmp.Or(p.ServerName, p.Address, reach.Name(t))
	return reach.Each(p.Ports, func(port int) ([]fact.Reading, error) {
		readings, err := p.observe(ctx, t, port)
		if err != nil {
			err = fmt.Errorf("talking to the mail server at port %d: %w", port, reach.Cause(ctx, err))
		}
		return readings, err
	})
}

func (p probe) observe(ctx context.Context, t probes.Target, port int) ([]fact.Reading, error) {
	item := reach.PortItem(p.Address, port)
	start := time.Now()
	conn, err := reach.Dial(ctx, t, "tcp", reach.JoinPort(reach.Address(t, p.Address), port))
	if err == nil {
		defer func() { _ = conn.Close() }()
		s := &session{conn: conn, in: bufio.NewReaderSize(conn, longestLine), item: item, start: start, roots: t.Roots}
		if err = s.run(ctx, p); err == nil || len(s.readings) > 0 {
			return s.readings, err // what was read stands, whatever came then
		}
	}
	if state := reach.State(reach.Cause(ctx, err)); state == reach.Refused || state == reach.Reset {
		return []fact.Reading{probes.Read(item, "state", fact.Text(state))}, nil
	}
	return nil, err
}

// session is one conversation with a server.
type session struct {
	conn     net.Conn
	in       *bufio.Reader
	item     string
	start    time.Time
	roots    *x509.CertPool
	readings []fact.Reading
}

func (s *session) add(name string, value fact.Value) {
	s.readings = append(s.readings, probes.Read(s.item, name, value))
}

// run talks until the server declines or all is known.
func (s *session) run(ctx context.Context, p probe) error {
	greeting, err := readReply(s.in)
	if err != nil {
		return fmt.Errorf("reading the greeting: %w", err)
	}
	s.add("banner", fact.Text(undated(greeting.text())))
	s.add("latency", fact.Duration(time.Since(s.start)))
	if greeting.code != 220 {
		s.decline(greeting)
		s.quit()
		return nil
	}
	hello, err := s.greet(p.EHLO)
	if reach.State(reach.Cause(ctx, err)) == reach.Reset {
		s.add("state", fact.Text(reach.Reset))
		return nil
	}
	if err != nil {
		return err
	}
	if hello.code != 250 {
		s.decline(hello)
		s.quit()
		return nil
	}
	s.add("state", fact.Text(ready))
	extensions := extensions(hello)
	s.add("extensions", fact.SetOf(extensions...))
	return s.secure(ctx, p, extensions)
}

func (s *session) decline(r reply) { s.add("state", fact.Text(strconv.Itoa(r.code))) }

// greet says EHLO or, to a server that does not know it, HELO.
func (s *session) greet(name string) (reply, error) {
	if name == "" {
		name = literal(s.conn.LocalAddr())
	}
	hello, err := s.command("EHLO " + name)
	if err != nil || hello.code != 500 && hello.code != 502 {
		return hello, err
	}
	hello, err = s.command("HELO " + name)
	hello.lines = nil // HELO offers nothing
	return hello, err
}

// literal is an address as the name of one that has none.
func literal(a net.Addr) string {
	at, err := netip.ParseAddrPort(a.String())
	switch {
	case err != nil:
		return "[127.0.0.1]"
	case at.Addr().Unmap().Is4():
		return "[" + at.Addr().Unmap().String() + "]"
	default:
		return "[IPv6:" + at.Addr().WithZone("").String() + "]"
	}
}

// secure starts TLS where it is offered, and reads the certificate.
func (s *session) secure(ctx context.Context, p probe, extensions []string) error {
	state := absent
	for _, extension := range extensions {
		if extension == "STARTTLS" {
			state = offered
		}
	}
	if state == absent || !p.StartTLS {
		s.add("starttls", fact.Text(state))
		s.quit()
		return nil
	}
	answer, err := s.command("STARTTLS")
	if err != nil {
		return err
	}
	// What was sent ahead of TLS could come from anyone on the way.
	if answer.code != 220 || s.in.Buffered() > 0 {
		s.add("starttls", fact.Text(failed))
		s.quit()
		return nil
	}
	secured, err := reach.Handshake(ctx, s.conn, p.ServerName)
	if err != nil {
		if reach.State(err) != reach.TLSFailed {
			return err
		}
		s.add("starttls", fact.Text(failed))
		return nil
	}
	s.add("starttls", fact.Text(offered))
	trust := reach.Trust{Name: p.ServerName, Roots: s.roots}
	s.readings = append(s.readings,
		reach.CertificateReadings(s.item, secured.ConnectionState(), trust, time.Now())...)
	s.conn, s.in = secured, bufio.NewReaderSize(secured, longestLine)
	s.quit()
	return nil
}

// quit takes leave, since a server logs an error for a client that just goes;
// how the server takes it is of no interest.
func (s *session) quit() {
	if s.conn.SetDeadline(time.Now().Add(time.Second)) == nil {
		_, _ = s.command("QUIT")
	}
}

func (s *session) command(line string) (reply, error) {
	verb, _, _ := strings.Cut(line, " ")
	if _, err := io.WriteString(s.conn, line+"\r\n"); err != nil {
		return reply{}, fmt.Errorf("sending %s: %w", verb, err)
	}
	r, err := readReply(s.in)
	if err != nil {
		return reply{}, fmt.Errorf("reading the answer to %s: %w", verb, err)
	}
	return r, nil
}
