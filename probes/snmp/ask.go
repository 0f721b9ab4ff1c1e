package snmp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/gosnmp/gosnmp"

	"postpatch/probes"
	"postpatch/probes/host"
	"postpatch/probes/internal/datagram"
	"postpatch/probes/internal/reach"
)

// answer is what an agent said.
type answer struct {
	variables []gosnmp.SnmpPDU // as they were asked for
	latency   time.Duration
}

// errUnreadable is an answer that the library could not take.
var errUnreadable = errors.New("the answer cannot be read")

// ask asks for all objects in one packet.
func (p probe) ask(ctx context.Context, t probes.Target, c host.Credential) (answer, error) {
	heard := false
	client := &gosnmp.GoSNMP{
		// The library makes its memory with a socket of its own, which sends nothing: ours,
		// which goes where the target leads, takes its place.
		Target: "127.0.0.1", Port: 9, Transport: "udp",
		// While it prepares the time may end, which is the agent's silence and no fault here.
		Context: context.WithoutCancel(ctx), Timeout: time.Minute,
		Retries: datagram.Tries - 1, MaxOids: most, OnRecv: func(*gosnmp.GoSNMP) { heard = true },
	}
	if err := p.enter(client, c); err != nil {
		return answer{}, err
	}
	conn, err := datagram.Dial(ctx, t, reach.JoinPort(t.Address, p.Port))
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = conn.Close() }()
	if err := client.Connect(); err != nil {
		return answer{}, fmt.Errorf("%w: preparing SNMP: %w", probes.ErrNotTried, err)
	}
	client.Context, client.Timeout = ctx, datagram.Wait(ctx)
	_ = client.Conn.Close()
	last := &recorder{Conn: conn}
	client.Conn = last
	oids := make([]string, len(p.objects))
	for i, o := range p.objects {
		oids[i] = o.oid
	}
	start := time.Now()
	got, err := client.Get(oids)
	latency := time.Since(start)
	if err != nil && client.Version == gosnmp.Version3 {
		err = errors.Join(err, reported(last.packet))
	}
	switch {
	case refusal(err) != "":
		return answer{}, err
	case err != nil:
		return answer{}, trouble(ctx, err, heard)
	}
	return p.check(got, latency)
}

// trouble is an error of the library's, of which a panic tells with its stack.
func trouble(ctx context.Context, err error, heard bool) error {
	switch {
	case strings.HasPrefix(err.Error(), "recover:"):
		return errUnreadable
	case reach.State(datagram.Refusal(err)) == reach.Refused:
		return fmt.Errorf("%w: nothing listens", reach.ErrRefused)
	case heard:
		return datagram.Silence(ctx, errors.New(reach.Printable(err.Error(), 200)), true)
	case ctx.Err() != nil, reach.State(err) == reach.Unreachable:
		return datagram.Silence(ctx, err, false)
	case errors.Is(err, gosnmp.ErrMaxRetriesExceeded), errors.Is(err, context.DeadlineExceeded),
		reach.State(err) == reach.NoAnswer:
		return reach.Silent(reach.Tell("no answer by UDP"))
	default:
		return err
	}
}

// enter sets the account.
func (p probe) enter(client *gosnmp.GoSNMP, c host.Credential) error {
	secret := c.Password.Reveal()
	if secret == "" || len(secret) > 120 {
		return fmt.Errorf("%w: the entry for SNMP has no password of 1 to 120 bytes", probes.ErrNotTried)
	}
	if c.User == "" {
		client.Version, client.Community = gosnmp.Version2c, secret
		return nil
	}
	const least = 8 // RFC 3414, 11.2
	if len(secret) < least {
		return fmt.Errorf("%w: a passphrase of SNMP has at least %d characters", probes.ErrNotTried, least)
	}
	user := &gosnmp.UsmSecurityParameters{
		UserName: c.User, AuthenticationProtocol: auths()[p.Auth], AuthenticationPassphrase: secret,
	}
	client.Version, client.SecurityModel, client.MsgFlags = gosnmp.Version3, gosnmp.UserSecurityModel, gosnmp.AuthNoPriv
	if privacy := privacies()[p.Privacy]; privacy != gosnmp.NoPriv {
		user.PrivacyProtocol, user.PrivacyPassphrase = privacy, secret
		client.MsgFlags = gosnmp.AuthPriv
	}
	client.SecurityParameters = user
	return nil
}

// recorder keeps the last packet: with what an agent declines an account it cannot prove
// to be the agent's, and the library tells nothing of it.
type recorder struct {
	net.Conn

	packet []byte
}

// Read implements net.Conn.
func (r *recorder) Read(p []byte) (int, error) {
	n, err := r.Conn.Read(p)
	if err == nil {
		r.packet = append(r.packet[:0], p[:n]...)
	}
	return n, err
}

// reported is what a packet of version 3 reports of the account (RFC 3414, 3.2); nil for
// nothing.
func reported(packet []byte) (err error) {
	defer func() {
		if recover() != nil { // as the library's own reading of packets does
			err = nil
		}
	}()
	reader := &gosnmp.GoSNMP{
		Version: gosnmp.Version3, SecurityModel: gosnmp.UserSecurityModel,
		SecurityParameters: &gosnmp.UsmSecurityParameters{UserName: "nobody"},
	}
	got, err := reader.SnmpDecodePacket(packet)
	if err != nil || got.PDUType != gosnmp.Report || len(got.Variables) != 1 {
		return nil //nolint:nilerr // what cannot be read reports nothing
	}
	const stats = "1.3.6.1.6.3.15.1.1."
	return map[string]error{
		stats + "1.0": gosnmp.ErrUnknownSecurityLevel, stats + "3.0": gosnmp.ErrUnknownUsername,
		stats + "5.0": gosnmp.ErrWrongDigest, stats + "6.0": gosnmp.ErrDecryption,
	}[strings.TrimPrefix(got.Variables[0].Name, ".")]
}

// refusal is why an agent does not talk to the account; "" where it is not that.
func refusal(err error) string {
	for is, why := range map[error]string{
		gosnmp.ErrUnknownUsername:      "the agent does not know the user",
		gosnmp.ErrWrongDigest:          "the agent finds the passphrase wrong, or another way to prove it",
		gosnmp.ErrDecryption:           "the agent cannot decrypt what it is asked: another privacy, or passphrase",
		gosnmp.ErrUnknownSecurityLevel: "the agent does not let the user ask this way, by auth and privacy",
		errAccess:                      "the agent lets the account read none of it",
	} {
		if errors.Is(err, is) {
			return why
		}
	}
	return ""
}

var errAccess = errors.New("no access")

// check holds the answer against what was asked for.
func (p probe) check(got *gosnmp.SnmpPacket, latency time.Duration) (answer, error) {
	switch {
	case got.PDUType != gosnmp.GetResponse:
		return answer{}, fmt.Errorf("%w: it is no response", errUnreadable)
	case got.Error == gosnmp.AuthorizationError || got.Error == gosnmp.NoAccess:
		return answer{}, errAccess
	case got.Error != gosnmp.NoError:
		return answer{}, fmt.Errorf("the agent answers %s", got.Error)
	case len(got.Variables) != len(p.objects):
		return answer{}, fmt.Errorf("%w: %d objects were asked for and %d came", errUnreadable, len(p.objects),
			len(got.Variables))
	}
	for i, o := range p.objects {
		if strings.TrimPrefix(got.Variables[i].Name, ".") != o.oid {
			return answer{}, fmt.Errorf("%w: it is of other objects", errUnreadable)
		}
	}
	return answer{got.Variables, latency}, nil
}
