package smb

import (
	"context"
	"errors"
	"slices"
	"time"

	"postpatch/probes"
	"postpatch/probes/fact"
	"postpatch/probes/host"
	"postpatch/probes/internal/reach"
)

// visit is what is asked of one server, and what was read there.
type visit struct {
	probe    probe
	target   probes.Target
	item     string
	address  string
	led      func(host.Credential) bool // the suite alone leads the account to it
	readings []fact.Reading
}

func (v *visit) add(item, name string, value fact.Value) {
	v.readings = append(v.readings, probes.Read(item, name, value))
}

// because gives the reason for what failed of an item; the first counts.
func (v *visit) because(item, words string) {
	has := slices.ContainsFunc(v.readings, func(r fact.Reading) bool {
		return r.Key.Item == item && r.Key.Name == "reason"
	})
	if words != "" && !has {
		v.add(item, "reason", fact.Text(reach.Printable(words, 500)))
	}
}

// run asks what the server speaks, and enters it where there is something to see.
func (v *visit) run(ctx context.Context) error {
	start := time.Now()
	said, err := v.negotiate(ctx)
	if err != nil {
		return v.stopped(err)
	}
	now := time.Now()
	v.add(v.item, "state", fact.Text(ready))
	v.add(v.item, "latency", fact.Duration(now.Sub(start)))
	v.add(v.item, "dialect", fact.Text(said.dialect))
	v.add(v.item, "signing", fact.Text(said.signing))
	v.add(v.item, "encryption", fact.Text(said.cipher))
	v.add(v.item, "dfs", fact.Bool(said.dfs))
	v.add(v.item, "server", fact.Text(said.server.String()))
	if !said.time.IsZero() {
		v.add(v.item, "skew", fact.Duration(said.time.Sub(now).Round(time.Second).Abs()))
	}
	if !v.probe.enters() {
		return nil
	}
	return v.enter(ctx)
}

func (v *visit) negotiate(ctx context.Context) (spoken, error) {
	conn, err := reach.Dial(ctx, v.target, "tcp", v.address)
	if err != nil {
		return spoken{}, err
	}
	defer func() { _ = conn.Close() }()
	said, err := ask(ctx, conn)
	return said, reach.Cause(ctx, err)
}

// stopped makes a reading of what ended a visit before the server was seen to be ready.
func (v *visit) stopped(err error) error {
	if no, is := errors.AsType[*declined](err); is {
		v.add(v.item, "state", fact.Text(no.name()))
		v.because(v.item, no.Error())
		return nil
	}
	switch state := reach.State(err); state {
	case reach.Refused, reach.Reset:
		v.add(v.item, "state", fact.Text(state))
		return nil
	}
	return err
}
