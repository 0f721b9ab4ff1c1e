package dns

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/internal/inside"
	"postpatch/probes/internal/reach"
)

const (
	mostServers   = 16 // to which a zone may lead
	mostAddresses = 4  // at which one of them is asked
)

// lame is a server that a zone names, and that does not answer from it.
const lame = "not authoritative"

// version is what one of a zone's servers says of the zone.
type version struct {
	server   string // its name in the zone
	soa      *dns.SOA
	readings []fact.Reading
}

// everywhere asks each of a zone's servers for its SOA.
func (p probe) everywhere(ctx context.Context, a asker, zone string) ([]fact.Reading, error) {
	got, err := a.ask(ctx, question{name: zone, kind: dns.TypeNS}, p.recurse)
	if err != nil {
		if p.state(err) != "" {
			return nil, nil // which the zone's own records tell
		}
		return nil, fmt.Errorf("asking %s for the servers of %q: %w", a.server, name(zone), err)
	}
	var servers []string
	for _, rr := range got.msg.Answer {
		if ns, is := rr.(*dns.NS); is {
			servers = append(servers, dns.CanonicalName(ns.Ns))
		}
	}
	servers = reach.Unique(servers)
	if len(servers) > mostServers {
		return nil, fmt.Errorf("the zone %q has %d servers, and no more than %d are asked",
			name(zone), len(servers), mostServers)
	}
	versions := make([]version, len(servers))
	places := make([]int, len(servers))
	for i := range places {
		places[i] = i
	}
	_, err = reach.Each(places, func(i int) ([]fact.Reading, error) {
		var err error
		versions[i], err = p.versionAt(ctx, a, zone, servers[i])
		return nil, err
	})
	var all []fact.Reading
	for i, far := range lags(versions) {
		all = append(all, versions[i].readings...)
		if far >= 0 {
			all = append(all, probes.Read(serverItem(zone, versions[i].server), "behind", fact.Int(far)))
		}
	}
	return all, err
}

func serverItem(zone, server string) string { return item(zone, dns.TypeSOA) + " " + name(server) }

// versionAt asks one server, without recursion: it is to answer from its own zone.
func (p probe) versionAt(ctx context.Context, a asker, zone, server string) (version, error) {
	v := version{server: server}
	q := question{item: serverItem(zone, server), name: zone, kind: dns.TypeSOA}
	got, err := p.askServer(ctx, a, server, q)
	if err != nil {
		state := inside.StateOf(err)
		if state == "" {
			return v, fmt.Errorf("asking %s for %q: %w", name(server), name(zone), err)
		}
		v.readings = []fact.Reading{probes.Read(q.item, "state", fact.Text(state))}
		return v, nil
	}
	v.readings = q.readings(got)
	for _, rr := range got.msg.Answer {
		if soa, is := rr.(*dns.SOA); is && got.msg.Authoritative && strings.EqualFold(soa.Hdr.Name, zone) {
			v.soa = soa
			v.readings = append(v.readings, probes.Read(q.item, "serial", fact.Int(soa.Serial)))
			break
		}
	}
	if v.soa == nil && got.msg.Rcode == dns.RcodeSuccess {
		v.readings = slices.DeleteFunc(v.readings, func(r fact.Reading) bool { return r.Key.Name == "state" })
		v.readings = append(v.readings, probes.Read(q.item, "state", fact.Text(lame)))
	}
	return v, nil
}

// askServer asks a server by its name where the runner knows one by it, as the operator's
// routes may, and else at the addresses that the server under test gives. Of a name with
// several, the runner's own way leads to one alone: where that does not answer, all are asked.
func (p probe) askServer(ctx context.Context, a asker, server string, q question) (answer, error) {
	got, err := a.at(name(server), p.port).askBriefly(ctx, q, false)
	if err == nil {
		return got, nil
	}
	addresses, failed := p.addresses(ctx, a, server)
	switch nameless := isNameless(err); {
	case nameless && (failed != nil || len(addresses) == 0):
		return got, errors.Join(err, failed)
	case nameless:
		return a.askFirst(ctx, addresses, p.port, q)
	case len(addresses) < 2:
		return got, err
	}
	if other, failed := a.askFirst(ctx, addresses, p.port, q); failed == nil {
		return other, nil
	}
	return got, err
}

// askFirst asks at one address after the other, always in the same order, until there is an
// answer: a server is well that answers at one of those it has. The error is the first one's.
func (a asker) askFirst(ctx context.Context, addresses []string, port int, q question) (got answer, err error) {
	for i, address := range slices.Sorted(slices.Values(addresses)) {
		answered, failed := a.at(address, port).askBriefly(ctx, q, false)
		if failed == nil {
			return answered, nil
		}
		if i == 0 {
			err = failed
		}
		if i+1 == mostAddresses || ctx.Err() != nil {
			break
		}
	}
	return got, err
}

// at is an asker of another server.
func (a asker) at(server string, port int) asker {
	return asker{a.target, reach.JoinPort(server, port), nil}
}

func isNameless(err error) bool {
	var unknown *net.DNSError
	return errors.As(err, &unknown)
}

// lags says of each version how far it is behind the newest; -1 where that says nothing:
// in a directory each server names itself as the primary, and counts for itself.
func lags(versions []version) []int64 {
	far := make([]int64, len(versions))
	var newest *dns.SOA
	one := true
	for _, v := range versions {
		if v.soa == nil {
			continue
		}
		if newest == nil {
			newest = v.soa
		}
		one = one && strings.EqualFold(newest.Ns, v.soa.Ns)
		if int32(v.soa.Serial-newest.Serial) > 0 { // RFC 1982
			newest = v.soa
		}
	}
	for i, v := range versions {
		far[i] = -1
		if one && v.soa != nil {
			far[i] = int64(newest.Serial - v.soa.Serial)
		}
	}
	return far
}
