//go:build linux

package fleetbench

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"syscall"
	"time"

	"postpatch/probes"
	"postpatch/probes/lab/swarm"
)

// SwarmOptions are the swarm's own.
type SwarmOptions = swarm.Options

// Lab is a swarm in another process.
type Lab struct {
	Ports   swarm.Ports   `json:"ports"`
	Routes  probes.Routes `json:"routes"`
	Control string        `json:"control"`
	command *exec.Cmd
}

// labStats are what the hosts saw, and what that took.
type labStats struct {
	swarm.Stats
	CPU time.Duration `json:"cpu"`
}

// Serve runs a swarm until ctx ends, and tells where it is on one line. Its control
// server switches states (POST /state/NAME), tells what was counted (GET /stats), and takes
// what the hosts' PowerShell prints (POST /prints).
func Serve(ctx context.Context, o SwarmOptions, out io.Writer) error {
	s, err := swarm.Start(ctx, o)
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	var config net.ListenConfig
	ln, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /state/{name}", func(_ http.ResponseWriter, r *http.Request) { s.Switch(r.PathValue("name")) })
	mux.HandleFunc("POST /prints", func(w http.ResponseWriter, r *http.Request) {
		var scripts map[string]string
		if err := json.NewDecoder(r.Body).Decode(&scripts); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		s.Print(scripts)
	})
	mux.HandleFunc("GET /stats", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(labStats{s.Stats(), cpuTime()}) // who has gone wants none
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	where := Lab{Ports: s.Ports(), Routes: s.Routes(), Control: "http://" + ln.Addr().String()}
	if err := json.NewEncoder(out).Encode(where); err != nil {
		return err
	}
	if err := server.Serve(ln); ctx.Err() == nil {
		return err
	}
	return nil
}

func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// StartLab starts a command that calls Serve.
func StartLab(command *exec.Cmd) (*Lab, error) {
	command.Stderr = os.Stderr
	out, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	l := &Lab{command: command}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, l)
	}
	if err != nil {
		l.Stop()
		return nil, fmt.Errorf("starting the lab: %w", err)
	}
	return l, nil
}

// Stop ends the lab's process.
func (l *Lab) Stop() {
	_ = l.command.Process.Kill()
	_ = l.command.Wait()
}

// control is a client for the lab's control server, which keeps no connection.
func control() *http.Client { return &http.Client{Transport: &http.Transport{DisableKeepAlives: true}} }

func (l *Lab) enter(ctx context.Context, state string) error {
	return l.call(ctx, http.MethodPost, "/state/"+state, nil)
}

func (l *Lab) stats(ctx context.Context) (labStats, error) {
	var s labStats
	return s, l.call(ctx, http.MethodGet, "/stats", &s)
}

func (l *Lab) call(ctx context.Context, method, path string, into any) error {
	request, err := http.NewRequestWithContext(ctx, method, l.Control+path, http.NoBody)
	if err != nil {
		return err
	}
	response, err := control().Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if into == nil || response.StatusCode != http.StatusOK {
		return nil
	}
	return json.NewDecoder(response.Body).Decode(into)
}
