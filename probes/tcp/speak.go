package tcp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/internal/reach"
	"postpatch/probes/internal/talk"
)

// What becomes of a conversation.
const (
	fine     = "ok"
	offered  = "offered"
	declined = "absent"
	failed   = "failed"
)

func spokenSpecs() []probes.ReadingSpec {
	ignore := fact.Rule{Op: fact.Ignore}
	return []probes.ReadingSpec{
		{
			Name: "starttls", Type: fact.TypeText, Severity: fact.Fail, Expect: offered,
			Values: []string{offered, declined, failed},
			Doc:    "With starttls: whether TLS can be started: offered, absent, or failed.",
		},
		{
			Name: "script", Type: fact.TypeText, Severity: fact.Fail, Expect: fine,
			Values: []string{fine, reach.NoAnswer, talk.Ended, reach.TLSFailed, talk.TooMuch},
			Doc:    "With script: ok, or how a step failed: no answer that fits, ended by the server, tls failed, too much.",
		},
		{
			Name: "found", Type: fact.TypeText, Severity: fact.Warn,
			Doc: "With script: what the last group in its patterns has caught, such as a version.",
		},
		{
			Name: "reason", Type: fact.TypeText, Rule: ignore, Evidence: true,
			Doc: "Which step of a conversation failed, and what came instead.",
		},
	}
}

// speaks says whether anything is said at an open port.
func (p probe) speaks() bool { return p.StartTLS != "" || len(p.steps) > 0 }

// speak starts TLS and goes through the script.
func (p probe) speak(ctx context.Context, t probes.Target, conn net.Conn, item string) ([]fact.Reading, error) {
	c := talk.New(conn)
	defer func() { _ = c.Close() }()
	name := cmp.Or(p.ServerName, p.Address, reach.Name(t))
	var readings []fact.Reading
	add := func(reading, value string) { readings = append(readings, probes.Read(item, reading, fact.Text(value))) }
	certify := func() {
		if state := c.TLS(); state != nil {
			trust := reach.Trust{Name: name, Roots: t.Roots}
			readings = append(readings, reach.CertificateReadings(item, *state, trust, time.Now())...)
		}
	}
	if p.StartTLS != "" {
		err := c.StartTLS(ctx, p.StartTLS, name)
		gone, is := errors.AsType[*talk.Declined](err)
		broken, failing := errors.AsType[*talk.Failed](err)
		switch {
		case err == nil:
			add("starttls", offered)
		case is:
			add("starttls", declined)
			add("reason", gone.Words)
			return readings, nil
		case failing:
			add("starttls", failed)
			add("reason", broken.Error())
			return readings, nil
		default:
			return readings, err
		}
	}
	if len(p.steps) == 0 {
		certify()
		return readings, nil
	}
	found, caught, err := c.Run(ctx, p.steps, name)
	certify()
	broken, failing := errors.AsType[*talk.Failed](err)
	switch {
	case failing:
		add("script", broken.State)
		add("reason", broken.Error())
	case err != nil:
		return readings, fmt.Errorf("talking at port %s: %w", item, err)
	default:
		add("script", fine)
		if caught {
			add("found", found)
		}
	}
	return readings, nil
}
