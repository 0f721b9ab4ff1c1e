package ping

import (
	"context"
	"strings"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/inside"
	"postpatch/probes/internal/reach"
)

// hostProbe lets the host under test send the echoes.
type hostProbe struct{ call inside.Call }

func newHostProbe(p params) (hostProbe, error) {
	call := inside.Call{How: "ping", To: p.Addresses, Count: p.Count, Wait: p.Wait}
	if len(call.To) == 0 {
		call.To = []string{inside.Loopback}
	}
	return hostProbe{call}, call.Check("address")
}

// Questions implements probes.Asker.
func (p hostProbe) Questions() []host.Question { return []host.Question{p.call.Question()} }

// Observe implements probes.Probe.
func (p hostProbe) Observe(_ context.Context, t probes.Target) ([]fact.Reading, error) {
	replies, err := p.call.Replies(t.Answers)
	if err != nil {
		return nil, err
	}
	return reach.Each(replies, echoes)
}

func echoes(r inside.Reply) ([]fact.Reading, error) {
	sent, received, known := counts(r)
	switch {
	case r.State() == inside.NoAddress:
		sent, received = 1, 0
	case !known, received == 0 && strings.HasSuffix(r.Err, "Exception"): // nothing was sent
		return nil, r.NotObserved()
	}
	item := r.Item()
	readings := []fact.Reading{
		probes.Read(item, "loss", fact.Int((100*(sent-received)+sent-1)/sent)),
		probes.Read(item, "received", fact.Int(received)),
	}
	if received > 0 {
		total, _ := r.Row.Get("milliseconds").Int()
		mean := time.Duration(max(total, 0)) * time.Millisecond / time.Duration(received)
		readings = append(readings, probes.Read(item, "rtt", fact.Duration(mean)))
	}
	if cause := r.Cause(); received < sent && cause != "" {
		readings = append(readings, probes.Read(item, "cause", fact.Text(cause)))
	}
	return readings, nil
}

// counts are how many echoes were sent and came back.
func counts(r inside.Reply) (sent, received int64, known bool) {
	sent, errSent := r.Row.Get("sent").Int()
	received, errReceived := r.Row.Get("received").Int()
	known = errSent == nil && errReceived == nil && sent > 0 && sent <= 100 && received >= 0 && received <= sent
	return sent, received, known
}
