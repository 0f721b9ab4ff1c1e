package tcp

import (
	"cmp"
	"context"
	"strconv"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/inside"
	"postpatch/probes/internal/reach"
)

// hostProbe lets the host under test connect.
type hostProbe struct {
	call      inside.Call
	elsewhere bool
}

func newHostProbe(p params) (hostProbe, error) {
	const wait = 2 * time.Second // for one port; a local network answers at once
	call := inside.Call{
		How: "tcp", To: []string{cmp.Or(p.Address, inside.Loopback)}, Ports: p.Ports, Wait: wait,
	}
	return hostProbe{call, p.Address != ""}, call.Check("port")
}

// Questions implements probes.Asker.
func (p hostProbe) Questions() []host.Question { return []host.Question{p.call.Question()} }

// Observe implements probes.Probe.
func (p hostProbe) Observe(_ context.Context, t probes.Target) ([]fact.Reading, error) {
	replies, err := p.call.Replies(t.Answers)
	if err != nil {
		return nil, err
	}
	return reach.Each(replies, func(r inside.Reply) ([]fact.Reading, error) {
		item := r.Row.Get("port").Text
		if p.elsewhere {
			item = r.Item()
			if port, err := strconv.Atoi(r.Row.Get("port").Text); err == nil {
				item = reach.JoinPort(item, port)
			}
		}
		switch state := r.State(); {
		case state != "":
			return []fact.Reading{
				probes.Read(item, "state", fact.Text(state)), probes.Read(item, "cause", fact.Text(r.Cause())),
			}, nil
		case r.Err != "":
			return nil, r.NotObserved()
		default:
			return []fact.Reading{probes.Read(item, "state", fact.Text(open))}, nil
		}
	})
}
