package mailtalk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/reach"
)

// Farewell is how long a server may take over taking leave.
const Farewell = time.Second

// Protocol is what IMAP and POP3 do each in its own way. Declined is the answer of a
// server that does not want to, in its own words.
type Protocol struct {
	Name string
	// Greet hears the greeting.
	Greet func(v *Visit) (banner, declined string, err error)
	// Offers asks for the capabilities.
	Offers func(v *Visit) (capabilities []string, declined string, err error)
	// StartTLS asks for TLS where it is offered.
	StartTLS func(v *Visit) (offered bool, declined string, err error)
	// LogIn shows the account, once, and sets After.
	LogIn func(v *Visit, c host.Credential) (host.Shown, error)
	// Leave takes leave where the conversation is still in lines.
	Leave func(v *Visit)
}

// Visit is one visit to a port of a mailbox server, and what was read there.
type Visit struct {
	Record

	Wire     *Wire
	Name     string // that the certificate has to bear
	Implicit []int  // ports at which TLS begins at once
	Login    bool
	After    func() error // what is looked at by who has been let in

	target  probes.Target
	address string
	port    int
	endings []func()
}

// NewVisit goes to a port of the target, or of another address.
func NewVisit(t probes.Target, elsewhere string, port int) *Visit {
	return &Visit{
		target: t, address: reach.JoinPort(reach.Address(t, elsewhere), port), port: port,
		Record: Record{Item: reach.PortItem(elsewhere, port)},
	}
}

// Ending has f called when the visit is over.
func (v *Visit) Ending(f func()) { v.endings = append(v.endings, f) }

// Run looks at everything. What was read stands beside an error, whatever came then.
func (v *Visit) Run(ctx context.Context, p Protocol) ([]fact.Reading, error) {
	start := time.Now()
	wire, err := Dial(ctx, v.target, v.address)
	if err == nil {
		v.Wire = wire
		err = v.talk(ctx, p, start)
		for _, end := range slices.Backward(v.endings) {
			end()
		}
		_ = wire.Close()
	}
	err = reach.Cause(ctx, err)
	if err == nil || v.Has("state") {
		return v.Readings, err
	}
	switch state := reach.State(err); state {
	case reach.Refused, reach.Reset, reach.TLSFailed:
		v.Add("state", fact.Text(state))
		if state == reach.TLSFailed {
			v.Because(err.Error())
		}
		return v.Readings, nil
	}
	return v.Readings, err
}

func (v *Visit) talk(ctx context.Context, p Protocol, start time.Time) error {
	if slices.Contains(v.Implicit, v.port) {
		if err := v.Wire.Secure(ctx, v.Name); err != nil {
			return err
		}
		v.Readings = append(v.Readings, v.Wire.Certificate(v.Item, v.Name, v.target.Roots)...)
	}
	banner, declined, err := p.Greet(v)
	if err != nil {
		return fmt.Errorf("reading the greeting: %w", err)
	}
	v.Add("banner", fact.Text(Words(banner)))
	v.Add("latency", fact.Duration(time.Since(start)))
	var capabilities []string
	if declined == "" {
		capabilities, declined, err = p.Offers(v)
	}
	switch {
	case err != nil:
		return err
	case declined != "":
		v.Add("state", fact.Text(Declines))
		v.Because(declined)
		return nil
	}
	v.Add("state", fact.Text(Ready))
	v.Add("capabilities", fact.SetOf(capabilities...))
	goOn := true
	if v.Wire.TLS() == nil {
		if goOn, err = v.startTLS(ctx, p); err != nil {
			return err
		}
	}
	if v.Login && goOn {
		return v.logIn(ctx, p)
	}
	if goOn {
		p.Leave(v)
	}
	return nil
}

// startTLS starts TLS, which is due at a port where it does not begin at once. It
// says whether the conversation can go on.
func (v *Visit) startTLS(ctx context.Context, p Protocol) (goOn bool, err error) {
	offered, declined, err := p.StartTLS(v)
	switch {
	case err != nil:
		return false, err
	case !offered:
		v.Add("starttls", fact.Text(Absent))
		return true, nil
	case declined != "":
		v.Add("starttls", fact.Text(Failed))
		v.Because(declined)
		return true, nil
	}
	err = v.Wire.Secure(ctx, v.Name)
	switch {
	case errors.Is(err, ErrInjected), err != nil && reach.State(err) == reach.TLSFailed:
		v.Add("starttls", fact.Text(Failed))
		v.Because(err.Error())
		return false, nil
	case err != nil:
		return false, err
	}
	v.Add("starttls", fact.Text(Offered))
	v.Readings = append(v.Readings, v.Wire.Certificate(v.Item, v.Name, v.target.Roots)...)
	capabilities, declined, err := p.Offers(v)
	switch {
	case err != nil:
		return false, fmt.Errorf("within TLS: %w", err)
	case declined != "":
		return false, fmt.Errorf("within TLS the server declines: %s", declined)
	}
	v.Add("tls_capabilities", fact.SetOf(capabilities...))
	return true, nil
}

// logIn shows the operator's account, where the server may see it.
func (v *Visit) logIn(ctx context.Context, p Protocol) error {
	took, err := v.Wire.LogOn(ctx, v.target, p.Name, func(c host.Credential) (host.Shown, error) { return p.LogIn(v, c) })
	in, err := v.LoggedIn(took, err)
	if err != nil || !in {
		return err
	}
	if err := v.After(); err != nil {
		return err
	}
	if len(v.endings) == 0 {
		p.Leave(v)
	}
	return nil
}
