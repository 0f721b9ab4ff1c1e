//go:build linux

package fleetbench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"postpatch/probes/lab/swarm"
)

// Capture and Verify run the program, in that order.
func (f Fleet) Capture(ctx context.Context, l *Lab) (Figures, error) {
	if err := f.write(l); err != nil {
		return Figures{}, err
	}
	if err := l.enter(ctx, swarm.Before); err != nil {
		return Figures{}, err
	}
	return f.measure(ctx, l, run{"capture", swarm.Before, []string{"--name", "capture"}})
}

// Verify compares the fleet, which has been patched, with what Capture stored.
func (f Fleet) Verify(ctx context.Context, l *Lab) (Figures, error) {
	if err := l.enter(ctx, swarm.After); err != nil {
		return Figures{}, err
	}
	return f.measure(ctx, l, run{"verify", swarm.After, []string{"--name", "verify", "--baseline", "capture"}})
}

// command makes the program's command line.
func (f Fleet) command(ctx context.Context, command string, args ...string) *exec.Cmd {
	args = append([]string{
		command, "--plan", planFile, "--credentials", credentialsFile, "--store", storeFolder, "--progress", "never",
		"--connect-to", routesFile,
		"-q", "--concurrency", strconv.Itoa(f.Concurrency),
	}, args...)
	if len(f.Part.Kinds) > 0 {
		args = append(args, "--only", strings.Join(f.Part.Kinds, ","))
	}
	c := exec.CommandContext(ctx, f.Program, args...)
	c.Dir = f.Folder
	return c
}

// run is one command, over hosts in one state.
type run struct {
	command, state string
	args           []string
}

// measure runs the program once and gathers its figures.
func (f Fleet) measure(ctx context.Context, l *Lab, r run) (Figures, error) {
	profiles := filepath.Join(f.Folder, r.command+".profiles")
	if err := os.MkdirAll(profiles, 0o700); err != nil {
		return Figures{}, err
	}
	before, err := l.stats(ctx)
	if err != nil {
		return Figures{}, err
	}
	load := loadAverage()
	stored := size(filepath.Join(f.Folder, storeFolder))
	results := r.command + ".jsonl"
	program := f.command(ctx, r.command, append(r.args, "--json", results)...)
	program.Env = append(os.Environ(), "POSTPATCH_PROFILE="+profiles)
	wall, err := verdict(program)
	if err != nil {
		return Figures{}, err
	}
	after, err := settled(ctx, l)
	if err != nil {
		return Figures{}, err
	}
	cpu := program.ProcessState.UserTime() + program.ProcessState.SystemTime()
	each := func(n float64) float64 { return n / float64(f.Swarm.Hosts) }
	got := Figures{
		Command: r.command, Hosts: f.Swarm.Hosts, Checks: f.checks(), Concurrency: f.Concurrency,
		Exit: program.ProcessState.ExitCode(),
		Wall: wall.Seconds(), Ideal: f.ideal(r.state, cpu+after.CPU-before.CPU),
		HostsPerSec: float64(f.Swarm.Hosts) / wall.Seconds(), CPU: each(cpu.Seconds() * 1000),
		LabCPU: each((after.CPU - before.CPU).Seconds() * 1000), MostSockets: after.MostOpen,
		Messages: each(float64(after.Messages - before.Messages)),
		Received: each(float64(after.Received+after.Sent-before.Received-before.Sent) / 1024),
		Answer:   each(float64(after.Printed-before.Printed) / 1024),
		Stored:   each(float64(size(filepath.Join(f.Folder, storeFolder))-stored) / 1024),
		Shells:   after.Shells - before.Shells, Load: load + " → " + loadAverage(),
	}
	got.Ratio = got.Wall / got.Ideal.Seconds
	if err := got.profiled(profiles); err != nil {
		return Figures{}, err
	}
	return got, got.judged(f, filepath.Join(f.Folder, results), r.state)
}

// verdict runs the program to its end, which has to be one with a verdict.
func verdict(program *exec.Cmd) (wall time.Duration, err error) {
	var said bytes.Buffer
	program.Stdout, program.Stderr = &said, &said
	start := time.Now()
	err = program.Run()
	wall = time.Since(start)
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		return wall, err
	}
	if exit := program.ProcessState.ExitCode(); exit != 0 && exit != 1 && exit != 3 {
		return wall, fmt.Errorf("%q: exit %d: %.4000s", program.Args, exit, &said)
	}
	return wall, nil
}

// settled waits until nobody talks to the hosts any longer.
func settled(ctx context.Context, l *Lab) (labStats, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	var most labStats
	for {
		s, err := l.stats(ctx)
		s.MostOpen = max(most.MostOpen, s.MostOpen)
		if err == nil {
			most = s
		}
		if ctx.Err() != nil {
			return s, fmt.Errorf("after the run the lab's hosts are still talked to: %+v", most)
		}
		if err != nil || s.Living == 0 {
			return s, err
		}
	}
}

// profiled reads what the program left of itself.
func (f *Figures) profiled(folder string) error {
	var used struct {
		Goroutines, Sockets int
		PeakRSS             float64 `json:"peak_rss"`
		Allocated           float64
	}
	content, err := os.ReadFile(filepath.Join(folder, "used.json"))
	if err == nil {
		err = json.Unmarshal(content, &used)
	}
	if err != nil {
		return err
	}
	f.Goroutines, f.Sockets, f.PeakRSS = used.Goroutines, used.Sockets, used.PeakRSS/(1<<20)
	f.Allocated = used.Allocated / 1024 / float64(f.Hosts)
	if f.Costs, err = costs(filepath.Join(folder, "cpu.pprof"), "cpu"); err != nil {
		return err
	}
	f.Allocs, err = costs(filepath.Join(folder, "allocs.pprof"), "alloc_space")
	return err
}

// judged holds the results against the seed.
func (f *Figures) judged(fleet Fleet, results, state string) error {
	t, err := fleet.judge(results, state)
	if err != nil {
		return err
	}
	f.False, f.FirstFalse, f.Dead, f.Latest = t.false, t.first, t.dead, t.latest.Seconds()
	return nil
}

// size is the bytes of all files below a folder.
func size(folder string) int64 {
	var sum int64
	_ = filepath.WalkDir(folder, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return nil //nolint:nilerr // what is not there has no bytes
		}
		if info, err := entry.Info(); err == nil {
			sum += info.Size()
		}
		return nil
	})
	return sum
}

// loadAverage is that of the last minute.
func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "?"
	}
	first, _, _ := strings.Cut(string(text), " ")
	return first
}
