package winrm

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// lookUp is the step "name".
func (x *examiner) lookUp(ctx context.Context) Step {
	if addr, err := netip.ParseAddr(x.Address); err == nil {
		x.address = addr
		return Step{Saw: x.Address + " needs no name"}
	}
	addr, err := x.resolve(ctx, x.Address)
	if err == nil {
		x.address = addr
		return Step{Saw: x.Address + " is " + addr.String()}
	}
	step := Step{State: Failed}
	dns, _ := errors.AsType[*net.DNSError](err)
	switch {
	case dns != nil && dns.IsNotFound:
		step.Saw = x.Address + " has no address"
		step.Cause = "the DNS knows no such name, or the name has no address"
		step.Cure = "check the spelling"
		if !strings.Contains(x.Address, ".") {
			step.Cure += ", and write the name with its domain"
		}
		step.Cure += "; ipconfig /registerdns on the host registers it anew; --address goes there without the DNS"
	case errors.Is(err, context.DeadlineExceeded), dns != nil && dns.IsTimeout:
		step.Saw = "no answer from the DNS in time"
		step.Cause = "no DNS server that this machine asks can be reached; one of them may be the host that was patched"
		step.Cure = "check this machine's DNS servers; --address goes there without the DNS"
	case dns != nil:
		step.Saw = "the DNS server fails: " + clean(dns.Err)
		step.Cause = "the DNS server answers with an error (SERVFAIL, REFUSED), which says nothing about the name"
		step.Cure = "check the DNS server and its forwarders; --address goes there without the DNS"
	default:
		step.Saw = clean(err.Error())
		step.Cause, step.Cure = "the name could not be looked up", "--address goes there without the DNS"
	}
	return step
}

// door is what a port was found to be.
type door struct {
	state  doorState
	err    error // of a port that is neither open nor refused
	others []int // other ports at which the address answers
	open   []int // those of them that are open
}

type doorState int

const (
	doorOpen doorState = iota
	doorRefused
	doorDropped // nothing came back
	doorNoWay   // the network says that nothing can be reached
)

// knock is the step "address". Also a refusal proves that somebody is there.
func (x *examiner) knock(ctx context.Context) Step {
	patience := 5 * time.Second
	if until, limited := ctx.Deadline(); limited { // the other ports need time too
		patience = min(patience, time.Until(until)/2)
	}
	state, err := x.try(ctx, x.Port, patience)
	x.door = door{state: state, err: err}
	where := x.Address
	if x.address.IsValid() && x.Address != x.address.String() {
		where = x.address.String()
	}
	switch state {
	case doorOpen:
		return Step{Saw: where + " answers"}
	case doorRefused:
		// The listener may be on the other port.
		x.door.others, x.door.open = x.tryOthers(ctx, []int{5985, 5986})
		return Step{Saw: where + " answers"}
	case doorNoWay:
		return Step{
			State: Failed, Saw: where + ": " + clean(deepest(err).Error()),
			Cause: "no way leads from here to the address, or nobody has it: the host is off, or a router or VPN is down",
			Cure:  "look at the host's console and at the route from here",
		}
	case doorDropped: // is anybody there?
	}
	ports := []int{5985, 5986, 445, 135, 3389}
	x.door.others, x.door.open = x.tryOthers(ctx, ports)
	if len(x.door.others) == 0 {
		return Step{
			State: Failed, Saw: fmt.Sprintf("%s does not answer, on %d or on %s", where, x.Port, list(without(ports, x.Port))),
			Cause: "the host is off, still booting or installing, or a firewall drops everything",
			Cure:  "look at its console; if it is up, at the firewalls between here and there",
		}
	}
	return Step{Saw: fmt.Sprintf("%s answers on %s", where, list(x.door.others))}
}

// port is the step "port".
func (x *examiner) port(context.Context) Step {
	scheme := map[bool]string{true: "https", false: "http"}[x.TLS]
	other := map[bool]int{true: 5985, false: 5986}[x.TLS]
	hint := ""
	if slices.Contains(x.door.open, other) {
		hint = fmt.Sprintf("%d is open: write winrm: {tls: %t} in the credentials file, or ", other, !x.TLS)
	}
	quick := "winrm quickconfig"
	if x.TLS {
		quick += " -transport:https"
	}
	switch x.door.state {
	case doorOpen:
		return Step{Saw: fmt.Sprintf("%d is open", x.Port)}
	case doorRefused:
		return Step{
			State: Failed, Saw: fmt.Sprintf("%d refuses connections", x.Port),
			Cause: "the service WinRM does not run there, or has no " + scheme + " listener on this port",
			Cure:  hint + "run on the host: Get-Service WinRM, then " + quick,
		}
	default:
		return Step{
			State: Failed, Saw: fmt.Sprintf("%d does not answer", x.Port),
			Cause: fmt.Sprintf("a firewall drops %d: the address answers on %s", x.Port, list(x.door.others)),
			Cure: hint + fmt.Sprintf("allow TCP %d from this machine; on the host look at Get-NetConnectionProfile: "+
				"a network that became Public at the reboot closes WinRM", x.Port),
		}
	}
}

// try connects to a port of the host and hangs up.
func (x *examiner) try(ctx context.Context, port int, patience time.Duration) (doorState, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	conn, err := x.Dial(ctx, "tcp", net.JoinHostPort(x.Address, strconv.Itoa(port)))
	switch {
	case err == nil:
		_ = conn.Close()
		return doorOpen, nil
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.Errno(10061)): // the latter is Windows'
		return doorRefused, err
	case errors.Is(err, context.DeadlineExceeded), isTimeout(err):
		return doorDropped, err
	default:
		return doorNoWay, err
	}
}

// tryOthers returns at which other ports the address answers, and which of them
// are open.
func (x *examiner) tryOthers(ctx context.Context, ports []int) (answering, open []int) {
	const patience = 2 * time.Second
	ports = without(ports, x.Port)
	found, damage := make([]doorState, len(ports)), make([]any, len(ports))
	var all sync.WaitGroup
	for i, port := range ports {
		all.Go(func() {
			defer func() { damage[i] = recover() }()
			found[i], _ = x.try(ctx, port, patience)
		})
	}
	all.Wait()
	for _, d := range damage {
		if d != nil {
			panic(d) // where the step catches it
		}
	}
	for i, port := range ports {
		if found[i] == doorOpen {
			open = append(open, port)
		}
		if found[i] == doorOpen || found[i] == doorRefused {
			answering = append(answering, port)
		}
	}
	return answering, open
}

func without(ports []int, port int) []int {
	return slices.DeleteFunc(slices.Clone(ports), func(p int) bool { return p == port })
}

func list(ports []int) string {
	texts := make([]string, len(ports))
	for i, port := range ports {
		texts[i] = strconv.Itoa(port)
	}
	return strings.Join(texts, ", ")
}

// deepest is the error at the end of a chain: what the system said.
func deepest(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}
