package rpc

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/internal/dcerpc"
	"postpatch/probes/internal/reach"
)

// mostPorts bounds how many ports of one interface are tried.
const mostPorts = 4

// visit is one look at a host.
type visit struct {
	probe

	target probes.Target
	limit  time.Duration // of a connection
}

// placed is where an interface is, or why nobody knows.
type placed struct {
	wanted

	ports []int
	err   error
}

// run asks the mapper for all interfaces, and then looks at their ports.
func (v *visit) run(ctx context.Context) ([]fact.Reading, error) {
	all, latency, err := v.ask(ctx)
	fault, refuses := errors.AsType[*dcerpc.Fault](err)
	state := reach.State(err)
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return nil, reach.Cause(ctx, err)
	case refuses && fault.Status == dcerpc.AccessDenied:
		return mapperSays(answered, ""), errors.New("it answers, and a policy has it tell strangers nothing of interfaces " +
			"(RestrictRemoteClients, or authentication of the endpoint mapper's clients)")
	case refuses, errors.As(err, new(*dcerpc.Rejected)):
		return mapperSays(faulty, err.Error()), nil
	case state != "":
		return mapperSays(state, ""), nil
	default:
		return nil, err
	}
	found := []fact.Reading{
		probes.Read("", "state", fact.Text(answered)), probes.Read("", "latency", fact.Duration(latency)),
	}
	readings, err := reach.Each(all, func(p placed) ([]fact.Reading, error) {
		found, err := v.look(ctx, p)
		if err != nil {
			err = fmt.Errorf("%s: %w", p.item, err)
		}
		return found, err
	})
	return append(found, readings...), err
}

func mapperSays(state, why string) []fact.Reading {
	found := []fact.Reading{probes.Read("", "state", fact.Text(state))}
	if why != "" {
		found = append(found, probes.Read("", "reason", fact.Text(why)))
	}
	return found
}

// talk connects to a port and speaks RPC there.
func (v *visit) talk(ctx context.Context, port int, say func(*dcerpc.Conn) error) error {
	within, cancel := context.WithTimeout(ctx, v.limit)
	defer cancel()
	conn, err := reach.Dial(within, v.target, "tcp", reach.JoinPort(reach.Address(v.target, v.Address), port))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	return reach.Cause(within, reach.Ended(say(dcerpc.NewConn(conn))))
}

// ask asks the mapper where the interfaces are, over one connection.
func (v *visit) ask(ctx context.Context) (all []placed, latency time.Duration, err error) {
	start := time.Now()
	err = v.talk(ctx, v.Port, func(c *dcerpc.Conn) error {
		mapper, err := dcerpc.OpenMapper(c)
		if err != nil {
			return err
		}
		latency = time.Since(start)
		for _, w := range v.wanted {
			p := placed{wanted: w}
			p.ports, p.err = mapper.Ports(w.syntax)
			if p.err != nil && !errors.Is(p.err, dcerpc.ErrNotRegistered) {
				return p.err
			}
			all = append(all, p)
		}
		return nil
	})
	return all, latency, err
}

// look tries the ports of an interface, all of which clients may be led to: what is wrong
// with one of them is told.
func (v *visit) look(ctx context.Context, p placed) ([]fact.Reading, error) {
	if p.err != nil {
		return []fact.Reading{probes.Read(p.item, "interface", fact.Text(unregistered))}, nil
	}
	var ports []string
	for _, port := range p.ports {
		ports = append(ports, strconv.Itoa(port))
	}
	found := []fact.Reading{probes.Read(p.item, "ports", fact.SetOf(ports...))}
	for _, port := range p.ports[:min(len(p.ports), mostPorts)] {
		state, why, err := v.at(ctx, port, p.syntax)
		if err != nil {
			return nil, fmt.Errorf("at port %d: %w", port, err)
		}
		if state == answers {
			continue
		}
		found = append(found, probes.Read(p.item, "interface", fact.Text(state)))
		why = strings.TrimSuffix(fmt.Sprintf("at port %d: %s", port, why), ": ")
		return append(found, probes.Read(p.item, "reason", fact.Text(why))), nil
	}
	return append(found, probes.Read(p.item, "interface", fact.Text(answers))), nil
}

// at says what an interface does at a port.
func (v *visit) at(ctx context.Context, port int, s dcerpc.Syntax) (state, why string, err error) {
	err = v.talk(ctx, port, func(c *dcerpc.Conn) error { return c.Bind(s) })
	state = reach.State(err)
	switch {
	case err == nil:
		return answers, "", nil
	case ctx.Err() != nil:
		return "", "", reach.Cause(ctx, err)
	case errors.As(err, new(*dcerpc.Rejected)), errors.As(err, new(*dcerpc.Fault)), errors.Is(err, dcerpc.ErrStrange):
		return rejected, err.Error(), nil
	case state == reach.NoAnswer:
		return state, "nothing came back: a firewall drops what goes there, or the service hangs", nil
	case state == reach.Refused:
		return state, "nothing listens there any more", nil
	case state != "":
		return state, "", nil
	default:
		return "", "", err
	}
}
