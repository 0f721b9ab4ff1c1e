package dns

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/internal/reach"
)

// What becomes of a name that must not be there.
const (
	nameError = "name error"
	noData    = "no data"
	exists    = "exists"
	referral  = "referral"
)

// absence is what an answer says of a name that must not be there.
func absence(q question, got answer) []fact.Reading {
	word := rcode(got.msg.Rcode)
	switch {
	case len(got.msg.Answer) > 0:
		word = exists
	case got.msg.Rcode == dns.RcodeNameError:
		word = nameError
	case got.msg.Rcode == dns.RcodeSuccess && refers(got.msg):
		word = referral
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

// refers says whether a server sends whoever asks to others, and leaves open what is there
// (RFC 2308, 2.2).
func refers(msg *dns.Msg) bool {
	has := func(kind uint16) bool {
		return slices.ContainsFunc(msg.Ns, func(rr dns.RR) bool { return rr.Header().Rrtype == kind })
	}
	return has(dns.TypeNS) && !has(dns.TypeSOA)
}

// observeBeyond tells silence of those whom the server asks, for which it waits longer than
// its own clients do, from its own.
func (p probe) observeBeyond(ctx context.Context, a asker, q question) ([]fact.Reading, error) {
	got, err := a.askBriefly(ctx, q, true)
	switch {
	case err == nil:
		fresh, err := a.fresh(ctx, q)
		return append(q.readings(got), fresh...), err
	case p.state(err) != "":
		return []fact.Reading{probes.Read(q.item, "state", fact.Text(p.state(err)))}, nil
	case !errors.Is(err, probes.ErrNoAnswer) || !a.alive(ctx):
		return nil, err
	}
	return []fact.Reading{
		probes.Read(q.item, "state", fact.Text(reach.NoAnswer)), probes.Read(q.item, "forwards", fact.Bool(false)),
		probes.Read(q.item, "cause", fact.Text("the server answers of itself, and waits in vain for those whom it asks")),
	}, nil
}

// alive says whether the server answers what it need ask nobody for, whatever it says.
func (a asker) alive(ctx context.Context) bool {
	_, err := a.ask(ctx, question{name: ".", kind: dns.TypeNS}, false)
	return err == nil
}

// fresh asks for a name below the one that was answered, of which nobody has heard: an
// answer from a cache says nothing of the forwarders. That there is none such is an answer;
// SERVFAIL, or silence, is what comes where nobody is reached.
func (a asker) fresh(ctx context.Context, q question) ([]fact.Reading, error) {
	below := question{name: strings.ToLower(rand.Text()) + "." + q.name, kind: q.kind}
	if _, valid := dns.IsDomainName(below.name); !valid {
		return nil, nil
	}
	got, err := a.askBriefly(ctx, below, true)
	if err != nil && !errors.Is(err, probes.ErrNoAnswer) {
		return nil, fmt.Errorf("a name below that nobody has kept: %w", err)
	}
	if err == nil && got.msg.Authoritative { // its own zone says nothing of the forwarders
		return nil, errors.New("the server answers of a zone of its own, and beyond wants names that others alone have")
	}
	reached := err == nil && got.msg.RecursionAvailable &&
		(got.msg.Rcode == dns.RcodeSuccess || got.msg.Rcode == dns.RcodeNameError)
	return []fact.Reading{probes.Read(q.item, "forwards", fact.Bool(reached))}, nil
}
