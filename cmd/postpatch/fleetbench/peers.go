//go:build linux

package fleetbench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"syscall"
	"time"
)

// Client is a program that puts questions to the hosts.
type Client struct {
	Name, Way string
	Hosts     int // the first ones of the fleet
	Commands  int // that each of them runs
	AtOnce    int
	Command   *exec.Cmd
	// Check says what is missing in what the program printed: one that leaves a host out
	// is not the cheaper for it. Nil trusts the program's exit code.
	Check func(out []byte) error
}

// Peer is what a client took.
type Peer struct {
	Client   string  `json:"client"`
	Way      string  `json:"way"`
	Hosts    int     `json:"hosts"`
	Commands int     `json:"commands"` // that a host runs
	AtOnce   int     `json:"at_once"`
	CPU      float64 `json:"cpu_ms_per_host"` // user and system, with the program's children
	// Ratio is CPU beside that of postpatch with the same questions.
	Ratio    float64 `json:"cpu_to_postpatch"`
	Wall     float64 `json:"wall_s"`
	PeakRSS  float64 `json:"peak_rss_mb"` // of the largest one of its processes
	Messages float64 `json:"messages_per_host"`
	Answer   float64 `json:"answer_kb_per_host"` // what the commands printed
	LabCPU   float64 `json:"lab_cpu_ms_per_host"`
	Load     string  `json:"load"` // of the machine, before and after
}

// AsPeer is what a run of postpatch took, beside its peers.
func (f Figures) AsPeer(way string) Peer {
	return Peer{
		Client: "postpatch " + f.Command, Way: way, Hosts: f.Hosts, Commands: 1, AtOnce: f.Concurrency, CPU: f.CPU,
		Wall: f.Wall, PeakRSS: f.PeakRSS, Messages: f.Messages, Answer: f.Answer, LabCPU: f.LabCPU, Load: f.Load,
	}
}

// Measure runs a client to its end.
func (c Client) Measure(ctx context.Context, l *Lab) (Peer, error) {
	before, err := l.stats(ctx)
	if err != nil {
		return Peer{}, err
	}
	load := loadAverage()
	var out, said bytes.Buffer
	c.Command.Stdout, c.Command.Stderr = &out, &said
	c.Command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // so that its workers end with it
	c.Command.Cancel = func() error { return syscall.Kill(-c.Command.Process.Pid, syscall.SIGKILL) }
	start := time.Now()
	err = c.Command.Run()
	wall := time.Since(start)
	if err == nil && c.Check != nil {
		err = c.Check(out.Bytes())
	}
	if err != nil {
		return Peer{}, fmt.Errorf("%s, %s: %w\n%.2000s\n%.2000s", c.Name, c.Way, err, &said, &out)
	}
	after, err := settled(ctx, l)
	if err != nil {
		return Peer{}, err
	}
	used, isUsage := c.Command.ProcessState.SysUsage().(*syscall.Rusage)
	if !isUsage {
		return Peer{}, fmt.Errorf("%s: nobody knows what it used", c.Name)
	}
	each := func(n float64) float64 { return n / float64(c.Hosts) }
	return Peer{
		Client: c.Name, Way: c.Way, Hosts: c.Hosts, Commands: c.Commands, AtOnce: c.AtOnce,
		CPU:  each(time.Duration(used.Utime.Nano()+used.Stime.Nano()).Seconds() * 1000),
		Wall: wall.Seconds(), PeakRSS: float64(used.Maxrss) / 1024,
		Messages: each(float64(after.Messages - before.Messages)),
		Answer:   each(float64(after.Printed-before.Printed) / 1024),
		LabCPU:   each((after.CPU - before.CPU).Seconds() * 1000), Load: load + " → " + loadAverage(),
	}, nil
}

// Print says what the PowerShell of all hosts prints for scripts, see
// estate.Host.Prints.
func (l *Lab) Print(ctx context.Context, scripts map[string]string) error {
	body, err := json.Marshal(scripts)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, l.Control+"/prints", bytes.NewReader(body))
	if err != nil {
		return err
	}
	response, err := control().Do(request)
	if err != nil {
		return err
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("telling the lab what to print: %s", response.Status)
	}
	return nil
}
