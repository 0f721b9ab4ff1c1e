// Package path observes the way to a host: how large a packet passes it, and over whom.
package path

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/internal/reach"
)

// Kind is what a suite calls "path".
var Kind = probes.Define(probes.Kind{
	Name:    "path",
	Doc:     "The way to a host, by ICMP echoes that nobody may break up: its MTU, black holes on it, its hops.",
	Item:    "the address, as the suite writes it, or the host's own",
	Items:   probes.HostNames,
	Main:    "address",
	Example: "- path: \"{{ host.address }}\"\n  expect: {mtu: \">= 1500\"}\n",
	Timeout: 30 * time.Second,
	Notes: []string{
		"It takes a runner with Linux, and a host that answers ping: elsewhere the way is unknown.",
		"A firewall that drops nothing but large pings looks like a black hole, before the patch and after it.",
		"The host's own MTU is in what it says at a TCP port: with port, as its mss.",
	},
	Readings: specs(),
}, params{Size: 1500, Wait: time.Second, Hops: 30}, build)

// dials is how often as long as an answer a connection may take.
const dials = 5

// What becomes of large packets.
const (
	isClear   = "clear"
	narrow    = "narrow"
	blackHole = "black hole"
)

type params struct {
	Addresses []string      `param:"address" absent:"the host itself" doc:"Whom: names or addresses."`
	Size      int           `param:"size" unit:"bytes" doc:"The largest packet to try; 9000 where there are jumbo frames."`
	Port      int           `param:"port" absent:"not looked at" doc:"A TCP port that tells how large a segment it takes."`
	Hops      int           `param:"hops" unit:"hops" doc:"How far to look for those on the way; 0 not at all."`
	Wait      time.Duration `param:"wait" doc:"How long to wait for an answer, at the most."`
}

func specs() []probes.ReadingSpec {
	ignore := fact.Rule{Op: fact.Ignore}
	return []probes.ReadingSpec{
		{
			Name: "state", Type: fact.TypeText, Rule: ignore, Severity: fact.Fail, Expect: "one of clear, narrow",
			Values: []string{"clear", "narrow", "black hole"},
			Doc: "What becomes of large packets: clear, they arrive; narrow, someone on the way says that they are too " +
				"large; or black hole, they vanish without a word, and so does what is sent by TCP.",
		},
		{
			Name: "mtu", Type: fact.TypeInt, Unit: "bytes",
			Doc: "The largest packet that arrives, with its IP header.",
		},
		{
			Name: "mss", Type: fact.TypeInt, Unit: "bytes",
			Doc: "With port: how much data a segment of TCP takes to the host, by its own word and by what is known of the " +
				"way; 1460 with an MTU of 1500.",
		},
		{
			Name: "hops", Type: fact.TypeInt, Of: "hops", Severity: fact.Note,
			Doc: "How many hops away the host is; 1 is a neighbour.",
		},
		{
			Name: "route", Type: fact.TypeText, Rule: ignore, Evidence: true,
			Doc: "Who is on the way, with * for those who do not say.",
		},
		{Name: "rtt", Type: fact.TypeDuration, Rule: ignore, Doc: "The round trip of a small echo."},
		{
			Name: "cause", Type: fact.TypeText, Rule: ignore, Evidence: true,
			Doc: "Why no larger packet arrives.",
		},
	}
}

// probe is a check; open is the system's way to send echoes.
type probe struct {
	params

	open func(to netip.Addr) (wire, error)
}

func build(p params) (probes.Probe, error) {
	const mostSize, mostHops = 65535, 64
	for _, address := range p.Addresses {
		if strings.TrimSpace(address) == "" {
			return nil, probes.Fieldf("address", "an address is empty")
		}
	}
	switch {
	case p.Size < 576 || p.Size > mostSize:
		return nil, probes.Fieldf("size", "must be 576 to %d, got %d", mostSize, p.Size)
	case p.Port < 0 || p.Port > 65535:
		return nil, probes.Fieldf("port", "a port is 1 to 65535, got %d", p.Port)
	case p.Hops < 0 || p.Hops > mostHops:
		return nil, probes.Fieldf("hops", "must be 0 to %d, got %d", mostHops, p.Hops)
	case p.Wait < 10*time.Millisecond || p.Wait > 10*time.Second:
		return nil, probes.Fieldf("wait", "must be 10ms to 10s, got %s", p.Wait)
	}
	p.Addresses = reach.Unique(p.Addresses)
	return probe{p, openWire}, nil
}

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
			err = fmt.Errorf("measuring the way to %q: %w", address, err)
		}
		return readings, err
	})
}

func (p probe) observe(ctx context.Context, t probes.Target, address string) ([]fact.Reading, error) {
	readings, err := p.measure(ctx, t, address)
	if p.Port == 0 {
		return readings, err
	}
	// It comes last: what was learned of the way bounds it, and would now and then.
	dialling, cancel := context.WithTimeout(ctx, dials*p.Wait)
	defer cancel()
	mss, failed := segment(dialling, t, reach.JoinPort(address, p.Port))
	switch {
	case failed == nil:
		readings = append(readings, probes.Read(address, "mss", fact.Int(mss)))
	case err == nil && ctx.Err() != nil:
		err = reach.Cause(ctx, failed)
	case err == nil: // the host has answered, whatever the port does
		err = errors.New(failed.Error())
	}
	return readings, err
}

func (p probe) measure(ctx context.Context, t probes.Target, address string) ([]fact.Reading, error) {
	ip, err := t.Resolve(ctx, address)
	if err != nil {
		if err = reach.Cause(ctx, err); !errors.Is(err, context.Canceled) {
			err = reach.Silent(err)
		}
		return nil, err
	}
	w, err := p.open(ip)
	if err != nil {
		return nil, err
	}
	defer func() { _ = w.close() }()
	found, err := newSurvey(w, p.params, ip).measure(ctx)
	if err != nil {
		return nil, reach.Cause(ctx, err)
	}
	return found.readings(address), nil
}

// finding is what is known of a way.
type finding struct {
	state string
	mtu   int
	rtt   time.Duration
	hops  int // 0 where they are not known
	route string
	cause string
}

func (f finding) readings(item string) []fact.Reading {
	readings := []fact.Reading{
		probes.Read(item, "state", fact.Text(f.state)),
		probes.Read(item, "mtu", fact.Int(f.mtu)),
		probes.Read(item, "rtt", fact.Duration(f.rtt)),
	}
	if f.hops > 0 {
		readings = append(readings,
			probes.Read(item, "hops", fact.Int(f.hops)), probes.Read(item, "route", fact.Text(f.route)))
	}
	if f.cause != "" {
		readings = append(readings, probes.Read(item, "cause", fact.Text(f.cause)))
	}
	return readings
}
