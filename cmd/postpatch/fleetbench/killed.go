//go:build linux

package fleetbench

import (
	"context"
	"fmt"
	"time"

	"postpatch/probes/lab/swarm"
)

// Killed is what a capture cost that was killed and taken up, beside one that was
// left alone.
type Killed struct {
	Hosts    int     `json:"hosts"`
	Before   int     `json:"hosts_before_the_kill"`
	Messages float64 `json:"messages_ratio"` // to the hosts, over both goes
	CPU      float64 `json:"cpu_ratio"`
	False    int     `json:"false_verdicts"` // of the run that was taken up
}

// Kill captures the fleet, then once more until half of the hosts were visited, when
// the program is killed without a chance to tidy up, and takes that run up. Work is
// counted where it is done: on the hosts.
func (f Fleet) Kill(ctx context.Context, l *Lab) (Killed, error) {
	whole, err := f.Capture(ctx, l)
	if err != nil {
		return Killed{}, err
	}
	before, err := l.stats(ctx)
	if err != nil {
		return Killed{}, err
	}
	program := f.command(ctx, "capture", "--name", "killed")
	if err := program.Start(); err != nil {
		return Killed{}, err
	}
	half, err := f.half(ctx, l, before)
	_ = program.Process.Kill()
	_ = program.Wait() // which tells that it was killed
	if err != nil {
		return Killed{}, err
	}
	if _, err := settled(ctx, l); err != nil {
		return Killed{}, err
	}
	first := program.ProcessState.UserTime() + program.ProcessState.SystemTime()
	rest, err := f.measure(ctx, l, run{"capture", swarm.Before, []string{"--name", "killed", "--resume"}})
	if err != nil {
		return Killed{}, err
	}
	after, err := l.stats(ctx)
	if err != nil {
		return Killed{}, err
	}
	hosts := float64(f.Swarm.Hosts)
	return Killed{
		Hosts: f.Swarm.Hosts, Before: half, False: rest.False,
		Messages: float64(after.Messages-before.Messages) / (whole.Messages * hosts),
		CPU:      (first.Seconds()*1000/hosts + rest.CPU) / whole.CPU,
	}, nil
}

// half waits until half of the hosts have been talked to and left.
func (f Fleet) half(ctx context.Context, l *Lab, before labStats) (hosts int, err error) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	each := float64(4) // messages of a visit, at least
	for range tick.C {
		now, err := l.stats(ctx)
		if err != nil {
			return 0, fmt.Errorf("waiting for half of the run: %w", err)
		}
		if hosts = int(float64(now.Messages-before.Messages) / each); hosts >= f.Swarm.Hosts/2 {
			return hosts, nil
		}
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
	}
	return 0, ctx.Err()
}
