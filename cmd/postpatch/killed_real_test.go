//go:build real && unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postpatch/probes/fact"
	"postpatch/runner/report"
)

// kills is how many runs of capture and of verify there are; but for a twentieth, each is to be
// killed, at its own moment.
const kills = 200

const killedEstate = `estate: fleet
hosts:
  srv[01-08]:
    winrm: {http: true, user: 'FLEET\probe', password: lab}
    os: {boot: 2026-10-14T02:31:00Z}
    services:
      W3SVC: {state: Running, mode: Auto, account: LocalSystem}
      Spooler: {state: Running, mode: Auto, account: LocalSystem}
states:
  before-0: {}
  before-1:
    srv[01-08]: {os: {boot: 2026-10-14T02:32:00Z}}
  after-0:
    srv02: {services: {W3SVC: {state: Stopped}}}
    srv05: {services: {Spooler: {account: 'FLEET\other'}}}
    srv07: {winrm: {fault: drop}}
  after-1:
    srv01: {os: {boot: 2026-10-14T02:32:00Z}}
    srv02: {os: {boot: 2026-10-14T02:32:00Z}, services: {W3SVC: {state: Stopped}}}
    srv[03-04]: {os: {boot: 2026-10-14T02:32:00Z}}
    srv05: {os: {boot: 2026-10-14T02:32:00Z}, services: {Spooler: {account: 'FLEET\other'}}}
    srv06: {os: {boot: 2026-10-14T02:32:00Z}}
    srv07: {winrm: {fault: drop}}
    srv08: {os: {boot: 2026-10-14T02:32:00Z}}
`

const killedSuite = `suite: fleet
hosts: [srv01, srv02, srv03, srv04, srv05, srv06, srv07, srv08]
timeout: 30s
checks:
  - services: {}
  - service: W3SVC
    expect: {state: running}
  - os: {}
`

// TestKilledAnywhere kills capture and verify with signal 9 at random moments, and
// takes them up, sometimes killing that too. What is stored and what it comes to is
// in the end as if nothing had happened.
func TestKilledAnywhere(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "fleet.estate.yaml", killedEstate)
	write(t, "fleet.suite.yaml", killedSuite)
	t.Setenv("LAB_PASSWORD", "lab")
	write(t, "keys.yaml", thousandCredentials(`FLEET\probe`, "auth: ntlm"))
	control := startLabProcess(t, "postpatch")
	var undisturbed [2]string
	for i, command := range []string{"capture", "verify"} {
		post(t, control+"/state/"+[]string{"before-0", "after-0"}[i])
		k := killed{command: command, name: "whole-" + command}
		if code := k.run(t, 0); code != []int{0, 1}[i] {
			t.Fatalf("%s exits %d", command, code)
		}
		undisturbed[i] = k.result(t)
	}
	r := rand.New(rand.NewPCG(5, 9))
	for i, command := range []string{"capture", "verify"} {
		cut, left, took := 0, map[int]int{}, time.Duration(0)
		for n := range kills {
			// What was killed closes no shell, and an account has thirty: a reboot of the
			// lab's hosts lets them go.
			post(t, fmt.Sprintf("%s/state/%s-%d", control, []string{"before", "after"}[i], n%2))
			k := killed{command: command, name: fmt.Sprintf("%s-%03d", command, n)}
			moment := func() time.Duration { return 1 + time.Duration(r.Int64N(int64(took)*11/10)) }
			wait, begun := time.Duration(0), time.Now()
			if n%20 > 0 {
				wait = moment()
			}
			code := k.run(t, wait)
			if wait == 0 { // each twentieth is whole: how long a run takes is the machine's, and changes
				took = time.Since(begun)
			}
			for code == -1 {
				cut++
				left[k.stored()]++
				k.resume = true
				wait = 0
				if r.IntN(4) == 0 {
					wait = moment()
				}
				code = k.run(t, wait)
			}
			if want := []int{0, 1}[i]; code != want {
				t.Fatalf("%s %d: exits %d, want %d", command, n, code, want)
			}
			if diff := cmp.Diff(undisturbed[i], k.result(t)); diff != "" {
				t.Fatalf("%s %d: %s", command, n, diff)
			}
		}
		t.Logf("%s: %d kills, at which so many hosts were stored: %v", command, cut, left)
		if cut < kills/2 || len(left) < 5 {
			t.Errorf("%s: %d kills at %v hosts hardly try anything", command, cut, left)
		}
	}
}

type killed struct {
	command, name string
	resume        bool
}

// run carries the command out and kills it after a while, unless that is 0. It
// returns the exit code, -1 when it was killed.
func (k killed) run(t *testing.T, after time.Duration) int {
	t.Helper()
	args := []string{
		k.command, "fleet.suite.yaml", "--name", k.name, "--credentials", "keys.yaml", "--connect-to", "lab.json",
		"--concurrency", "2", "--json", k.name + ".jsonl", "--progress", "never",
	}
	if k.command == "verify" {
		args = append(args, "--baseline", "whole-capture")
	}
	if k.resume {
		args = append(args, "--resume")
	}
	ctx := t.Context()
	if after > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, after) // then it is killed
		defer cancel()
	}
	var output bytes.Buffer
	process := exec.CommandContext(ctx, "postpatch", args...)
	process.Stdout, process.Stderr = &output, &output
	err := process.Run()
	exit := (*exec.ExitError)(nil)
	switch {
	case ctx.Err() != nil && errors.As(err, &exit) && !exit.Exited(), errors.Is(err, context.DeadlineExceeded):
		return -1
	case errors.As(err, &exit):
		if exit.ExitCode() == 2 {
			t.Fatalf("%s: %s", args, &output)
		}
		return exit.ExitCode()
	case err != nil:
		t.Fatal(err)
	}
	return 0
}

// stored counts the hosts that a run which was killed has.
func (k killed) stored() int {
	files, err := os.ReadDir("evidence/" + k.name + "/hosts")
	if err != nil {
		return 0
	}
	return len(slices.DeleteFunc(files, func(f os.DirEntry) bool { return strings.HasSuffix(f.Name(), ".tmp") }))
}

// result is what a run stored and what it came to, without what differs from run to
// run: how long things took, and clocks.
func (k killed) result(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	store, err := openStore("evidence", "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	snapshot, err := store.Read(t.Context(), k.name)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range snapshot.Manifest().Hosts {
		h, _, err := snapshot.Host(t.Context(), entry.Host)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s %q %q\n", h.Host, h.Identity, h.Unreachable)
		for _, c := range h.Checks {
			fmt.Fprintf(&b, "  %s %s %q %q\n", c.Check, c.Kind, c.Asked, c.Error)
		}
		for _, reading := range h.Readings {
			value := reading.Value.String()
			rebooted := reading.Key.Name == "boots" // the lab's hosts are, to be rid of shells
			switch reading.Value.Type() {
			case fact.TypeDuration, fact.TypeTime:
				value = "…"
			case fact.TypeSet:
				if rebooted {
					value = "…"
				}
			}
			fmt.Fprintf(&b, "  %s %s %s = %s\n", reading.Key.Check, reading.Key.Item, reading.Key.Name, value)
		}
	}
	for _, line := range k.judged(t) {
		fmt.Fprintln(&b, line)
	}
	// Of a connection that was dropped, and of a reboot of the lab's.
	chance := regexp.MustCompile(`127\.0\.0\.1:\d+|02:3\d:00Z`)
	return chance.ReplaceAllString(b.String(), "…")
}

// judged reads the outcomes from the run's JSON lines.
func (k killed) judged(t *testing.T) []string {
	t.Helper()
	f, err := os.Open(k.name + ".jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	var all []string
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var line struct {
			Host report.Host `json:"host"`
		}
		if json.Unmarshal(lines.Bytes(), &line) != nil || line.Host.Host == "" {
			continue
		}
		for _, c := range line.Host.Checks {
			text := fmt.Sprintf("%s %s %s %s", line.Host.Host, c.ID, c.Outcome, c.Error)
			for _, f := range c.Findings {
				text += fmt.Sprintf(" [%s %s %s]", f.Item, f.Reading, f.Outcome)
			}
			all = append(all, text)
		}
	}
	slices.Sort(all)
	return all
}
