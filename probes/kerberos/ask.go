package kerberos

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/go-krb5/krb5/config"
	"github.com/go-krb5/krb5/iana/errorcode"
	"github.com/go-krb5/krb5/iana/nametype"
	"github.com/go-krb5/krb5/messages"
	"github.com/go-krb5/krb5/types"

	"postpatch/probes/internal/kdc"
	"postpatch/probes/internal/reach"
)

// mostPacket is what is read of an answer by UDP.
const mostPacket = 64 << 10

// answer is a KDC's answer to a request for a first ticket without a password.
type answer struct {
	refusal *messages.KRBError // nil with a ticket
	ticket  *messages.ASRep    // nil with an error
	latency time.Duration
	skew    time.Duration // the KDC's clock less ours; of an error, as tickets tell only who opens them
	told    bool          // it has told its time
}

// settings are what requests are made with.
func settings(kinds ...int32) *config.Config {
	conf := config.New()
	d := &conf.LibDefaults
	d.Forwardable, d.Proxiable, d.Canonicalize, d.NoAddresses = false, false, false, true
	d.RenewLifetime, d.TicketLifetime = 0, time.Hour
	d.DefaultTktEnctypeIDs, d.DefaultTGSEnctypeIDs = kinds, kinds
	return conf
}

// question is a request for a first ticket for an account, of some kinds of encryption.
func question(who kdc.Principal, kinds []int32) (messages.ASReq, error) {
	return messages.NewASReqForTGT(who.Realm, settings(kinds...), who.Name)
}

func principal(name, realm string) kdc.Principal {
	return kdc.Principal{Name: types.NewPrincipalName(nametype.KRB_NT_PRINCIPAL, name), Realm: realm}
}

// byTCP asks once over a connection of its own: Windows closes it after an answer.
func (v *visit) byTCP(ctx context.Context, request []byte) (reply []byte, sent bool, err error) {
	conn, err := reach.Dial(ctx, v.target, "tcp", v.address)
	if err != nil {
		return nil, false, err
	}
	defer func() { _ = conn.Close() }()
	reply, sent, err = kdc.Exchange(conn, request)
	return reply, sent, reach.Cause(ctx, reach.Ended(err))
}

// byUDP asks twice when there is silence; nothing that is asked so is counted by a KDC. It was
// asked last at the moment that is returned.
func (v *visit) byUDP(ctx context.Context, request []byte) (reply []byte, asked time.Time, err error) {
	asked = time.Now()
	conn, err := reach.Dial(ctx, v.target, "udp", v.address)
	if err != nil {
		return nil, asked, err
	}
	defer func() { _ = conn.Close() }()
	packet := make([]byte, mostPacket)
	for _, limit := range attempts(ctx) {
		if err := conn.SetReadDeadline(limit); err != nil {
			return nil, asked, reach.Cause(ctx, err)
		}
		asked = time.Now()
		if _, err := conn.Write(request); err != nil {
			return nil, asked, reach.Cause(ctx, unlistened(err))
		}
		n, err := conn.Read(packet)
		if err == nil {
			return packet[:n], asked, kdc.Error(packet[:n])
		}
		var timeout net.Error
		if ctx.Err() != nil || !errors.As(err, &timeout) || !timeout.Timeout() {
			return nil, asked, reach.Cause(ctx, unlistened(err))
		}
	}
	return nil, asked, reach.Tell("no answer by UDP", context.DeadlineExceeded)
}

// attempts are the ends of the waits of each attempt.
func attempts(ctx context.Context) []time.Time {
	const first, all = 2 * time.Second, 5 * time.Second
	now := time.Now()
	end, limited := ctx.Deadline()
	if !limited {
		end = now.Add(all)
	}
	return []time.Time{now.Add(min(first, end.Sub(now)/3)), end}
}

// unlistened is what an error of a UDP socket means: where POSIX says that nothing
// listens at the port, Windows says that the connection was reset.
func unlistened(err error) error {
	if reach.State(err) == reach.Reset {
		return fmt.Errorf("%w: %w", reach.ErrRefused, err)
	}
	return err
}

// ask asks for a first ticket without a password.
func (v *visit) ask(ctx context.Context, transport string, kinds []int32) (answer, error) {
	request, err := question(principal(v.account, v.realm), kinds)
	if err != nil {
		return answer{}, err
	}
	b, err := request.Marshal()
	if err != nil {
		return answer{}, err
	}
	start := time.Now()
	var reply []byte
	if transport == udp {
		reply, start, err = v.byUDP(ctx, b)
	} else {
		reply, _, err = v.byTCP(ctx, b)
	}
	return read(reply, err, start, time.Now())
}

// read reads what came between two moments.
func read(reply []byte, err error, start, end time.Time) (answer, error) {
	got := answer{latency: end.Sub(start)}
	if refusal := new(messages.KRBError); errors.As(err, refusal) {
		got.refusal = refusal
		got.told = !refusal.STime.IsZero()
		theirs := refusal.STime.Add(time.Duration(min(max(refusal.Susec, 0), 999_999)) * time.Microsecond)
		got.skew = theirs.Sub(start.Add(got.latency / 2))
		return got, nil
	}
	if err != nil {
		return got, err
	}
	got.ticket = new(messages.ASRep)
	if err := kdc.Guard(func() error { return got.ticket.Unmarshal(reply) }); err != nil {
		return got, errors.New("what answers there is no KDC: its answer is neither a ticket nor an error of Kerberos")
	}
	return got, nil
}

// tooLong says whether the KDC wants to be asked by TCP, which is how it should be.
func (a answer) tooLong() bool {
	return a.refusal != nil && a.refusal.ErrorCode == errorcode.KRB_ERR_RESPONSE_TOO_BIG
}

// has says whether the account has a key of a kind, and may use it.
func (a answer) has(k kind) bool {
	switch {
	case a.ticket != nil:
		return a.ticket.EncPart.EType == k.id
	case a.refusal.ErrorCode != errorcode.KDC_ERR_PREAUTH_REQUIRED:
		return false
	}
	var methods types.PADataSequence
	if err := kdc.Guard(func() error { return methods.Unmarshal(a.refusal.EData) }); err != nil {
		return false
	}
	return hinted(methods, k.id)
}

// decides says whether the answer tells of kinds of encryption at all: who does not
// know the account knows of no keys.
func (a answer) decides() bool {
	return a.ticket != nil || a.refusal.ErrorCode == errorcode.KDC_ERR_PREAUTH_REQUIRED ||
		a.refusal.ErrorCode == errorcode.KDC_ERR_ETYPE_NOSUPP
}
