//go:build linux

package fleetbench_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"postpatch/cmd/postpatch/fleetbench"
	"postpatch/probes/lab/swarm"
)

// The variables that make this test the lab, and the bare client.
const (
	labVariable  = "FLEETBENCH_LAB"
	bareVariable = "FLEETBENCH_BARE"
)

var (
	hosts   = flag.Int("hosts", 100, "how many hosts")
	atOnce  = flag.Int("at-once", 50, "how many at the same time")
	think   = flag.Duration("think", 20*time.Millisecond, "of a host over each message")
	jitter  = flag.Float64("jitter", 0.25, "by which part of it that may be more or less")
	budget  = flag.Duration("budget", 20*time.Second, "of a check; a busy machine needs more")
	dead    = flag.Float64("dead", 0.02, "share of hosts")
	slow    = flag.Float64("slow", 0.02, "share of hosts")
	lossy   = flag.Float64("lossy", 0.01, "share of hosts")
	faulty  = flag.Float64("faulty", 0.02, "share of hosts")
	number  = flag.Uint64("seed", 11, "of the hosts")
	program = flag.String("program", "", "the postpatch to measure (default: the one of this tree)")
	out     = flag.String("out", "", "folder that keeps the files and profiles of the run")
)

func TestMain(m *testing.M) {
	flag.Parse()
	if text := os.Getenv(labVariable); text != "" {
		var o fleetbench.SwarmOptions
		err := json.Unmarshal([]byte(text), &o)
		if err == nil {
			err = fleetbench.Serve(context.Background(), o, os.Stdout)
		}
		_, _ = fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if text := os.Getenv(bareVariable); text != "" {
		var b fleetbench.Bare
		err := json.Unmarshal([]byte(text), &b)
		if err == nil {
			err = b.Run(context.Background())
		}
		if err != nil {
			_, _ = fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// fleet is what the flags say.
func fleet(t *testing.T) fleetbench.Fleet {
	t.Helper()
	f := fleetbench.Fleet{
		Swarm: fleetbench.SwarmOptions{
			Seed: swarm.Seed{
				Hosts: *hosts, Number: *number, Think: *think, Jitter: *jitter, Dead: *dead, Slow: *slow, Lossy: *lossy,
				Faulty: *faulty,
			},
			Services: 250, Updates: 60,
		},
		Concurrency: *atOnce, Budget: *budget, Program: *program, Folder: *out,
	}
	if f.Folder == "" {
		f.Folder = t.TempDir()
	} else if err := os.MkdirAll(f.Folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if f.Program == "" {
		f.Program = filepath.Join(t.TempDir(), "postpatch")
		build := exec.CommandContext(t.Context(), "go", "build", "-o", f.Program, "postpatch/cmd/postpatch")
		if told, err := build.CombinedOutput(); err != nil {
			t.Fatalf("building: %v\n%s", err, told)
		}
	}
	return f
}

// lab starts the swarm as a process of its own.
func lab(t *testing.T, f fleetbench.Fleet) *fleetbench.Lab {
	t.Helper()
	options, err := json.Marshal(f.Swarm)
	if err != nil {
		t.Fatal(err)
	}
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(context.WithoutCancel(t.Context()), own)
	command.Env = append(os.Environ(), labVariable+"="+string(options))
	l, err := fleetbench.StartLab(command)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Stop)
	return l
}

// bare runs the bare client as a process of its own, over a thousand hosts at most, and
// returns its processor time for each in milliseconds.
func bare(t *testing.T, f fleetbench.Fleet, l *fleetbench.Lab) float64 {
	t.Helper()
	f.Swarm.Hosts = min(f.Swarm.Hosts, 1000)
	command := bareCommand(t, f, l)
	if told, err := command.CombinedOutput(); err != nil {
		t.Fatalf("the bare client: %v\n%s", err, told)
	}
	took := command.ProcessState.UserTime() + command.ProcessState.SystemTime()
	return took.Seconds() * 1000 / float64(f.Swarm.Hosts)
}

func bareCommand(t *testing.T, f fleetbench.Fleet, l *fleetbench.Lab) *exec.Cmd {
	t.Helper()
	options, err := json.Marshal(fleetbench.Bare{Swarm: f.Swarm, Concurrency: f.Concurrency, Port: l.Ports.WinRM})
	if err != nil {
		t.Fatal(err)
	}
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), own)
	command.Env = append(os.Environ(), bareVariable+"="+string(options))
	return command
}

// TestFleet runs capture and verify over the fleet and prints the figures. What it
// holds them to is true of any machine: no false verdict, and nothing left.
func TestFleet(t *testing.T) {
	f := fleet(t)
	l := lab(t, f)
	first := bare(t, f, l)
	captured, err := f.Capture(t.Context(), l)
	if err != nil {
		t.Fatal(err)
	}
	second := bare(t, f, l)
	verified, err := f.Verify(t.Context(), l)
	if err != nil {
		t.Fatal(err)
	}
	third := bare(t, f, l)
	captured.Bare, verified.Bare = (first+second)/2, (second+third)/2
	runs := []fleetbench.Figures{captured, verified}
	t.Logf("\n%s", fleetbench.Table(runs))
	content, err := json.MarshalIndent(runs, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(f.Folder, "figures.json"), content, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, got := range runs {
		if got.False > 0 {
			t.Errorf("%s: %d false verdicts", got.Command, got.False)
		}
		if got.Sockets > 0 || got.Shells > 0 || got.Goroutines > 10 {
			t.Errorf("%s: left are %d sockets, %d goroutines, %d shells", got.Command, got.Sockets, got.Goroutines, got.Shells)
		}
	}
}

// TestKilled kills a capture half-way and takes it up: no host is asked twice but those
// that were being asked.
func TestKilled(t *testing.T) {
	f := fleet(t)
	f.Swarm.Dead, f.Swarm.Faulty = 0, 0 // which cost time, and are the other test's
	got, err := f.Kill(t.Context(), lab(t, f))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("killed after %d of %d hosts and taken up: %.3f x the messages to the hosts, %.2f x the processor time, "+
		"%d false verdicts", got.Before, got.Hosts, got.Messages, got.CPU, got.False)
	most := 1 + float64(*atOnce)/float64(*hosts)
	if got.False > 0 || got.Messages > most {
		t.Errorf("%+v: want no false verdict, and at most %.2f x the messages", got, most)
	}
}
