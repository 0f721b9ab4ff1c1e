// Package ntp observes the time that a server gives to others.
package ntp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/beevik/ntp"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/internal/datagram"
	"postpatch/probes/internal/reach"
)

// Kind is what a suite calls "ntp".
var Kind = probes.Define(probes.Kind{
	Name:     "ntp",
	Doc:      "Time servers: do they answer, are they synchronized, how far is their clock from the runner's.",
	Item:     "the port, or address:port when the suite names an address",
	Items:    probes.HostNames,
	Main:     "address",
	Example:  "- ntp: {}\n  expect: {offset: \"< 5s\"}\n  why: Kerberos tolerates 5 minutes, not more\n",
	Readings: specs(),
	Notes: []string{
		"The offset is to the clock of the machine that runs postpatch, which has to be right itself.",
		"Of Windows, a domain controller is a time server; any other is one only where its NtpServer is enabled.",
		"After a start Windows says for some minutes that it is not synchronized.",
	},
}, params{Port: 123}, build)

type params struct {
	Address string `param:"address" absent:"the host under test" doc:"Where the server is."`
	Port    int    `param:"port" doc:"The port."`
}

const (
	answered = "answered"
	tooOften = "RATE" // RFC 5905, 7.4
)

func specs() []probes.ReadingSpec {
	ignore := fact.Rule{Op: fact.Ignore}
	return []probes.ReadingSpec{
		{
			Name: "state", Type: fact.TypeText, Gate: true, Severity: fact.Fail, Expect: answered,
			Values: []string{answered, reach.Refused}, Silence: []fact.Value{fact.Text(reach.Refused)},
			Doc: "What became of the question: answered, or refused when no time server listens.",
		},
		{
			Name: "synchronized", Type: fact.TypeBool, Severity: fact.Fail, Expect: "true",
			Doc: "Whether the server says that its own time is right: leap is not unsynchronized, and stratum is 1 to 15.",
		},
		{
			Name: "offset", Type: fact.TypeDuration, Rule: ignore, Severity: fact.Fail, Expect: "< 1m",
			Doc: "How far the server's clock is from the runner's, without a sign; Kerberos tolerates 5 minutes.",
		},
		{
			Name: "direction", Type: fact.TypeText, Rule: ignore, Evidence: true, Values: []string{"ahead", "behind"},
			Doc: "Whether the server's clock is ahead of the runner's or behind.",
		},
		{
			Name: "source", Type: fact.TypeText, Severity: fact.Warn,
			Doc: "Where the time comes from: another server, or the clock itself: LOCL is the machine's own, GPS, PPS.",
		},
		{
			Name: "stratum", Type: fact.TypeInt, Of: "a level", Rule: ignore,
			Doc: "How many servers away a reference clock is: 1 has one itself, 0 and 16 are not synchronized.",
		},
		{
			Name: "reference", Type: fact.TypeText, Rule: ignore, Evidence: true,
			Doc: "What the server takes its time from: a clock's code; or 4 bytes as an address, which may be a digest.",
		},
		{
			Name: "reference_age", Type: fact.TypeDuration, Rule: ignore, Evidence: true,
			Doc: "How long ago the server set its clock, by its own account.",
		},
		{
			Name: "leap", Type: fact.TypeText, Rule: ignore, Evidence: true,
			Values: []string{"none", "insert", "delete", "unsynchronized"},
			Doc:    "A leap second that is announced: none, insert or delete; or unsynchronized.",
		},
		{Name: "root_delay", Type: fact.TypeDuration, Rule: ignore, Doc: "How far the reference clock is, there and back."},
		{Name: "root_dispersion", Type: fact.TypeDuration, Rule: ignore, Doc: "How far its time may be off, it says."},
		{Name: "latency", Type: fact.TypeDuration, Rule: ignore, Doc: "How long the answer took."},
		{
			Name: "reason", Type: fact.TypeText, Rule: ignore, Evidence: true,
			Doc: "The code with which a server declines to give its time: DENY, RSTR.",
		},
	}
}

type probe params

func build(p params) (probes.Probe, error) {
	return probe(p), reach.CheckPorts("port", p.Port)
}

// Aims implements probes.Aimer.
func (p probe) Aims() []string { return []string{p.Address} }

// Observe implements probes.Probe.
func (p probe) Observe(ctx context.Context, t probes.Target) ([]fact.Reading, error) {
	item := reach.PortItem(p.Address, p.Port)
	address := reach.JoinPort(reach.Address(t, p.Address), p.Port)
	got, err := ask(ctx, t, address)
	switch {
	case reach.State(err) == reach.Refused:
		return []fact.Reading{probes.Read(item, "state", fact.Text(reach.Refused))}, nil
	case err != nil:
		return nil, fmt.Errorf("asking %s for the time: %w", address, err)
	case kiss(got) == tooOften:
		return nil, fmt.Errorf("asking %s for the time: the server says %s: this machine, or the network that it is in, "+
			"asks too often, which tells nothing of its time", address, tooOften)
	}
	return readings(item, got), nil
}

// ask asks until something answers, or the time is up.
func ask(ctx context.Context, t probes.Target, address string) (*ntp.Response, error) {
	heard := false
	for try := 1; ; try++ {
		wait := datagram.Wait(ctx)
		if end, limited := ctx.Deadline(); limited && try == datagram.Tries {
			wait = max(time.Until(end), time.Millisecond)
		}
		got, err := once(ctx, t, address, wait)
		var timeout net.Error
		silent := errors.As(err, &timeout) && timeout.Timeout()
		_, dialled := errors.AsType[*net.OpError](err)
		heard = heard || err != nil && !silent && !dialled && !errors.Is(err, probes.ErrNoAnswer)
		switch {
		case err == nil:
			return got, nil
		case ctx.Err() == nil && (silent || heard) && !errors.Is(err, probes.ErrNoAnswer) && try < datagram.Tries:
			continue // the next question has another number: what comes late does not answer it
		case heard:
			return nil, datagram.Silence(ctx, errors.New(reach.Printable(err.Error(), 200)), true)
		default:
			return nil, datagram.Silence(ctx, datagram.Refusal(err), false)
		}
	}
}

func once(ctx context.Context, t probes.Target, address string, wait time.Duration) (*ntp.Response, error) {
	return ntp.QueryWithOptions(address, ntp.QueryOptions{
		Timeout: wait,
		Dialer:  func(_, _ string) (net.Conn, error) { return datagram.Dial(ctx, t, address) },
	})
}

func readings(item string, got *ntp.Response) []fact.Reading {
	leap := map[ntp.LeapIndicator]string{
		ntp.LeapNoWarning: "none", ntp.LeapAddSecond: "insert", ntp.LeapDelSecond: "delete",
		ntp.LeapNotInSync: "unsynchronized",
	}[got.Leap]
	found := []fact.Reading{
		probes.Read(item, "state", fact.Text(answered)),
		probes.Read(item, "synchronized", fact.Bool(got.Leap != ntp.LeapNotInSync && got.Stratum > 0 && got.Stratum < 16)),
		probes.Read(item, "stratum", fact.Int(got.Stratum)),
		probes.Read(item, "leap", fact.Text(leap)),
		probes.Read(item, "latency", fact.Duration(max(0, got.RTT))),
	}
	if code := kiss(got); code != "" {
		return append(found, probes.Read(item, "reason", fact.Text(code)))
	}
	direction := "ahead"
	if got.ClockOffset < 0 {
		direction = "behind"
	}
	found = append(found,
		probes.Read(item, "offset", fact.Duration(max(got.ClockOffset, -got.ClockOffset))),
		probes.Read(item, "direction", fact.Text(direction)),
		probes.Read(item, "root_delay", fact.Duration(got.RootDelay)),
		probes.Read(item, "root_dispersion", fact.Duration(got.RootDispersion)))
	if got.Stratum > 0 {
		found = append(found, origin(item, got)...)
	}
	return found
}

// kiss is the code with which a server declines; empty of one that does not, and of one
// that has no time from anywhere, as Windows is at first.
func kiss(got *ntp.Response) string {
	if !got.IsKissOfDeath() {
		return ""
	}
	return reach.Printable(strings.Trim(got.KissCode, ".\x00"), 8)
}

// origin is where the server's time comes from.
func origin(item string, got *ntp.Response) []fact.Reading {
	reference, source := got.ReferenceString(), "another server"
	if got.Stratum == 1 {
		reference = reach.Printable(strings.Trim(reference, "."), 8)
		source = reference
	}
	const own = "127.127.1." // as older servers call their own clock
	if strings.HasPrefix(reference, own) {
		source = "LOCL"
	}
	found := []fact.Reading{
		probes.Read(item, "reference", fact.Text(reference)), probes.Read(item, "source", fact.Text(source)),
	}
	if age := got.Time.Sub(got.ReferenceTime); age >= 0 && got.ReferenceTime.Year() > 1970 {
		found = append(found, probes.Read(item, "reference_age", fact.Duration(age)))
	}
	return found
}
