package ldap

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"slices"
	"time"

	"github.com/go-ldap/ldap/v3"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/host/ldapframe"
	"postpatch/probes/internal/reach"
)

// visit is what is asked at one port, and what was read there.
type visit struct {
	probe    probe
	target   probes.Target
	name     string // in TLS, and in the certificate
	item     string
	address  string
	port     int
	base     string                     // the default naming context
	led      func(host.Credential) bool // the suite alone leads the account to it
	readings []fact.Reading
}

func (v *visit) add(name string, value fact.Value) {
	v.readings = append(v.readings, probes.Read(v.item, name, value))
}

func (v *visit) has(name string) bool {
	return slices.ContainsFunc(v.readings, func(r fact.Reading) bool {
		return r.Key.Item == v.item && r.Key.Name == name
	})
}

// because gives the reason for what failed; the first counts.
func (v *visit) because(words string) {
	if words != "" && !v.has("reason") {
		v.add("reason", fact.Text(reach.Printable(words, 500)))
	}
}

// run asks the directory of itself, as anybody may, and then as an account.
func (v *visit) run(ctx context.Context) error {
	start := time.Now()
	anybody, err := v.connect(ctx)
	if err != nil {
		return v.stopped(ctx, err)
	}
	defer anybody.close()
	if err := v.certify(ctx, anybody); err != nil {
		return err
	}
	if anybody.declined != nil {
		return nil // TLS, and nothing goes on without
	}
	l := anybody.ask(ctx)
	if err := v.rootDSE(l, start); err != nil {
		return v.stopped(ctx, result(err, anybody.said))
	}
	switch {
	case v.probe.Bind != anonymous:
		_ = l.Close()
		return v.enter(ctx)
	case v.probe.Filter != "":
		return v.search(l, anybody.said)
	default:
		return nil
	}
}

// stopped makes a reading of what ended a visit before the directory was seen to be ready.
func (v *visit) stopped(ctx context.Context, err error) error {
	err = reach.Cause(ctx, err)
	if v.has("state") {
		return err
	}
	if no, is := errors.AsType[*declined](err); is {
		v.add("state", fact.Text(no.name()))
		v.because(no.Error())
		return nil
	}
	switch state := reach.State(err); state {
	case reach.Refused, reach.Reset, reach.TLSFailed:
		v.add("state", fact.Text(state))
		if state == reach.TLSFailed {
			v.because(err.Error())
		}
		return nil
	}
	return err
}

// connection is one to the directory.
type connection struct {
	net.Conn

	tls      *tls.ConnectionState // nil without
	declined error                // why there is no TLS where it was asked for
	clear    bool                 // and that it was not offered
	said     *ldapframe.Conn      // what the library reads
}

func (c *connection) close() { _ = c.Close() }

// connect goes to the port, and has TLS there where it is wanted.
func (v *visit) connect(ctx context.Context) (*connection, error) {
	conn, err := reach.Dial(ctx, v.target, "tcp", v.address)
	if err != nil {
		return nil, err
	}
	c := &connection{Conn: conn}
	implicit := slices.Contains(v.probe.Implicit, v.port)
	if !implicit && v.probe.StartTLS {
		err := startTLS(ctx, conn)
		if no, is := errors.AsType[*declined](err); is {
			c.declined, c.clear = no, no.code == ldap.LDAPResultProtocolError
			return c, nil
		}
		if err != nil {
			c.close()
			return nil, err
		}
	}
	if !implicit && !v.probe.StartTLS {
		return c, nil
	}
	secured, err := reach.Handshake(ctx, conn, v.name)
	switch {
	case err != nil && !implicit && reach.State(err) == reach.TLSFailed:
		c.declined = err
		return c, nil
	case err != nil:
		c.close()
		return nil, err
	}
	state := secured.ConnectionState()
	c.Conn, c.tls = secured, &state
	return c, nil
}

// certify tells what came of TLS.
func (v *visit) certify(_ context.Context, c *connection) error {
	switch {
	case c.declined != nil && c.clear:
		v.add("starttls", fact.Text(absent))
	case c.declined != nil:
		v.add("starttls", fact.Text(failed))
	case c.tls != nil && v.probe.StartTLS && !slices.Contains(v.probe.Implicit, v.port):
		v.add("starttls", fact.Text(offered))
	}
	if c.declined != nil {
		v.add("state", fact.Text(ready))
		v.because(c.declined.Error())
	}
	if c.tls != nil {
		trust := reach.Trust{Name: v.name, Roots: v.target.Roots}
		v.readings = append(v.readings, reach.CertificateReadings(v.item, *c.tls, trust, time.Now())...)
	}
	return nil
}

// ask hands the connection over to the library. Closing it ends whatever waits for it.
func (c *connection) ask(ctx context.Context) *ldap.Conn {
	c.said = &ldapframe.Conn{Conn: c.Conn, Most: maxMessage, MostAll: maxAnswers}
	l := ldap.NewConn(c.said, c.tls != nil)
	l.Start()
	if until, limited := ctx.Deadline(); limited { // which closes it first, or the library would tell of it
		l.SetTimeout(max(time.Until(until), 0) + time.Minute)
	}
	return l
}
