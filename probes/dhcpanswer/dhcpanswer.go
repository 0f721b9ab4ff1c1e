// Package dhcpanswer observes whether a DHCP server answers a client.
package dhcpanswer

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/internal/datagram"
	"postpatch/probes/internal/reach"
)

// Kind is what a suite calls "dhcp_answer".
var Kind = probes.Define(probes.Kind{
	Name:  "dhcp_answer",
	Doc:   "A DHCP server's answer to a client: what it tells one that has an address, or offers one that has none.",
	Item:  "always empty",
	Items: probes.NoItems,
	Main:  "ask", Timeout: 30 * time.Second,
	Words: map[string][]string{"ask": {asksInform, asksDiscover}},
	Example: "- dhcp_answer: {}\n  why: a server that runs and is not authorised answers nobody\n" +
		"- dhcp_answer: {ask: discover, subnet: 10.20.30.0}\n  id: dhcp_answer/clients\n",
	Readings: specs(),
	Notes: []string{
		"The answer comes to a port of its own, so that postpatch has to be root, and the only one at that port.",
		"Servers are asked one after the other, each for 6 seconds at most.",
		"inform comes to port 68 and lets nothing be leased; the server has to know the runner's own network.",
		"discover comes to port 67, as a relay asks; the offer is not taken, and the server keeps it for a minute.",
		"Where the port is not to be had, the check is unknown; the kind dhcp looks inside the server instead.",
	},
}, params{Ask: asksInform}, build)

const (
	asksInform   = "inform"
	asksDiscover = "discover"
	answered     = "answered"

	serverPort = 67
	clientPort = 68
)

type params struct {
	Ask string `param:"ask" doc:"What is asked: inform, of who has an address; or discover, of who has none."`
	// Subnet is told by the options 118 and 82.5.
	Subnet string `param:"subnet" absent:"the runner's own" doc:"With discover: the network that wants an address."`
}

func specs() []probes.ReadingSpec {
	ignore := fact.Rule{Op: fact.Ignore}
	return []probes.ReadingSpec{
		{
			Name: "state", Type: fact.TypeText, Gate: true, Severity: fact.Fail, Expect: answered,
			Values: []string{answered, reach.Refused}, Silence: []fact.Value{fact.Text(reach.Refused)},
			Doc: "What became of the question: answered, or refused when no server listens.",
		},
		{
			Name: "answer", Type: fact.TypeText, Severity: fact.Fail, Expect: "one of ack, offer",
			Values: []string{"ack", "offer", "nak"}, Doc: "What the server says: ack to inform, offer to discover, or nak.",
		},
		{Name: "server", Type: fact.TypeText, Severity: fact.Warn, Doc: "Who the server says that it is: an address."},
		{Name: "subnet_mask", Type: fact.TypeText, Severity: fact.Warn, Doc: "The network's mask, as clients are told."},
		{
			Name: "routers", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.SameSet}, Severity: fact.Warn,
			Doc: "The routers that clients are told.",
		},
		{
			Name: "dns_servers", Type: fact.TypeSet, Rule: fact.Rule{Op: fact.SameSet}, Severity: fact.Warn,
			Doc: "The name servers that clients are told.",
		},
		{Name: "domain", Type: fact.TypeText, Severity: fact.Warn, Doc: "The domain that clients are told."},
		{Name: "lease", Type: fact.TypeDuration, Severity: fact.Warn, Doc: "With discover: how long it would be leased."},
		{Name: "offered", Type: fact.TypeText, Rule: ignore, Doc: "With discover: the address that is offered."},
		{Name: "latency", Type: fact.TypeDuration, Rule: ignore, Doc: "How long the answer took; an offer waits for a ping."},
		{Name: "reason", Type: fact.TypeText, Rule: ignore, Evidence: true, Doc: "Why the server declines, in its words."},
	}
}

type probe struct {
	discover bool
	subnet   netip.Addr
}

func build(p params) (probes.Probe, error) {
	built := probe{discover: p.Ask == asksDiscover}
	if !slices.Contains([]string{asksInform, asksDiscover}, p.Ask) {
		return nil, probes.Fieldf("ask", "must be %s or %s, got %q", asksInform, asksDiscover, p.Ask)
	}
	if p.Subnet == "" {
		return built, nil
	}
	if !built.discover {
		return nil, probes.Fieldf("subnet", "has no effect without ask: discover")
	}
	var err error
	if built.subnet, err = netip.ParseAddr(p.Subnet); err != nil || !built.subnet.Is4() {
		return nil, probes.Fieldf("subnet", "want the address of a network such as 10.20.30.0, got %q", p.Subnet)
	}
	return built, nil
}

// Observe implements probes.Probe.
func (p probe) Observe(ctx context.Context, t probes.Target) ([]fact.Reading, error) {
	got, reply, err := p.ask(ctx, t)
	switch {
	case reach.State(err) == reach.Refused:
		return []fact.Reading{probes.Read("", "state", fact.Text(reach.Refused))}, nil
	case errors.Is(err, probes.ErrNoAnswer):
		return nil, fmt.Errorf("asking DHCP of %s: %w; a server is silent, too, that the directory does not authorise, "+
			"that does not know the network, or has no address left", t.Address, err)
	case err != nil:
		return nil, fmt.Errorf("asking DHCP of %s: %w", t.Address, err)
	}
	return append(readings(got), probes.Read("", "latency", fact.Duration(reply.Latency))), nil
}

// ask asks and waits for the answer at the port to which servers send it.
func (p probe) ask(ctx context.Context, t probes.Target) (*dhcpv4.DHCPv4, datagram.Answer, error) {
	conn, err := p.dial(ctx, t)
	if err != nil {
		return nil, datagram.Answer{}, err
	}
	defer func() { _ = conn.Close() }()
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	question, err := p.message(conn)
	if err != nil {
		return nil, datagram.Answer{}, err
	}
	var got *dhcpv4.DHCPv4
	reply, err := datagram.Ask(ctx, conn, datagram.Question{Packet: question.ToBytes(), Fits: func(packet []byte) bool {
		read, err := dhcpv4.FromBytes(packet)
		if err != nil || read.OpCode != dhcpv4.OpcodeBootReply || read.TransactionID != question.TransactionID ||
			answerName(read.MessageType()) == "" {
			return false
		}
		got = read
		return true
	}})
	return got, reply, err
}

// dial connects to the server from the port that it answers to. Where the connection leads
// to another port, by a tunnel or to a lab, whoever is there answers to where it came from.
func (p probe) dial(ctx context.Context, t probes.Target) (net.Conn, error) {
	conn, err := datagram.Dial(ctx, t, reach.JoinPort(t.Address, serverPort))
	if err != nil {
		return nil, err
	}
	to, isUDP := conn.RemoteAddr().(*net.UDPAddr)
	from, isOwn := conn.LocalAddr().(*net.UDPAddr)
	if !isUDP || !isOwn || to.IP.To4() == nil {
		_ = conn.Close()
		return nil, fmt.Errorf("%w: DHCP is spoken by IPv4 alone, and the way there is another", probes.ErrNotTried)
	}
	if to.Port != serverPort {
		return conn, nil
	}
	_ = conn.Close() // it has told the two addresses, and sent nothing
	return p.bind(ctx, t, from.IP, to.String())
}
