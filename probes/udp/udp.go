// Package udp observes what answers a packet by UDP.
package udp

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/internal/datagram"
	"postpatch/probes/internal/reach"
	"postpatch/probes/internal/talk"
)

// Kind is what a suite calls "udp".
var Kind = probes.Define(probes.Kind{
	Name:  "udp",
	Doc:   "UDP ports: does something answer what is sent there, and with what.",
	Item:  "the port, or address:port when the suite names an address",
	Items: probes.HostNames,
	Main:  "port",
	Example: "- udp: {port: 1434, send: '\\x03', match: 'ServerName;SQL01'}\n" +
		"  why: SQL Server Browser tells clients the ports of instances\n",
	Readings: specs(),
	Notes: []string{
		`In send, match and hex: \r, \n, \t and \x00 stand for what they do in most languages.`,
		"Silence is what a closed firewall is like, and a service that does not like what was sent.",
	},
}, params{}, build)

type params struct {
	Ports   []int  `param:"port,required" doc:"The ports."`
	Address string `param:"address" absent:"the host under test" doc:"Where."`
	Send    string `param:"send" absent:"one empty packet" doc:"What is sent."`
	Hex     string `param:"hex" doc:"What is sent, in hex, instead of send; spaces say nothing."`
	Match   string `param:"match" doc:"A regular expression that the answer has to match, byte by byte."`
}

const answered = "answered"

func specs() []probes.ReadingSpec {
	ignore := fact.Rule{Op: fact.Ignore}
	return []probes.ReadingSpec{
		{
			Name: "state", Type: fact.TypeText, Gate: true, Severity: fact.Fail, Expect: answered,
			Values:  []string{answered, reach.Refused, reach.NoAnswer},
			Silence: []fact.Value{fact.Text(reach.Refused), fact.Text(reach.NoAnswer)},
			Doc:     "What became of the packet: answered, refused when nothing listens, or no answer.",
		},
		{
			Name: "matches", Type: fact.TypeBool, Severity: fact.Fail, Expect: "true",
			Doc: "With match: whether the answer matches.",
		},
		{Name: "answer", Type: fact.TypeText, Rule: ignore, Evidence: true, Doc: "The answer; what is no text as \\x00."},
		{Name: "size", Type: fact.TypeInt, Of: "bytes", Rule: ignore, Doc: "How many bytes the answer has."},
		{Name: "latency", Type: fact.TypeDuration, Rule: ignore, Doc: "How long the answer took."},
	}
}

type probe struct {
	ports   []int
	address string
	packet  []byte
	match   *regexp.Regexp // nil for anything
}

func build(p params) (probes.Probe, error) {
	if err := reach.CheckPorts("port", p.Ports...); err != nil {
		return nil, err
	}
	built := probe{ports: reach.Unique(p.Ports), address: p.Address}
	const most = 1400 // which passes every path unbroken
	text, err := talk.Unescape(p.Send)
	if err != nil {
		return nil, probes.Fieldf("send", "%v", err)
	}
	built.packet = []byte(text)
	if p.Hex != "" {
		if p.Send != "" {
			return nil, probes.Fieldf("hex", "say either send or hex")
		}
		if built.packet, err = hex.DecodeString(strings.Join(strings.Fields(p.Hex), "")); err != nil {
			return nil, probes.Fieldf("hex", "want two digits a byte")
		}
	}
	if len(built.packet) > most {
		return nil, probes.Fieldf("send", "want at most %d bytes, got %d", most, len(built.packet))
	}
	if p.Match != "" {
		if built.match, err = talk.Pattern(p.Match); err != nil {
			return nil, probes.Fieldf("match", "%v", err)
		}
	}
	return built, nil
}

// Aims implements probes.Aimer.
func (p probe) Aims() []string { return []string{p.address} }

// Reports implements probes.Chooser.
func (p probe) Reports(reading string) bool { return reading != "matches" || p.match != nil }

// Observe implements probes.Probe.
func (p probe) Observe(ctx context.Context, t probes.Target) ([]fact.Reading, error) {
	return reach.Each(p.ports, func(port int) ([]fact.Reading, error) {
		item, address := reach.PortItem(p.address, port), reach.JoinPort(reach.Address(t, p.address), port)
		got, err := p.ask(ctx, t, address)
		var readings []fact.Reading
		add := func(name string, value fact.Value) { readings = append(readings, probes.Read(item, name, value)) }
		switch {
		case reach.State(err) == reach.Refused:
			add("state", fact.Text(reach.Refused))
			return readings, nil
		case errors.Is(err, errSilent):
			add("state", fact.Text(reach.NoAnswer))
			return readings, nil
		case err != nil:
			return nil, fmt.Errorf("sending to %s by UDP: %w", address, err)
		}
		add("state", fact.Text(answered))
		if p.match != nil {
			add("matches", fact.Bool(p.match.MatchString(talk.Bytes(got.Packet))))
		}
		add("answer", fact.Text(talk.Show(got.Packet)))
		add("size", fact.Int(len(got.Packet)))
		add("latency", fact.Duration(got.Latency))
		return readings, nil
	})
}

// errSilent means that a packet was sent and nothing came.
var errSilent = errors.New("nothing came")

func (p probe) ask(ctx context.Context, t probes.Target, address string) (datagram.Answer, error) {
	conn, err := datagram.Dial(ctx, t, address)
	if err != nil {
		return datagram.Answer{}, err
	}
	defer func() { _ = conn.Close() }()
	within, cancel := talk.Within(ctx)
	defer cancel()
	got, err := datagram.Ask(within, conn, datagram.Question{Packet: p.packet})
	if errors.Is(err, probes.ErrNoAnswer) && ctx.Err() == nil {
		err = errSilent // and not the check's own time
	}
	return got, err
}
