package dns

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/miekg/dns"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/inside"
	"postpatch/probes/internal/reach"
)

// hostProbe lets the host under test ask: it is given whole messages, which it
// need not understand, and hands the answers back as they came.
type hostProbe struct {
	call      inside.Call
	questions []question
	recurse   bool
}

// Reports implements probes.Chooser: nothing is looked up beside the names themselves.
func (p hostProbe) Reports(reading string) bool {
	return probe{questions: p.questions}.Reports(reading)
}

// newHostProbe asks own, which the host knows, where the suite names no server.
func newHostProbe(p probe, own string) (hostProbe, error) {
	const wait = 2 * time.Second // for one answer; there are two tries
	if len(p.zones) > 0 {
		return hostProbe{}, probes.Fieldf("zone", "only the runner asks all of a zone's servers: write from: runner")
	}
	call := inside.Call{
		How: "dns", To: []string{cmp.Or(p.host, own)}, Ports: []int{p.port}, Wait: wait,
	}
	for _, q := range p.questions {
		if q.sign {
			return hostProbe{}, probes.Fieldf("dnssec", "only the runner checks signatures: leave it out, or write from: runner")
		}
		message := q.message(p.recurse || q.aim != records)
		message.Id = 0 // the host chooses one
		packed, err := message.Pack()
		if err != nil {
			return hostProbe{}, probes.Fieldf("name", "%q cannot be asked: %v", q.item, err)
		}
		call.Queries = append(call.Queries, base64.StdEncoding.EncodeToString(packed))
	}
	return hostProbe{call, p.questions, p.recurse}, call.Check("name")
}

// Questions implements probes.Asker.
func (p hostProbe) Questions() []host.Question { return []host.Question{p.call.Question()} }

// Observe implements probes.Probe.
func (p hostProbe) Observe(_ context.Context, t probes.Target) ([]fact.Reading, error) {
	replies, err := p.call.Replies(t.Answers)
	if err != nil {
		return nil, err
	}
	return reach.Each(replies, p.reply)
}

func (p hostProbe) reply(r inside.Reply) ([]fact.Reading, error) {
	if r.Address == "" { // no server, so no answer to any of them
		var all []fact.Reading
		for _, q := range p.questions {
			all = append(all, failed(q.item, r)...)
		}
		return all, nil
	}
	place, err := r.Row.Get("query").Int()
	if err != nil || place < 0 || place >= int64(len(p.questions)) {
		return nil, fmt.Errorf("asking from the host: an answer to no question, got %q", r.Row.Get("query").Text)
	}
	q := p.questions[place]
	if r.To == inside.DNSServers || r.To == inside.Gateway {
		q.item += " " + r.Item()
	}
	switch {
	case r.State() != "":
		return failed(q.item, r), nil
	case r.Err != "":
		return nil, r.NotObserved()
	}
	got, err := p.read(r, q)
	if err != nil {
		return nil, fmt.Errorf("asking %s from the host for %q: %w", r.Item(), q.item, err)
	}
	return q.readings(got), nil
}

func failed(item string, r inside.Reply) []fact.Reading {
	state := r.State()
	if state == reach.Reset { // so Windows says that nothing listens at a UDP port
		state = reach.Refused
	}
	return []fact.Reading{
		probes.Read(item, "state", fact.Text(state)), probes.Read(item, "cause", fact.Text(r.Cause())),
	}
}

// read unpacks what the server answered.
func (p hostProbe) read(r inside.Reply, q question) (answer, error) {
	packed, err := base64.StdEncoding.DecodeString(r.Row.Get("answer").Text)
	if err != nil {
		return answer{}, errors.New("what came is no answer")
	}
	query := q.message(p.recurse || q.aim != records)
	query.Id = 0
	got := answer{msg: new(dns.Msg), transport: r.Row.Get("transport").Text}
	if err := got.msg.Unpack(packed); err != nil || !fits(got.msg, query) {
		return answer{}, errors.New("what came is no answer to the question")
	}
	if took, err := r.Row.Get("milliseconds").Int(); err == nil {
		got.latency = time.Duration(max(took, 0)) * time.Millisecond
	}
	return got, nil
}
