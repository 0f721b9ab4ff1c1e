package dns

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	"github.com/miekg/dns"

	"postpatch/probes"
	"postpatch/probes/fact"
)

// What becomes of a name that must not be there.
const (
	nameError = "name error"
	noData    = "no data"
	exists    = "exists"
)

// absence is what an answer says of a name that must not be there.
func absence(q question, got answer) []fact.Reading {
	word := rcode(got.msg.Rcode)
	switch {
	case len(got.msg.Answer) > 0:
		word = exists
	case got.msg.Rcode == dns.RcodeNameError:
		word = nameError
	case got.msg.Rcode == dns.RcodeSuccess:
		word = noData
	}
	readings := []fact.Reading{probes.Read(q.item, "absence", fact.Text(word))}
	for _, rr := range got.msg.Ns {
		if soa, is := rr.(*dns.SOA); is && word != exists { // RFC 2308, 5
			kept := time.Duration(min(soa.Hdr.Ttl, soa.Minttl)) * time.Second
			return append(readings, probes.Read(q.item, "negative_ttl", fact.Duration(kept)))
		}
	}
	return readings
}

// fresh asks for a name below the one that was asked for, of which nobody has heard: an
// answer from a cache would say nothing of the forwarders. That there is none such is an
// answer; SERVFAIL is what comes where nobody is reached.
func (a asker) fresh(ctx context.Context, q question) ([]fact.Reading, error) {
	below := question{name: strings.ToLower(rand.Text()) + "." + q.name, kind: q.kind}
	if _, valid := dns.IsDomainName(below.name); !valid {
		return nil, nil
	}
	got, err := a.ask(ctx, below, true)
	if err != nil {
		return nil, fmt.Errorf("a name below that nobody has kept: %w", err)
	}
	reached := got.msg.Rcode == dns.RcodeSuccess || got.msg.Rcode == dns.RcodeNameError
	return []fact.Reading{probes.Read(q.item, "forwards", fact.Bool(reached && got.msg.RecursionAvailable))}, nil
}
