// Package ping observes whether hosts answer ICMP echoes.
package ping

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"syscall"
	"time"

	probing "github.com/prometheus-community/pro-bing"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/internal/inside"
	"postpatch/probes/internal/note"
	"postpatch/probes/internal/reach"
)

// Kind is what a suite calls "ping".
var Kind = probes.Define(probes.Kind{
	Name:    "ping",
	Doc:     "ICMP echoes, from the runner or from the host itself: do they come back, and how fast.",
	Item:    "the address, as the suite writes it, or the host's own",
	Items:   probes.HostNames,
	Main:    "address",
	Words:   map[string][]string{"from": inside.Views()},
	Example: "- ping: \"{{ host.address }}\"\n  expect: {loss: 0%, rtt: \"< 20ms\"}\n",
	Notes:   []string{note.FromHost, note.FromBoth},
	Readings: []probes.ReadingSpec{
		{
			Name: "loss", Type: fact.TypeInt, Unit: "%", Rule: fact.Rule{Op: fact.AtMost}, Severity: fact.Fail, Expect: "0",
			Silence: []fact.Value{fact.Int(100)},
			Doc:     "How many of the echoes did not come back, rounded up.",
		},
		{
			Name: "rtt", Type: fact.TypeDuration, Rule: fact.Rule{Op: fact.Ignore},
			Doc: "The average round trip of those that came back.",
		},
		{
			Name: "received", Type: fact.TypeInt, Of: "echoes", Rule: fact.Rule{Op: fact.Ignore},
			Doc: "How many echoes came back.",
		},
		{
			Name: "cause", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore}, Evidence: true,
			Doc: "What the host says of those that did not, when it is the one that asks.",
		},
		inside.ViewsSpec(),
	},
}, params{From: inside.Runner, Count: 3, Interval: 200 * time.Millisecond, Wait: time.Second, Size: 56}, build)

type params struct {
	Addresses []string      `param:"address" absent:"the host itself" doc:"Whom: names, gateway, dns_servers, loopback."`
	From      string        `param:"from" doc:"Who asks; host is the host under test."`
	Count     int           `param:"count" unit:"echoes" doc:"How many are sent."`
	Interval  time.Duration `param:"interval" doc:"The time between two echoes."`
	Wait      time.Duration `param:"wait" doc:"How long to wait for the last echo."`
	Size      int           `param:"size" unit:"bytes" doc:"How much an echo carries."`
}

func build(p params) (probes.Probe, error) {
	for _, address := range p.Addresses {
		if strings.TrimSpace(address) == "" {
			return nil, probes.Fieldf("address", "an address is empty")
		}
	}
	const least, most = 24, 65000 // the library's own mark; what fits in a packet
	switch {
	case p.Count < 1 || p.Count > 100:
		return nil, probes.Fieldf("count", "must be 1 to 100, got %d", p.Count)
	case p.Interval < 10*time.Millisecond || p.Interval > time.Minute:
		return nil, probes.Fieldf("interval", "must be 10ms to 1m, got %s", p.Interval)
	case p.Wait < 10*time.Millisecond || p.Wait > time.Minute:
		return nil, probes.Fieldf("wait", "must be 10ms to 1m, got %s", p.Wait)
	case p.Size < least || p.Size > most:
		return nil, probes.Fieldf("size", "must be %d to %d, got %d", least, most, p.Size)
	}
	p.Addresses = reach.Unique(p.Addresses)
	from, err := inside.View(p.From)
	switch {
	case err != nil:
		return nil, err
	case from == inside.Host:
		return newHostProbe(p)
	}
	if err := inside.CheckNames("address", p.Addresses...); err != nil || from == inside.Runner {
		return probe(p), err
	}
	own, err := newHostProbe(p)
	return inside.Pair(probe(p), own, inside.ByEchoes()), err
}

type probe params

// Aims implements probes.Aimer.
func (p probe) Aims() []string { return p.Addresses }

// Observe implements probes.Probe.
func (p probe) Observe(ctx context.Context, t probes.Target) ([]fact.Reading, error) {
	addresses := p.Addresses
	if len(addresses) == 0 {
		addresses = []string{t.Address}
	}
	return reach.Each(addresses, func(address string) ([]fact.Reading, error) {
		readings, err := p.observe(ctx, t, address)
		if err != nil {
			err = fmt.Errorf("pinging %q: %w", address, err)
		}
		return readings, err
	})
}

func (p probe) observe(ctx context.Context, t probes.Target, address string) ([]fact.Reading, error) {
	ip, err := t.Resolve(ctx, address)
	if err != nil {
		if p.From == inside.Both && inside.StateOf(err) == inside.NoAddress {
			return nameless(address), nil
		}
		if err = reach.Cause(ctx, err); !errors.Is(err, context.Canceled) {
			err = reach.Silent(err)
		}
		return nil, err
	}
	s, err := p.echo(ctx, t, ip)
	if err != nil {
		return nil, err
	}
	lost := s.Sent - s.Received
	readings := []fact.Reading{
		probes.Read(address, "loss", fact.Int((100*lost+s.Sent-1)/s.Sent)),
		probes.Read(address, "received", fact.Int(s.Received)),
	}
	if s.Received > 0 {
		readings = append(readings, probes.Read(address, "rtt", fact.Duration(s.RTT)))
	}
	return readings, nil
}

// nameless is an address that the runner does not find, where the host tells of it, too.
func nameless(address string) []fact.Reading {
	return []fact.Reading{
		probes.Read(address, "loss", fact.Int(100)), probes.Read(address, "received", fact.Int(0)),
		probes.Read(address, "cause", fact.Text("the runner finds no address for the name")),
	}
}

// route asks the system for a way to ip and sends nothing. Where a route
// forbids it (EACCES), the library would try again for ever.
func route(ctx context.Context, ip netip.Addr) error {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "udp", netip.AddrPortFrom(ip, 9).String())
	switch {
	case err == nil:
		return conn.Close()
	case reach.State(err) == reach.Unreachable:
		return reach.Silent(err)
	default:
		return err
	}
}

// send sends the echoes through the socket that needs no privilege or, where
// the system does not give one, through the raw socket.
func (p probe) send(ctx context.Context, ip netip.Addr) (*probing.Statistics, error) {
	var refusal error
	for _, raw := range []bool{false, true} {
		if !raw && runtime.GOOS == "windows" { // which knows the raw way alone, open to everyone
			continue
		}
		s, err := p.run(ctx, ip, raw)
		if !unavailable(err) {
			return s, err
		}
		refusal = cmp.Or(refusal, err)
	}
	return nil, fmt.Errorf("%w: ping unavailable: the system gives this user no socket for it: %w",
		probes.ErrNotTried, refusal)
}

// unavailable says whether the system refused the socket.
func unavailable(err error) bool {
	return errors.Is(err, os.ErrPermission) || errors.Is(err, syscall.EPROTONOSUPPORT) ||
		errors.Is(err, syscall.EAFNOSUPPORT)
}

func (p probe) run(ctx context.Context, ip netip.Addr, raw bool) (*probing.Statistics, error) {
	pinger := probing.New(ip.String())
	pinger.SetLogger(probing.NoopLogger{})
	pinger.SetIPAddr(&net.IPAddr{IP: ip.AsSlice(), Zone: ip.Zone()})
	pinger.SetPrivileged(raw)
	pinger.Count, pinger.Interval, pinger.Size = p.Count, p.Interval, p.Size
	pinger.Timeout = time.Duration(p.Count-1)*p.Interval + p.Wait
	if end, limited := ctx.Deadline(); limited {
		// Silence is to be told before ctx ends and nothing can be told.
		pinger.Timeout = max(min(pinger.Timeout, time.Until(end)*9/10), time.Millisecond)
	}
	switch err := pinger.RunWithContext(ctx); {
	case ctx.Err() != nil:
		return nil, reach.Cause(ctx, ctx.Err())
	case err != nil && reach.State(err) == reach.Unreachable:
		return nil, reach.Silent(err)
	case err != nil:
		return nil, err
	}
	s := pinger.Statistics()
	if s.PacketsSent == 0 {
		return nil, errors.New("no echo could be sent")
	}
	return s, nil
}
