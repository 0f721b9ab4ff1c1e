package dns

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"

	"github.com/miekg/dns"

	"postpatch/probes"
	"postpatch/probes/internal/datagram"
	"postpatch/probes/internal/reach"
)

// asker puts questions to one server.
type asker struct {
	target probes.Target
	server string // "host:port"
	udps   *sockets
}

// answer is a server's answer and the way it came.
type answer struct {
	msg       *dns.Msg
	transport string
	latency   time.Duration
}

const (
	packetSize = 1232 // of an answer by UDP; what passes every path unbroken
	// mostPacket is what is read of one that keeps to nobody's limit. Windows' own is 4,000.
	mostPacket = 8 << 10
)

// ask puts one question: by UDP, then by TCP when the answer does not fit. A
// server that does not know the extension for long packets is asked without.
func (a asker) ask(ctx context.Context, q question, recurse bool) (answer, error) {
	query := q.message(recurse)
	start := time.Now()
	msg, err := a.udp(ctx, query)
	if err == nil && (msg.Rcode == dns.RcodeFormatError || msg.Rcode == dns.RcodeNotImplemented) {
		query.Id, query.Extra = dns.Id(), nil
		msg, err = a.udp(ctx, query)
	}
	if err != nil {
		return answer{}, err
	}
	got := answer{msg, "udp", time.Since(start)}
	if msg.Truncated {
		if got.msg, err = a.tcp(ctx, query); err != nil {
			// The server has answered: without the rest nothing can be told.
			return answer{}, fmt.Errorf("the answer is too long for UDP, and TCP did not do: %s", err.Error())
		}
		got.transport, got.latency = "tcp", time.Since(start)
	}
	return got, nil
}

// askBriefly asks where silence is told as what became of it, and leaves most of the time
// for what is to be asked then. Its sockets are its own: they end with its time.
func (a asker) askBriefly(ctx context.Context, q question, recurse bool) (answer, error) {
	const most = 4 * time.Second
	limit := most
	if end, limited := ctx.Deadline(); limited {
		limit = min(most, time.Until(end)*2/5)
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var udps sockets
	defer udps.close()
	a.udps = &udps
	return a.ask(ctx, q, recurse)
}

// message is the question as a query, with a random number.
func (q question) message(recurse bool) *dns.Msg {
	query := new(dns.Msg)
	query.SetQuestion(q.name, q.kind)
	query.RecursionDesired = recurse
	query.CheckingDisabled = q.blind
	query.AuthenticatedData = q.sign // whoever validates is to say so (RFC 6840, 5.7)
	query.SetEdns0(packetSize, q.sign)
	return query
}

// udp asks by UDP, twice when there is silence. What is no answer to the query
// is passed over: anyone can send it.
func (a asker) udp(ctx context.Context, query *dns.Msg) (*dns.Msg, error) {
	packed, err := query.Pack()
	if err != nil {
		return nil, err
	}
	conn, err := a.udps.take(ctx, a)
	if err != nil {
		return nil, err
	}
	quiet := false
	defer func() { a.udps.put(conn, quiet) }()
	heard := false
	for try, limit := range limits(ctx) {
		if err := conn.SetReadDeadline(limit); err != nil {
			return nil, datagram.Unsent(ctx, err, heard)
		}
		if _, err := conn.Write(packed); err != nil {
			return nil, datagram.Unsent(ctx, err, heard)
		}
		for {
			n, err := conn.Read(conn.packet)
			if err != nil {
				if datagram.TimedOut(err) && ctx.Err() == nil {
					break
				}
				if oversized(err) {
					heard = true
					continue
				}
				return nil, datagram.Silence(ctx, datagram.Refusal(err), heard)
			}
			heard = true
			if msg := new(dns.Msg); msg.Unpack(conn.packet[:n]) == nil && fits(msg, query) {
				quiet = try == 0
				return msg, nil
			}
		}
	}
	return nil, datagram.Silence(ctx, reach.Tell("no answer by UDP"), heard)
}

// limits are the ends of the waits of each attempt.
func limits(ctx context.Context) []time.Time {
	const first, second = 2 * time.Second, 3 * time.Second
	now := time.Now()
	end, limited := ctx.Deadline()
	if !limited {
		end = now.Add(first + second)
	} else {
		end = now.Add(end.Sub(now) * 9 / 10) // silence is to be told before ctx ends
	}
	return []time.Time{now.Add(min(first, end.Sub(now)/3)), end}
}

// oversized says whether a packet was larger than what is read of one, of which Windows makes
// an error (WSAEMSGSIZE).
func oversized(err error) bool { return errors.Is(err, syscall.Errno(10040)) }

// fits says whether msg is an answer to query and not a stray or forged one.
func fits(msg, query *dns.Msg) bool {
	if !msg.Response || msg.Id != query.Id {
		return false
	}
	if len(msg.Question) == 0 { // as servers do that did not read it
		return msg.Rcode != dns.RcodeSuccess
	}
	got, want := msg.Question[0], query.Question[0]
	return len(msg.Question) == 1 && got.Qtype == want.Qtype && got.Qclass == want.Qclass &&
		strings.EqualFold(got.Name, want.Name)
}

// tcp asks by TCP.
func (a asker) tcp(ctx context.Context, query *dns.Msg) (*dns.Msg, error) {
	conn, err := reach.Dial(ctx, a.target, "tcp", a.server)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	framed := &dns.Conn{Conn: conn}
	if err := framed.WriteMsg(query); err != nil {
		return nil, reach.Cause(ctx, err)
	}
	msg, err := framed.ReadMsg()
	if err != nil {
		return nil, reach.Cause(ctx, err)
	}
	if !fits(msg, query) {
		return nil, errors.New("what came was no answer to the question")
	}
	return msg, nil
}
