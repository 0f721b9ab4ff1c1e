// Package tcp observes whether ports take connections.
package tcp

import (
	"context"
	"slices"
	"strings"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/internal/inside"
	"postpatch/probes/internal/note"
	"postpatch/probes/internal/reach"
	"postpatch/probes/internal/talk"
)

// Kind is what a suite calls "tcp".
var Kind = probes.Define(probes.Kind{
	Name:    "tcp",
	Doc:     "TCP ports, seen from the runner or from the host itself: do they take connections, and what is said there.",
	Item:    "the port, or address:port when the suite names an address",
	Items:   probes.HostNames,
	Main:    "port",
	Words:   map[string][]string{"from": inside.Views(), "starttls": talk.Protocols()},
	Example: example,
	Notes: []string{
		note.FromHost, note.FromBoth,
		"A script's steps: expect REGEX waits for a line, bytes REGEX for anything, send TEXT says a line.",
		"And raw TEXT says it as it is, with \\r, \\n, \\t and \\x00 for what they are elsewhere; tls begins TLS.",
		"What the last group in a pattern catches is found: expect ^220 (.*).",
		"No password is said: a script is for everybody to read.",
	},
	Readings: append(append([]probes.ReadingSpec{
		{
			Name: "state", Type: fact.TypeText, Gate: true, Severity: fact.Fail, Expect: open,
			Values: []string{"open", "refused", "no answer", "unreachable", "no address"},
			Doc:    "What became of a connection: open, refused, no answer (a firewall drops), unreachable, or no address.",
			Silence: []fact.Value{
				fact.Text(reach.Refused), fact.Text(reach.NoAnswer), fact.Text(reach.Unreachable),
			},
		},
		{
			Name: "latency", Type: fact.TypeDuration, Rule: fact.Rule{Op: fact.Ignore},
			Doc: "How long it took until the port was open, as seen from the runner.",
		},
		{
			Name: "cause", Type: fact.TypeText, Rule: fact.Rule{Op: fact.Ignore}, Evidence: true,
			Doc: "What the host says of a port that is not open, when it is the one that asks.",
		},
		inside.ViewsSpec(),
	}, spokenSpecs()...), reach.CertificateSpecs()...),
}, params{From: inside.Runner}, build)

const example = `- tcp: [135, 445, 3389]
  why: administration needs them
- tcp: {port: 21, script: ["expect ^220 (.*)", send QUIT, expect ^221]}
  id: tcp/ftp
- tcp: {port: 389, starttls: ldap}
  id: tcp/ldap
`

const open = "open"

type params struct {
	Ports   []int  `param:"port,required" doc:"The ports."`
	Address string `param:"address" absent:"the host under test" doc:"Where; a host also knows gateway and dns_servers."`
	From    string `param:"from" doc:"Who asks; host is the host under test, of itself without an address."`
	// What is said at an open port.
	StartTLS   string   `param:"starttls" doc:"The protocol in which TLS is started at an open port."`
	Script     []string `param:"script" doc:"What is heard and said at an open port, in TLS where that was started."`
	ServerName string   `param:"server_name" absent:"the server's address" doc:"The name in the certificate."`
}

func build(p params) (probes.Probe, error) {
	p.Ports = reach.Unique(p.Ports)
	if err := reach.CheckPorts("port", p.Ports...); err != nil {
		return nil, err
	}
	steps, err := talk.Parse(p.Script)
	if err != nil {
		return nil, probes.Fieldf("script", "%v", err)
	}
	if p.StartTLS != "" && !slices.Contains(talk.Protocols(), p.StartTLS) {
		return nil, probes.Fieldf("starttls", "must be one of %s, got %q", strings.Join(talk.Protocols(), ", "), p.StartTLS)
	}
	from, err := inside.View(p.From)
	switch {
	case err != nil:
		return nil, err
	case from != inside.Runner && len(steps) > 0:
		return nil, probes.Fieldf("script", "the host itself connects and says nothing: leave from: out")
	case from != inside.Runner && p.StartTLS != "":
		return nil, probes.Fieldf("starttls", "the host itself connects and says nothing: leave from: out")
	case from == inside.Host:
		return newHostProbe(p)
	}
	if err := inside.CheckNames("address", p.Address); err != nil || from == inside.Runner {
		return probe{p, steps}, err
	}
	own, err := newHostProbe(p)
	return inside.Pair(probe{p, steps}, own, inside.ByState(open)), err
}

type probe struct {
	params

	steps []talk.Step
}

// Aims implements probes.Aimer.
func (p probe) Aims() []string { return []string{p.Address} }

// turn is a port, and how long it may take.
type turn struct {
	port          int
	parts, shares int           // so many parts of so many shares of the time that is left
	most          time.Duration // and no more than these at the start; 0 where there is no end
}

// Observe implements probes.Probe.
func (p probe) Observe(ctx context.Context, t probes.Target) ([]fact.Reading, error) {
	return reach.Each(p.turns(ctx), func(u turn) ([]fact.Reading, error) {
		return p.observe(ctx, t, u.port, u.limit(ctx))
	})
}

// Reports implements probes.Chooser.
func (p probe) Reports(reading string) bool {
	switch reading {
	case "state", "latency":
		return true
	case "script", "found":
		return len(p.steps) > 0
	case "starttls":
		return p.StartTLS != ""
	case "cause", "views":
		return false // the host's own view has these
	default:
		return p.speaks()
	}
}

// turns share the time out: a port has not all there is, because silence is what the
// check may be about.
func (p probe) turns(ctx context.Context) []turn {
	rounds := (len(p.Ports) + reach.AtOnce - 1) / reach.AtOnce
	shares, parts := max(3, rounds+1), 1
	if p.speaks() && rounds == 1 {
		parts = 2 // to speak takes longer than to connect
	}
	var most time.Duration
	if end, limited := ctx.Deadline(); limited {
		most = time.Until(end) * time.Duration(parts) / time.Duration(shares)
	}
	turns := make([]turn, len(p.Ports))
	for i, port := range p.Ports {
		turns[i] = turn{port, parts, shares - i/reach.AtOnce, most}
	}
	return turns
}

// limit is less than a share at the start where the ports before it took longer than
// they should, as on a busy machine: it does not add up for the last.
func (u turn) limit(ctx context.Context) time.Duration {
	end, limited := ctx.Deadline()
	if !limited {
		return 5 * time.Second
	}
	return min(u.most, time.Until(end)*time.Duration(u.parts)/time.Duration(u.shares))
}

func (p probe) observe(ctx context.Context, t probes.Target, port int, limit time.Duration) ([]fact.Reading, error) {
	item := reach.PortItem(p.Address, port)
	dialling, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	start := time.Now()
	conn, err := reach.Dial(dialling, t, "tcp", reach.JoinPort(reach.Address(t, p.Address), port))
	if err == nil {
		latency := time.Since(start)
		readings := []fact.Reading{
			probes.Read(item, "state", fact.Text(open)),
			probes.Read(item, "latency", fact.Duration(latency)),
		}
		if !p.speaks() {
			_ = conn.Close() // nothing was sent
			return readings, nil
		}
		spoken, err := p.speak(dialling, t, conn, item)
		return append(readings, spoken...), err
	}
	switch state := reach.State(err); {
	case ctx.Err() != nil:
		return nil, reach.Cause(ctx, err)
	case state == reach.Refused, state == reach.NoAnswer, state == reach.Unreachable:
		return []fact.Reading{probes.Read(item, "state", fact.Text(state))}, nil
	case p.From == inside.Both && inside.StateOf(err) != "":
		return []fact.Reading{probes.Read(item, "state", fact.Text(inside.StateOf(err)))}, nil
	default:
		return nil, err
	}
}
